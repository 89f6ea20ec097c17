"""The methods that all objects of the registry share: `x:<Object>/get`, `/query` and `/set`.

What is particular to domains, accounts, roles and credentials is in the `Kind` of each.
"""

from collections.abc import Callable, Sequence

from postroom.sandbox.stalwart import ids
from postroom.sandbox.stalwart.changes import Changes
from postroom.sandbox.stalwart.errors import MethodError, invalid_reference
from postroom.sandbox.stalwart.json_value import JSON
from postroom.sandbox.stalwart.kind import Call, Condition, Created, Kind
from postroom.sandbox.stalwart.store import Store

_MAX_OBJECTS = 500
_MAX_IN_QUERY = 5000


class Registry:
    """Answers method calls in terms of kinds."""

    def __init__(self, store: Store, kinds: Sequence[Kind]) -> None:
        self._store = store
        self._kinds = {kind.name: kind for kind in kinds}
        self._verbs: dict[str, Callable[[Kind, Call, JSON, Created], JSON]] = {
            "get": self._get,
            "query": self._query,
            "set": self._set,
        }

    def knows(self, method: str) -> bool:
        name, _, verb = method.removeprefix("x:").partition("/")
        return method.startswith("x:") and name in self._kinds and verb in self._verbs

    def call(self, method: str, call: Call, arguments: JSON, created: Created) -> JSON:
        """Raises MethodError."""
        name, _, verb = method.removeprefix("x:").partition("/")
        answer = self._verbs[verb](self._kinds[name], call, arguments, created)
        return {"accountId": ids.encode(call.account)} | answer

    def _get(self, kind: Kind, call: Call, arguments: JSON, created: Created) -> JSON:
        _require(call, kind, "Get")
        wanted: list[str] | None = arguments.get("ids")
        if wanted is None:
            wanted = self._select(kind, call, [], "ORDER BY id LIMIT ?", _MAX_OBJECTS)
        _check_number(len(wanted))
        properties: list[str] | None = arguments.get("properties")
        answer: JSON = {"list": [], "notFound": []}
        for text in [_known(text, created) for text in wanted]:
            number = ids.decode(text)
            shown = None if number is None else kind.shown(call, number)
            if shown is None:
                answer["notFound"].append(text)
            else:
                chosen = shown if properties is None else {n: v for n, v in shown.items() if n in properties}
                answer["list"].append(chosen | {"id": text})
        return answer

    def _query(self, kind: Kind, call: Call, arguments: JSON, created: Created) -> JSON:
        """Two ways, as in the server, which differ in more than speed."""
        _require(call, kind, "Query")
        conditions = _conditions(kind, arguments.get("filter") or {})
        column, direction = _order(arguments.get("sort") or [])
        answer: JSON = {"queryState": "n", "canCalculateChanges": True}  # although there is no /queryChanges
        position: int = arguments.get("position") or 0
        whole = arguments.get("calculateTotal") or arguments.get("anchorOffset") or position < 0
        if whole or column != "id":
            return answer | self._sorted(kind, call, conditions, f"{column} {direction}", arguments)
        # The fast way cuts the page out of the ascending ids and only then turns it round, never says where
        # the page begins, and takes an anchor as exclusive, whether or not there is still such an object.
        after = ("id > ?", (ids.decode(arguments.get("anchor")) or 0,))
        limit = _MAX_IN_QUERY if arguments.get("limit") is None else max(arguments["limit"], 1)
        tail = "ORDER BY id LIMIT ? OFFSET ?"
        page = self._select(kind, call, [*conditions, after], tail, min(limit, _MAX_IN_QUERY), position)
        return answer | {"position": 0, "ids": page if direction == "ASC" else page[::-1]}

    def _sorted(self, kind: Kind, call: Call, conditions: list[Condition], order: str, arguments: JSON) -> JSON:
        """The whole result in order, and a page of it as RFC 8620 §5.5 has it."""
        found = self._select(kind, call, conditions, f"ORDER BY {order}, id")
        position: int = arguments.get("position") or 0
        if anchor := arguments.get("anchor"):
            if anchor not in found:
                raise MethodError("anchorNotFound", "An anchor argument was supplied, but it cannot be found.")
            position = max(found.index(anchor) + (arguments.get("anchorOffset") or 0), 0)
        elif position < 0:
            position = max(position + len(found), 0)
        limit = min(arguments.get("limit") or _MAX_IN_QUERY, _MAX_IN_QUERY)
        answer: JSON = {"ids": found[position : position + limit]}
        answer["position"] = position if position < len(found) else 0
        if arguments.get("calculateTotal"):
            answer["total"] = len(found)
        return answer | ({"limit": limit} if len(found) > limit else {})

    def _select(self, kind: Kind, call: Call, conditions: list[Condition], tail: str, *more: int) -> list[str]:
        where, parameters = _where(kind, call, conditions)
        sql = f"SELECT id FROM {kind.table} WHERE {where} {tail}"  # noqa: S608 - constants of the source, as in kind.py
        return [ids.encode(number) for (number,) in self._store.rows(sql, *parameters, *more)]

    def _set(self, kind: Kind, call: Call, arguments: JSON, created: Created) -> JSON:
        creates: JSON = arguments.get("create") or {}
        updates: JSON = arguments.get("update") or {}
        destroys: list[str] = arguments.get("destroy") or []
        _check_number(len(creates) + len(updates) + len(destroys))
        return Changes(kind, call, created).make(creates, updates, destroys)


def _known(text: str, created: Created) -> str:
    """The id itself, or the one that the creation id `#c` got: without it the whole call is in vain."""
    if not text.startswith("#"):
        return text
    if text[1:] not in created:
        raise invalid_reference(f'Id reference "{text[1:]}" does not exist or is invalid.')
    return created[text[1:]]


def _check_number(number: int) -> None:
    if number > _MAX_OBJECTS:
        description = (
            "The number of ids requested by the client exceeds the maximum number"
            " the server is willing to process in a single method call."
        )
        raise MethodError("requestTooLarge", description)


def _require(call: Call, kind: Kind, verb: str) -> None:
    if not call.access.may(f"sys{kind.name}{verb}"):
        raise MethodError("forbidden", "You are not authorized to perform this action")


def _conditions(kind: Kind, wanted: JSON) -> list[Condition]:
    """All of them must hold. Raises MethodError."""
    if "operator" in wanted:
        inner: list[JSON] = wanted.get("conditions") or []
        if wanted["operator"] != "AND":
            raise MethodError("unsupportedFilter", "Only AND is supported in filters")
        return [condition for part in inner for condition in _conditions(kind, part)]
    conditions: list[Condition] = []
    for name, value in wanted.items():
        condition = kind.condition(name, value) if isinstance(value, str) else None
        if condition is None:
            raise MethodError("unsupportedFilter", f"Filter on property {name} is not supported or invalid")
        conditions.append(condition)
    return conditions


def _where(kind: Kind, call: Call, conditions: list[Condition]) -> tuple[str, list[object]]:
    parts = [kind.scope(call), *conditions]
    return " AND ".join(f"({sql})" for sql, _ in parts), [value for _, values in parts for value in values]


def _order(sort: list[JSON]) -> tuple[str, str]:
    """Column and direction; newest first where nothing is said."""
    if not sort:
        return "id", "DESC"
    column = sort[0].get("property")
    if column not in ("id", "name"):
        raise MethodError("unsupportedSort", f"Property {column} is not supported for sorting")
    return column, "ASC" if sort[0].get("isAscending", True) else "DESC"

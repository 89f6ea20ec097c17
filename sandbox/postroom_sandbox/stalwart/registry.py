"""The methods of all object types of the registry: `x:<Object>/get`, `/query` and `/set`.

What is specific to domains, accounts, roles and credentials is in the `ObjectType` of each.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.errors import MethodError, SetError, no_variant, server_unavailable
from postroom_sandbox.stalwart.json_pointer import created_id, with_created
from postroom_sandbox.stalwart.json_value import JSON, is_object
from postroom_sandbox.stalwart.object_type import Call, Condition, Created, ObjectType
from postroom_sandbox.stalwart.standard_methods import MAX_IDS, MAX_OBJECTS, Outcome, check_number, listed, page
from postroom_sandbox.stalwart.store import Store


class Registry:
    """Executes method calls with the operations of the object types."""

    def __init__(self, store: Store, object_types: Sequence[ObjectType]) -> None:
        self._store = store
        self._object_types = {object_type.name: object_type for object_type in object_types}
        self._verbs: dict[str, Callable[[ObjectType, Call, JSON, Created], JSON]] = {
            "get": self._get,
            "query": self._query,
            "set": self._set,
        }

    def knows(self, method: str) -> bool:
        name, _, verb = method.removeprefix("x:").partition("/")
        return method.startswith("x:") and name in self._object_types and verb in self._verbs

    async def call(self, method: str, call: Call, arguments: JSON, created: Created) -> JSON:
        """Raises MethodError."""
        name, _, verb = method.removeprefix("x:").partition("/")
        object_type = self._object_types[name]
        if verb == "set" and (updates := arguments.get("update")):
            await _detect_conflict(object_type, call, updates)
        response = self._verbs[verb](object_type, call, arguments, created)
        return {"accountId": ids.encode(call.account)} | response

    def _get(self, object_type: ObjectType, call: Call, arguments: JSON, created: Created) -> JSON:
        _require(call, object_type, "Get")
        wanted: list[str] | None = arguments.get("ids")
        if wanted is None:
            where, parameters = object_type.listed(call)
            sql = f"SELECT id FROM {object_type.table} WHERE {where} ORDER BY id LIMIT ?"  # noqa: S608 - constants, as below
            wanted = [ids.encode(number) for (number,) in self._store.rows(sql, *parameters, MAX_OBJECTS)]
        check_number(len(wanted))
        texts = [created_id(text, created) for text in wanted]
        return listed(texts, lambda number: object_type.shown(call, number), arguments.get("properties"))

    def _query(self, object_type: ObjectType, call: Call, arguments: JSON, created: Created) -> JSON:
        """Stalwart has two implementations, which differ not only in speed, and so has the stand-in."""
        _require(call, object_type, "Query")
        conditions = _conditions(object_type, arguments.get("filter") or {})
        column, direction = _order(arguments.get("sort") or [])
        response: JSON = {"queryState": "n", "canCalculateChanges": True}  # although there is no /queryChanges
        position: int = arguments.get("position") or 0
        needs_full_result = arguments.get("calculateTotal") or arguments.get("anchorOffset") or position < 0
        if needs_full_result or column != "id":
            return response | self._sorted(object_type, call, conditions, f"{column} {direction}", arguments)
        # The fast one takes the page from the ascending ids and reverses it afterwards. It never returns the position
        # of the page, and treats an anchor as exclusive, even if the object no longer exists.
        after = ("id > ?", (ids.decode(arguments.get("anchor")) or 0,))
        limit = MAX_IDS if arguments.get("limit") is None else max(arguments["limit"], 1)
        tail = "ORDER BY id LIMIT ? OFFSET ?"
        cut = self._select(object_type, call, [*conditions, after], tail, min(limit, MAX_IDS), position)
        found = [ids.encode(number) for number in (cut if direction == "ASC" else cut[::-1])]
        return response | {"position": 0, "ids": found}

    def _sorted(
        self, object_type: ObjectType, call: Call, conditions: list[Condition], order: str, arguments: JSON
    ) -> JSON:
        """Sort the whole result, and return a page of it (RFC 8620 §5.5)."""
        found = self._select(object_type, call, conditions, f"ORDER BY {order}, id")
        return page(found, arguments)

    def _select(
        self, object_type: ObjectType, call: Call, conditions: list[Condition], tail: str, *more: int
    ) -> list[int]:
        where, parameters = _where(object_type, call, conditions)
        sql = f"SELECT id FROM {object_type.table} WHERE {where} {tail}"  # noqa: S608 - constants, as in object_type.py
        return [number for (number,) in self._store.rows(sql, *parameters, *more)]

    def _set(self, object_type: ObjectType, call: Call, arguments: JSON, created: Created) -> JSON:
        creates: JSON = arguments.get("create") or {}
        updates: JSON = arguments.get("update") or {}
        destroys: list[str] = arguments.get("destroy") or []
        check_number(len(creates) + len(updates) + len(destroys))
        _require_to_set(call, object_type, create=creates, update=updates, destroy=destroys)
        updates, destroys = _with_ids(updates), list(_with_ids(dict.fromkeys(destroys)))
        creates, updates = _resolved(creates, created), _resolved(updates, created)
        outcome = Outcome(created)
        outcome.create(creates.items(), lambda value: _create(object_type, call, value))
        outcome.update(
            updates, destroys, lambda text, patch: object_type.update(call, _existing(object_type, call, text), patch)
        )
        outcome.destroy(destroys, lambda text: object_type.destroy(call, _existing(object_type, call, text)))
        return outcome.response


def _require_to_set(call: Call, object_type: ObjectType, **asked: JSON | list[str]) -> None:
    """Without any permission to set, the method is refused, otherwise the first verb without its permission."""
    missing = [verb for verb in asked if not call.access.may(f"sys{object_type.name}{verb.capitalize()}")]
    lacking = [verb for verb in missing if asked[verb]]
    if missing == list(asked):
        lacking = ["create, update or destroy"]
    if lacking:
        raise MethodError("forbidden", f"You are not authorized to {lacking[0]} objects of this type")


def _with_ids(objects: JSON) -> JSON:
    """The objects whose keys are ids. Stalwart ignores all others silently, including creation ids."""
    return {key: value for key, value in objects.items() if ids.decode(key) is not None}


def _resolved(objects: JSON, created: Created) -> JSON:
    return {key: with_created(value, created, key) for key, value in objects.items()}


def _create(object_type: ObjectType, call: Call, value: Any) -> JSON:
    if not is_object(value):
        raise no_variant("")
    return object_type.create(call, value)


def _existing(object_type: ObjectType, call: Call, text: str) -> int:
    number = ids.decode(text)
    if number is None or object_type.document(call, number) is None:
        raise SetError("notFound")
    return number


async def _detect_conflict(object_type: ObjectType, call: Call, updates: JSON) -> None:
    """What an update has read must be unchanged when it writes: of several concurrent updates, only the first succeeds
    (with three at once, 0.16.19 refused 72 of 300). Raises MethodError."""

    def read() -> list[JSON | None]:
        return [object_type.document(call, number) for number in map(ids.decode, updates) if number is not None]

    before = read()
    await asyncio.sleep(0)
    if read() != before:
        raise server_unavailable()


def _require(call: Call, object_type: ObjectType, verb: str) -> None:
    if not call.access.may(f"sys{object_type.name}{verb}"):
        raise MethodError("forbidden", "You are not authorized to perform this action")


def _conditions(object_type: ObjectType, wanted: JSON) -> list[Condition]:
    """The conditions, all of which must match. Raises MethodError."""
    if "operator" in wanted:
        inner: list[JSON] = wanted.get("conditions") or []
        if wanted["operator"] != "AND":
            raise MethodError("unsupportedFilter", "Only AND is supported in filters")
        return [condition for part in inner for condition in _conditions(object_type, part)]
    conditions: list[Condition] = []
    for name, value in wanted.items():
        condition = object_type.condition(name, value) if isinstance(value, str) else None
        if condition is None:
            raise MethodError("unsupportedFilter", f"Filter on property {name} is not supported or invalid")
        conditions.append(condition)
    return conditions


def _where(object_type: ObjectType, call: Call, conditions: list[Condition]) -> tuple[str, list[object]]:
    parts = [object_type.scope(call), *conditions]
    return " AND ".join(f"({sql})" for sql, _ in parts), [value for _, values in parts for value in values]


def _order(sort: list[JSON]) -> tuple[str, str]:
    """Column and direction; newest first by default."""
    if not sort:
        return "id", "DESC"
    column = sort[0].get("property")
    if column not in ("id", "name"):
        raise MethodError("unsupportedSort", f"Property {column} is not supported for sorting")
    return column, "ASC" if sort[0].get("isAscending", True) else "DESC"

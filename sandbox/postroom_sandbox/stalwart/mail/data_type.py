"""The methods that all mail data types share: `/get`, `/changes`, `/query`, `/queryChanges`, `/set` (RFC 8620 §5)."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.errors import MethodError, SetError
from postroom_sandbox.stalwart.json_pointer import created_id
from postroom_sandbox.stalwart.json_value import JSON, is_count
from postroom_sandbox.stalwart.mail.change_log import ChangeLog
from postroom_sandbox.stalwart.object_type import Access, Created
from postroom_sandbox.stalwart.standard_methods import Outcome, check_number, listed, objects, page
from postroom_sandbox.stalwart.store import Store


@dataclass
class MailCall:
    """One method call for one account. `implied` holds the implied calls with their responses."""

    access: Access
    account: int
    created: Created
    implied: list[tuple[str, JSON]] = field(default_factory=list[tuple[str, JSON]])


Method = Callable[[MailCall, JSON], JSON]


class DataType:
    """`name` is the name of the type. `jmap_mail.py` lists the methods that the server offers."""

    name: str
    returns_old_state: bool = True  # in the response to /set, from which Stalwart omits it for some types

    def __init__(self, store: Store, log: ChangeLog) -> None:
        self._store = store
        self._log = log

    def state(self, account: int) -> str:
        return self._log.state(account, self.name)

    # /get

    def all_ids(self, call: MailCall) -> list[int]:
        """The ids that /get returns if the call names none."""
        raise NotImplementedError

    def shown(self, call: MailCall, numbers: list[int], arguments: JSON) -> dict[int, JSON]:
        """The objects that exist, with all their properties. Raises MethodError."""
        raise NotImplementedError

    def get(self, call: MailCall, arguments: JSON) -> JSON:
        asked: list[str] | None = arguments.get("ids")
        texts = [ids.encode(number) for number in self.all_ids(call)] if asked is None else asked
        check_number(len(texts))
        texts = list(dict.fromkeys(created_id(text, call.created) for text in texts))
        numbers = [number for text in texts if (number := ids.decode(text)) is not None]
        found = self.shown(call, numbers, arguments)
        return {"state": self.state(call.account)} | listed(texts, found.get, arguments.get("properties"))

    # /changes

    def changes(self, call: MailCall, arguments: JSON) -> JSON:
        most = arguments.get("maxChanges")
        since = arguments.get("sinceState")
        if not isinstance(since, str) or not (most is None or (is_count(most) and most > 0)):
            raise MethodError("invalidArguments", "sinceState must be a state, and maxChanges more than 0")
        return self._log.changes(call.account, self.name, since, most)

    # /query and /queryChanges

    def found(self, call: MailCall, arguments: JSON) -> Generator[int]:
        """The ids of the objects that match the filter, in order; the caller may close it early. Raises MethodError."""
        raise NotImplementedError

    def total(self, call: MailCall, arguments: JSON) -> int:
        return sum(1 for _ in self.found(call, arguments))

    def matching(self, call: MailCall, arguments: JSON, numbers: set[int]) -> set[int]:
        """Which of these objects match the filter."""
        return numbers & {*self.found(call, arguments)}

    def query(self, call: MailCall, arguments: JSON) -> JSON:
        head = {"queryState": self.state(call.account), "canCalculateChanges": True}
        with closing(self.found(call, arguments)) as found:
            return head | page(found, arguments, lambda: self.total(call, arguments))

    def query_changes(self, call: MailCall, arguments: JSON) -> JSON:
        """Report every changed object as removed and, if it still matches, as added (RFC 8620 §5.6)."""
        since = arguments.get("sinceQueryState")
        if not isinstance(since, str):
            raise MethodError("invalidArguments", "sinceQueryState must be a state")
        changed = self._log.changes(call.account, self.name, since, None)
        if changed["hasMoreChanges"] or arguments.get("collapseThreads"):
            raise MethodError("cannotCalculateChanges", "The server cannot calculate changes for this query.")
        touched = {_number(text) for text in (*changed["created"], *changed["updated"])}
        added = list(self._added(call, arguments, touched))
        removed = [*changed["destroyed"], *changed["updated"], *changed["created"]]
        most = arguments.get("maxChanges")
        if is_count(most) and len(added) + len(removed) > most:
            raise MethodError("tooManyChanges", "There are more changes than maxChanges.")
        response = {"oldQueryState": since, "newQueryState": changed["newState"], "removed": removed, "added": added}
        return response | ({"total": self.total(call, arguments)} if arguments.get("calculateTotal") else {})

    def _added(self, call: MailCall, arguments: JSON, touched: set[int]) -> Iterator[JSON]:
        """Those of the changed objects that match, with their places. What comes after the last one is not read."""
        missing = self.matching(call, arguments, touched) if touched else set[int]()
        with closing(self.found(call, arguments)) as found:
            for place, number in enumerate(found if missing else ()):
                if number in missing:
                    yield {"id": ids.encode(number), "index": place}
                    missing.discard(number)
                    if not missing:
                        return

    # /set

    def create(self, call: MailCall, value: JSON) -> JSON:
        """The properties that the server sets, including `id`. Raises SetError, like the next two methods."""
        raise SetError("forbidden", f"Objects of the type {self.name} cannot be created.")

    def update(self, call: MailCall, number: int, patch: JSON) -> JSON | None:
        raise SetError("forbidden", f"Objects of the type {self.name} cannot be updated.")

    def destroy(self, call: MailCall, number: int, arguments: JSON) -> None:
        raise SetError("forbidden", f"Objects of the type {self.name} cannot be destroyed.")

    def set(self, call: MailCall, arguments: JSON) -> JSON:
        """Process each object on its own. Empty members are omitted from the response, as in Stalwart."""
        creates, updates = objects(arguments, "create"), objects(arguments, "update")
        named: list[str] = arguments.get("destroy") or []
        destroys = list(dict.fromkeys(created_id(text, call.created) for text in named))
        check_number(len(creates) + len(updates) + len(destroys))
        before = self.check_state(call, arguments)
        outcome = Outcome(call.created)
        outcome.create(in_order(creates), lambda value: self.create(call, value))
        patches = {created_id(key, call.created): patch for key, patch in updates.items()}
        outcome.update(patches, destroys, lambda text, patch: self.update(call, _number(text), patch))
        outcome.destroy(destroys, lambda text: self.destroy(call, _number(text), arguments))
        return self.set_response(call, before, outcome)

    def check_state(self, call: MailCall, arguments: JSON) -> str:
        """The current state. Raises MethodError if the caller expects another one."""
        before = self.state(call.account)
        if (expected := arguments.get("ifInState")) is not None and expected != before:
            description = 'An "ifInState" argument was supplied, but it does not match the current state.'
            raise MethodError("stateMismatch", description)
        return before

    def set_response(self, call: MailCall, before: str, outcome: Outcome) -> JSON:
        after = self.state(call.account)
        if self.returns_old_state:
            return {"oldState": before, "newState": after} | outcome.response
        return ({"newState": after} if after != before else {}) | outcome.response


def _number(text: str) -> int:
    """The number of the id; -1, which no object has, if the text is not an id."""
    number = ids.decode(text)
    return -1 if number is None else number


def in_order(creates: dict[str, JSON]) -> Iterable[tuple[str, JSON]]:
    """Parents before their children, in whatever order they were sent (RFC 8621 §2.5)."""
    waiting = dict(creates)
    while waiting:
        keys = [f"#{key}" for key in waiting]
        ready = [key for key, value in waiting.items() if value.get("parentId") not in keys]
        for key in ready or list(waiting):
            yield key, waiting.pop(key)


def invalid(*names: str, description: str | None = None) -> SetError:
    return SetError("invalidProperties", description, properties=list(names))


def not_found() -> SetError:
    return SetError("notFound", "The requested object was not found.")


def check_values(document: JSON, validators: Mapping[str, Callable[[Any], bool]]) -> None:
    """Check each property with its validator. Raises SetError."""
    for name, value in document.items():
        if name not in validators or not validators[name](value):
            raise invalid(name, description="Invalid property or value.")

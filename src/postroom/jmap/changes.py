"""What changed since a state (RFC 8620 §5.2), to the last page."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from postroom.jmap.client import JmapClient
from postroom.jmap.errors import Unreadable
from postroom.jmap.request import Request


@dataclass(frozen=True, slots=True)
class Changes:
    """Ids, and the state after them: keep it once they were dealt with."""

    created: Sequence[str]
    updated: Sequence[str]
    destroyed: Sequence[str]
    new_state: str


async def changes(
    client: JmapClient, kind: str, account_id: str, since: str, *, deadline: float, max_changes: int | None = None
) -> AsyncGenerator[Changes]:
    """The changes of objects of `kind` (`Email`, …), a page at a time; one without ids says that nothing changed.
    `deadline` is for each page.

    Raises `CannotCalculateChanges` when everything must be read again, and other `JmapError`s.
    """
    more = True
    while more:
        request = Request()
        arguments = {"accountId": account_id, "sinceState": since}
        call = request.add(f"{kind}/changes", arguments | ({"maxChanges": max_changes} if max_changes else {}))
        found, more = _read((await client.call(request, deadline=deadline)).of(call))
        if more and found.new_state == since:
            raise Unreadable("mail server promises more changes but stays at the same state")
        since = found.new_state
        yield found


def _read(found: dict[str, Any]) -> tuple[Changes, bool]:
    state = found.get("newState")
    if not isinstance(state, str):
        raise Unreadable("mail server's answer cannot be read (changes: newState)")
    created, updated, destroyed = (_ids(found, name) for name in ("created", "updated", "destroyed"))
    return Changes(created, updated, destroyed, state), found.get("hasMoreChanges") is True


def _ids(found: dict[str, Any], name: str) -> list[str]:
    ids = found.get(name)
    if not isinstance(ids, list) or not all(isinstance(each, str) for each in cast("list[object]", ids)):
        raise Unreadable(f"mail server's answer cannot be read (changes: {name})")
    return cast("list[str]", ids)

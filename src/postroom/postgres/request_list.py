"""Lists of requests, page by page, with one cheap statement for each page."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Self
from uuid import UUID

from postroom.domain.request import ListedState, Request
from postroom.errors import Refused
from postroom.postgres.connection import Row, Statements, rows
from postroom.postgres.requests import request_of

PAGE = 1000
"""Rows that one statement reads."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which requests to list."""

    states: Collection[ListedState]
    reason_starts: str = ""
    """the beginning of the reason of a dead request, or of the last error of another"""
    domain: str | None = None
    waits_for: str | None = None
    """see `Request.waits_for`; only waiting requests have it"""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A cursor: the list continues after this row of this part."""

    part: str
    at: datetime | None = None
    identity_id: UUID | None = None

    def __str__(self) -> str:
        return ",".join((self.part, self.at.isoformat() if self.at else "", str(self.identity_id or "")))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises `Refused` for an invalid cursor."""
        part, _, rest = text.partition(",")
        at, _, identity_id = rest.partition(",")
        try:
            cursor = cls(part, datetime.fromisoformat(at).astimezone(UTC) if at else None, UUID(identity_id))
        except (ValueError, OverflowError):
            cursor = None
        if cursor is None or part not in _PARTS or (cursor.at is None) != (part == "provisioned"):
            raise Refused("invalid_cursor", f"{text!r} is not a cursor of a list; take it from the page before")
        return cursor


@dataclass(frozen=True, slots=True)
class ListedRequest:
    request: Request
    created_at: datetime
    cursor: Cursor

    @property
    def state(self) -> ListedState:
        return ListedState.DISMISSED if self.request.dismissed_at else ListedState(self.request.state)


@dataclass(frozen=True, slots=True)
class Page:
    """`rows_read` rows were read; `requests` are those that match."""

    requests: list[ListedRequest]
    rows_read: int


_PARTS: dict[str, tuple[str, Collection[ListedState]]] = {
    "live": ("list_live", (ListedState.WAITING, ListedState.RUNNING)),
    "dead": ("list_dead", (ListedState.DEAD,)),
    "provisioned": ("list_provisioned", (ListedState.PROVISIONED,)),
    "dismissed": ("list_dismissed", (ListedState.DISMISSED,)),
}
"""The parts of a list, in its order: the statement, which has an index of its own, and the states that it lists."""


class RequestList(Statements):
    """Raises `DatabaseUnavailable`."""

    async def pages(self, selection: Selection, after: Cursor | None = None) -> AsyncIterator[Page]:
        """Each request once; one that changes state meanwhile may come twice, or not at all."""
        order = [*_PARTS]
        parts = order[order.index(after.part) :] if after else order
        parts = [each for each in parts if {*_PARTS[each][1]} & {*selection.states}]
        for part in parts:
            cursor = after if after and after.part == part else Cursor(part)
            while cursor:
                page, cursor = await self._page(selection, cursor)
                if page:
                    yield page

    async def _page(self, selection: Selection, cursor: Cursor) -> tuple[Page | None, Cursor | None]:
        """The next page, and the cursor after it; None at the end of this part."""
        if selection.waits_for and cursor.part != "live":
            return None, None
        statement, _ = _PARTS[cursor.part]
        parameters = {
            "states": [str(each) for each in selection.states],
            "reason_starts": selection.reason_starts,
            "domain": selection.domain,
            "waits_for": selection.waits_for,
            "after_at": cursor.at,
            "after_id": cursor.identity_id,
            "limit": PAGE,
        }
        found = await rows(self._pool, statement, parameters)
        if not found:
            return None, None
        rows_read = found[0]["rows_read"]
        page = Page([_listed(each, cursor.part) for each in found if each["identity_id"]], rows_read)
        following = replace(cursor, at=found[0]["last_at"], identity_id=found[0]["last_id"])
        return page, following if rows_read == PAGE else None


def _listed(found: Row, part: str) -> ListedRequest:
    request = request_of(found)
    at = {"live": request.due_at, "provisioned": None}.get(part, request.enqueued_at)
    return ListedRequest(request, found["created_at"], Cursor(part, at, request.identity_id))

"""What an operator may do to requests. Each method is one statement and one commit; the rules are in `sql/`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation

from postroom.domain.request import Request
from postroom.postgres.connection import Statements, row, rows
from postroom.postgres.requests import request_of


@dataclass(frozen=True, slots=True)
class Found:
    """A request as an operator's command finds it."""

    request: Request
    address: str
    """the one that it wants"""
    held_by: UUID | None
    """it is dead, and this other identity has its address"""
    is_in_use: bool
    """it is a dead create, and its mailbox is there all the same"""
    takes: bool
    """it is to keep somebody from logging in, or to take an address away"""


class OperatorMoves(Statements):
    """All methods raise `DatabaseUnavailable`. Those that change requests return the changed ones, and skip those whose
    state does not permit it or whose row is locked."""

    async def identities_of(self, emails: Collection[str], *, dead_first: bool) -> Mapping[str, UUID]:
        """The identity of each address's request: the living one if there is one, unless `dead_first`."""
        if not emails:
            return {}
        parameters = {"emails": list(emails), "dead_first": dead_first}
        return {
            each["email"]: each["identity_id"] for each in await rows(self._pool, "identities_of_emails", parameters)
        }

    async def find(self, identity_ids: Collection[UUID]) -> Mapping[UUID, Found]:
        found = await rows(self._pool, "operator_find", {"identity_ids": list(identity_ids)})
        return {
            each["identity_id"]: Found(
                request_of(each), each["address"], each["held_by"], each["in_use"], each["takes"]
            )
            for each in found
        }

    async def retry(self, identity_ids: Collection[UUID], *, actor: str) -> Sequence[Request]:
        """Have waiting and dead requests attempted now. Changes none if another identity has just taken an address."""
        try:
            return await self._move("operator_retry", identity_ids, actor=actor)
        except UniqueViolation:
            return []

    async def bury(self, identity_ids: Collection[UUID], *, actor: str, reason: str) -> Sequence[Request]:
        """Move waiting requests to the dead letters."""
        return await self._move("operator_bury", identity_ids, actor=actor, reason=reason)

    async def dismiss(self, identity_ids: Collection[UUID], *, actor: str, reason: str) -> Sequence[Request]:
        """Remove dead requests from the list and the count of dead letters."""
        return await self._move("operator_dismiss", identity_ids, actor=actor, reason=reason)

    async def remake(self, identity_id: UUID, *, actor: str) -> Request | None:
        """Have a missing mailbox made again. None if it is not missing, was never made, or its address is held."""
        try:
            moved = await row(self._pool, "operator_remake", {"identity_id": identity_id, "actor": actor})
        except UniqueViolation:  # code from before revision 0012 gave its address to another identity
            return None
        return request_of(moved) if moved else None

    async def _move(self, name: str, identity_ids: Collection[UUID], **more: Any) -> list[Request]:
        moved = await rows(self._pool, name, {"identity_ids": list(identity_ids), **more})
        return [request_of(each) for each in moved]

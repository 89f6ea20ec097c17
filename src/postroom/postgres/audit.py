"""What people look at: the state of all, the timeline of one, and the two things an operator may do."""

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from psycopg.errors import UniqueViolation

from postroom.domain.identity import as_sent
from postroom.domain.mailbox import Account
from postroom.domain.request import HELD, Request
from postroom.errors import Refused
from postroom.postgres.connection import Pool, Row, Statements, row, rows, the_row
from postroom.postgres.refusals import PostgresRefusals
from postroom.postgres.requests import account_of, request_of

Listing = Literal["dead_letters", "next_waiting", "drifts", "held_back", "missing"]


class Audit(Statements):
    """All methods raise `DatabaseUnavailable` when PostgreSQL is away."""

    async def counts(self) -> Mapping[str, float]:
        """The gauges of /metrics, by name without the prefix."""
        return await the_row(self._pool, "counts")

    async def look(self, what: Listing, *, limit: int) -> list[Row]:
        return await rows(self._pool, what, {"limit": limit})

    async def find(self, email_or_id: str) -> tuple[Request, Account | None]:
        """The request of an identity id, or of an address, and its account. Raises `Refused` when there is none."""
        identity_id = await self.identity_of(email_or_id)
        found = await row(self._pool, "read", {"identity_id": identity_id})
        if found is None:
            refusal = await PostgresRefusals(self._pool).last(identity_id)
            why = f": refused as {refusal.code} ({refusal.reason})" if refusal else ""
            raise Refused("unknown", f"no request for {email_or_id}{why}")
        return request_of(found), account_of(found)

    async def identity_of(self, email_or_id: str) -> UUID:
        """Whose request or refusal is meant. Raises `Refused` for an address that nobody ever asked for."""
        try:
            return UUID(email_or_id)
        except ValueError:
            email = as_sent(email_or_id.strip())
        found = await rows(self._pool, "identities_of_email", {"email": email and email.lower()})
        found = found or await rows(self._pool, "refused_of_email", {"email": email})
        if not found:
            raise Refused("unknown", f"no request for {email_or_id}; give the address as it was registered, or the id")
        return found[0]["identity_id"]

    async def timeline(self, identity_id: UUID) -> list[dict[str, Any]]:
        """The rows of `email_provisioning_log` of one identity, oldest first."""
        return await rows(self._pool, "timeline", {"identity_id": identity_id})

    async def retry(self, identity_id: UUID, *, actor: str) -> Request:
        """Let a waiting or dead request be attempted now. Raises `Refused` when that cannot be."""
        parameters = {"identity_id": identity_id, "actor": actor}
        try:
            moved = await row(self._pool, "operator_retry", parameters)
        except UniqueViolation as error:
            raise Refused("held", f"{HELD}; nothing was changed") from error
        return await self._moved(moved, identity_id, "only a waiting or dead request can be retried")

    async def remake(self, identity_id: UUID, *, actor: str) -> Request:
        """Have a mailbox made anew that looks did not find. Raises `Refused` when they did, or none was made."""
        moved = await row(self._pool, "operator_remake", {"identity_id": identity_id, "actor": actor})
        return await self._moved(moved, identity_id, "only a mailbox that looks did not find can be made anew")

    async def bury(self, identity_id: UUID, *, actor: str, reason: str) -> Request:
        """Give a waiting request up. Raises `Refused` when it does not wait."""
        parameters = {"identity_id": identity_id, "actor": actor, "reason": reason}
        moved = await row(self._pool, "operator_bury", parameters)
        return await self._moved(moved, identity_id, "only a waiting request can be buried")

    async def _moved(self, moved: Row | None, identity_id: UUID, rule: str) -> Request:
        if moved:
            return request_of(moved)
        request, _ = await self.find(str(identity_id))
        raise Refused("wrong_state", f"the request of {request.email} is {request.state}: {rule}")


async def pin_mark_domain(pool: Pool, mark_domain: str) -> str:
    """The domain of the marks: the one that was used first, which is `mark_domain` if none was used before."""
    pinned = await row(pool, "pin_installation", {"name": "mark_domain", "value": mark_domain})
    return str(pinned["value"]) if pinned else mark_domain


async def pinned_mark_domain(pool: Pool) -> str | None:
    """The domain of the marks, None before the first use."""
    pinned = await row(pool, "read_installation", {"name": "mark_domain"})
    return str(pinned["value"]) if pinned else None

"""What `postroom status` and `postroom log` read."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

from postroom.domain.address import stored_form
from postroom.domain.identity import as_sent
from postroom.postgres.connection import Row, Statements, rows, the_row

Listing = Literal["dead_letters", "next_waiting", "held_back", "missing"]

OVERLAP = 10.0
"""Seconds by which a row may be older than its commit: more than `statement_timeout`."""


class Audit(Statements):
    """All methods raise `DatabaseUnavailable` if PostgreSQL cannot be reached."""

    async def counts(self) -> Mapping[str, float]:
        """The gauges of /metrics, by name without the prefix."""
        return await the_row(self._pool, "counts")

    async def listing(self, what: Listing, *, limit: int) -> list[Row]:
        return await rows(self._pool, what, {"limit": limit})

    async def identities_of(self, address: str, *, limit: int) -> list[UUID | None]:
        """The identities that have this address or ever asked for it, the most recently active first. None stands for
        webhooks that were refused and named no identity."""
        parameters = {"address": as_sent(address), "stored": _stored(address), "limit": limit}
        return [each["identity_id"] for each in await rows(self._pool, "identities_of_address", parameters)]

    async def identities_of_number(self, number: str, *, limit: int) -> list[UUID | None]:
        """The identities whose id begins with these eight digits, as a person is shown them for support."""
        parameters = {"first_id": UUID(number + "0" * 24), "last_id": UUID(number + "f" * 24), "limit": limit}
        return [each["identity_id"] for each in await rows(self._pool, "identities_of_number", parameters)]

    async def timeline(self, identity_id: UUID) -> list[Row]:
        """The rows of `email_provisioning_log` of one identity, oldest first."""
        return await rows(self._pool, "timeline", {"identity_id": identity_id})

    async def timeline_of_nobody(self, address: str) -> list[Row]:
        """The rows of webhooks that were refused with this address and named no identity, oldest first."""
        return await rows(self._pool, "timeline_of_nobody", {"address": as_sent(address)})

    async def since(
        self,
        after: tuple[datetime, int] | None,
        *,
        identity_ids: Collection[UUID] | None,
        address: str | None,
        limit: int,
    ) -> tuple[datetime, list[Row]]:
        """PostgreSQL's time, and the next rows after this time and id, or of the last `OVERLAP` seconds: those of these
        identities and this address, or everybody's."""
        after_at, after_entry = after or (None, 0)
        parameters = {
            "after_at": after_at,
            "after_entry": after_entry,
            "overlap": OVERLAP,
            "everybody": identity_ids is None,
            "identity_ids": list(identity_ids or ()),
            "address": address and as_sent(address),
            "stored": address and _stored(address),
            "limit": limit,
        }
        found = await rows(self._pool, "audit_since", parameters)
        return found[0]["asked_at"], [each for each in found if each["id"] is not None]


def _stored(address: str) -> str:
    return stored_form(as_sent(address) or "")

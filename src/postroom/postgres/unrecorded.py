"""The mailboxes that are made, but not on record."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from postroom.postgres.connection import Pool, rows

PAGE = 10_000
"""Requests of one page."""


async def unrecorded(pool: Pool) -> AsyncIterator[Sequence[tuple[UUID, str]]]:
    """Their identities and addresses, page by page of all requests. Raises `DatabaseUnavailable`."""
    after_id: UUID | None = None
    while found := await rows(pool, "unrecorded_page", {"after_id": after_id, "limit": PAGE}):
        yield [(each["identity_id"], each["email"]) for each in found if each["identity_id"]]
        after_id = found[0]["last_id"]

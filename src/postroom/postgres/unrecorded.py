"""The port `UnrecordedMailboxes`."""

from uuid import UUID

from postroom.postgres.connection import Statements, rows
from postroom.provisioning.ports import UnrecordedPage

PAGE = 10_000
"""Requests of one page."""


class PostgresUnrecorded(Statements):
    async def unrecorded(self, after_id: UUID | None) -> UnrecordedPage:
        found = await rows(self._pool, "unrecorded_page", {"after_id": after_id, "limit": PAGE})
        mailboxes = [(each["identity_id"], each["email"]) for each in found if each["identity_id"]]
        return UnrecordedPage(mailboxes, found[0]["last_id"] if found else None)

"""The port `Swept`: what the sweep of identities stores."""

from collections.abc import Sequence
from uuid import UUID

from postroom.domain.mailbox import Mailbox
from postroom.domain.request import Request
from postroom.ports import SweepProgress
from postroom.postgres.connection import Pool, row, rows
from postroom.postgres.requests import request_of


class PostgresSwept:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def progress(self) -> SweepProgress:
        found = await row(self._pool, "sweep_progress")
        if found is None:
            raise LookupError("identity_sweep holds no row; restore it with: postroom migrate")
        return SweepProgress(found["token"], found["due_in"])

    async def start_soon(self) -> None:
        await rows(self._pool, "sweep_start_soon")

    async def put_off(self, seconds: float) -> None:
        await rows(self._pool, "sweep_put_off", {"seconds": seconds})

    async def store(
        self, mailboxes: Sequence[Mailbox], *, token: str | None, due_in: float
    ) -> tuple[list[Request], list[Mailbox]]:
        parameters = {
            "identity_ids": [mailbox.identity_id for mailbox in mailboxes],
            "emails": [mailbox.email for mailbox in mailboxes],
            "names": [mailbox.display_name for mailbox in mailboxes],
            "token": token,
            "due_in": due_in,
        }
        found = await rows(self._pool, "sweep_store", parameters)
        stored = [request_of(each) for each in found if each["identity_id"] is not None]
        missing = {each["absent_id"] for each in found if each["identity_id"] is None}
        return stored, [mailbox for mailbox in mailboxes if mailbox.identity_id in missing]

    async def record_refusals(self, refusals: Sequence[tuple[UUID, str | None, str]]) -> None:
        if refusals:
            identity_ids, emails, reasons = zip(*refusals, strict=True)
            parameters = {"identity_ids": list(identity_ids), "emails": list(emails), "reasons": list(reasons)}
            await rows(self._pool, "sweep_refusals", parameters)

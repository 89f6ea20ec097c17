"""The port `Swept`: what the sweep stores."""

from collections.abc import Sequence

from postroom.domain.mailbox import Mailbox
from postroom.domain.request import Request
from postroom.postgres.connection import Statements, rows, the_row
from postroom.postgres.requests import request_of
from postroom.provisioning.ports import SweepProgress


class PostgresSwept(Statements):
    async def progress(self) -> SweepProgress:
        return SweepProgress(**await the_row(self._pool, "sweep_progress"))

    async def start_soon(self) -> None:
        await rows(self._pool, "sweep_start_soon")

    async def put_off(self, seconds: float) -> None:
        await rows(self._pool, "sweep_put_off", {"seconds": seconds})

    async def restart(self, seconds: float) -> None:
        await rows(self._pool, "sweep_restart", {"seconds": seconds})

    async def store(
        self, mailboxes: Sequence[Mailbox], *, after: str | None, token: str | None, due_in: float
    ) -> tuple[list[Request], list[Mailbox]]:
        parameters = {
            "identity_ids": [mailbox.identity_id for mailbox in mailboxes],
            "emails": [mailbox.email for mailbox in mailboxes],
            "names": [mailbox.display_name for mailbox in mailboxes],
            "after": after,
            "token": token,
            "due_in": due_in,
        }
        found = await rows(self._pool, "sweep_store", parameters)
        stored = [request_of(each) for each in found if each["identity_id"] is not None]
        missing = {each["absent_id"] for each in found if each["identity_id"] is None}
        return stored, [mailbox for mailbox in mailboxes if mailbox.identity_id in missing]

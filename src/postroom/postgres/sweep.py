"""The port `Swept`: what the sweep stores."""

from collections.abc import Sequence
from typing import Any

from psycopg.errors import UniqueViolation

from postroom.domain.mailbox import Mailbox
from postroom.postgres.connection import Statements, rows, rows_of_each, the_row
from postroom.postgres.requests import request_of
from postroom.provisioning.ports import SweepProgress, SweptPage


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
    ) -> SweptPage:
        found, refused = await rows_of_each(self._pool, "sweep_store", mailboxes, _parameters)
        page, asked = SweptPage(), {mailbox.identity_id: mailbox for mailbox in mailboxes}
        for mailbox, why in refused:
            # Its address was taken at that very moment: it is held, and nothing is wrong with the identity.
            page.held.append(mailbox) if why == UniqueViolation.__name__ else page.refused.append((mailbox, why))
        for each in found:
            if each["is_changed"]:
                page.changed.append(asked[each["asked_id"]])
            elif each["identity_id"] is None:
                page.held.append(asked[each["asked_id"]])
            else:
                page.stored.append(request_of(each))
        # Behind the requests: a sweep that is killed in between reads the page again.
        await rows(self._pool, "sweep_advance", {"after": after, "token": token, "due_in": due_in})
        return page


def _parameters(mailboxes: Sequence[Mailbox]) -> dict[str, Any]:
    return {
        "identity_ids": [mailbox.identity_id for mailbox in mailboxes],
        "emails": [mailbox.email for mailbox in mailboxes],
        "names": [mailbox.display_name for mailbox in mailboxes],
    }

"""The port `Swept`: what the sweep stores."""

from collections.abc import Mapping, Sequence

from postroom.domain.mailbox import Mailbox
from postroom.postgres.connection import UNSTORABLE, Statements, rows, the_row
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
        progress = {"after": after, "token": token, "due_in": due_in}
        page = SweptPage()
        try:
            await self._store(page, mailboxes, progress | {"moves": True})
        except UNSTORABLE:
            # One identity fails the statement, perhaps by a constraint or a trigger: the others must be found all the
            # same, and the next pages, too.
            for each in mailboxes:
                try:
                    await self._store(page, [each], progress | {"moves": False})
                except UNSTORABLE as error:
                    page.refused.append((each, type(error).__name__))
            await self._store(page, [], progress | {"moves": True})
        return page

    async def _store(self, page: SweptPage, mailboxes: Sequence[Mailbox], progress: Mapping[str, object]) -> None:
        parameters: dict[str, object] = {
            "identity_ids": [mailbox.identity_id for mailbox in mailboxes],
            "emails": [mailbox.email for mailbox in mailboxes],
            "names": [mailbox.display_name for mailbox in mailboxes],
        }
        asked = {mailbox.identity_id: mailbox for mailbox in mailboxes}
        for found in await rows(self._pool, "sweep_store", {**parameters, **progress}):
            if found["is_changed"]:
                page.changed.append(asked[found["asked_id"]])
            elif found["identity_id"] is None:
                page.held.append(asked[found["asked_id"]])
            else:
                page.stored.append(request_of(found))

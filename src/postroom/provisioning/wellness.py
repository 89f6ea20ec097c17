"""Whether the mail server is well: what decides if a failure counts against the request."""

import asyncio

from postroom.errors import MailServerError
from postroom.ports import MailServer


class Wellness:
    """Asks one question at a time for the whole process, since asking writes to one account of the mail server.

    A failure takes the verdict of the first question that began after it: an earlier one says nothing about the server
    at the time of the failure.
    """

    def __init__(self, mail_server: MailServer) -> None:
        self._mail_server = mail_server
        self._asking: asyncio.Task[MailServerError | None] | None = None
        self._next: asyncio.Task[MailServerError | None] | None = None

    async def ask(self) -> MailServerError | None:
        """What `MailServer.well` says, asked after this call began."""
        if self._next is None:
            self._next = asyncio.create_task(self._ask_after(self._asking))
        # Shielded: others wait for the same answer.
        return await asyncio.shield(self._next)

    async def _ask_after(self, earlier: asyncio.Task[MailServerError | None] | None) -> MailServerError | None:
        if earlier:
            await asyncio.wait([earlier])
        # From here on it has begun: whoever fails now needs another one.
        self._asking, self._next = self._next, None
        return await self._mail_server.well()

"""Counts the mailboxes without a record: the request is provisioned, and `email_accounts` does not say which it is.

Postroom writes both in one commit, so only somebody else can cause this: a restore of single tables, say. Nobody is
served such a mailbox, and nothing is attempted, since it is made.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from uuid import UUID

from postroom.errors import DatabaseUnavailable
from postroom.process.pause import pause
from postroom.process.telemetry import DATABASE_ERRORS, UNRECORDED, log

EVERY = 3600.0
AFTER_FAILURE = 60.0
PAGE_PAUSE = 0.1
MOST_LOGGED = 20

REBUILD = "postroom rebuild --from-stalwart"
"""The command that restores their records from their marks."""


class Unrecorded:
    """Each process with a worker counts, at its start and each hour. It has no heartbeat: nothing depends on it.

    `pages` reads the identities and addresses, and raises `DatabaseUnavailable`."""

    def __init__(self, pages: Callable[[], AsyncIterator[Sequence[tuple[UUID, str]]]]) -> None:
        self._pages = pages

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop`."""
        while not stop.is_set():
            seconds = EVERY
            try:
                await self._count(stop)
            except DatabaseUnavailable:
                DATABASE_ERRORS.labels(where="unrecorded").inc()
                seconds = AFTER_FAILURE
            await pause(seconds, stop)

    async def _count(self, stop: asyncio.Event) -> None:
        count, first = 0, list[str]()
        async for page in self._pages():
            count += len(page)
            first += [str(identity_id) for identity_id, _ in page[: MOST_LOGGED - len(first)]]
            await pause(PAGE_PAUSE, stop)
            if stop.is_set():
                return
        UNRECORDED.set(count)
        if count:
            log.error("Mailboxes are made, but their records are lost", count=count, identities=first, fix=REBUILD)

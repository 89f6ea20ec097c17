"""The audit of an identity, of all identities that ever asked for an address, or of all identities as rows are
written."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from postroom.domain.mailbox import Account
from postroom.domain.request import Request
from postroom.errors import DatabaseUnavailable
from postroom.postgres.audit import OVERLAP, Audit
from postroom.postgres.connection import Row
from postroom.postgres.requests import PostgresRequests

IDENTITIES = 100
"""Shown at most, of those who asked for one address: the most recently active."""
SUPPORT_NUMBER = re.compile("[0-9a-f]{8}", re.IGNORECASE)
"""The beginning of an identity's id (`mailboxes/preparation.py`)."""
PAGE = 1000
POLL_INTERVAL = 1.0


@dataclass(frozen=True, slots=True)
class Timeline:
    """One identity's audit rows, oldest first, with its request and account if it has them.

    `identity_id` is None for webhooks that were refused and named none.
    """

    identity_id: UUID | None
    request: Request | None
    account: Account | None
    entries: list[Row]


async def timelines(audit: Audit, requests: PostgresRequests, who: str) -> list[Timeline]:
    """The timeline of an identity, or of every identity that has an address or ever asked for it, the most recently
    active first; or of those with a support number. Empty if none is known. Raises `DatabaseUnavailable`."""
    try:
        identity_ids: list[UUID | None] = [UUID(who)]
    except ValueError:
        identity_ids = await audit.identities_of(who, limit=IDENTITIES)
    if not identity_ids and SUPPORT_NUMBER.fullmatch(who.strip()):
        identity_ids = await audit.identities_of_number(who.strip(), limit=IDENTITIES)
    found = [await _timeline(audit, requests, each, who) for each in identity_ids]
    return [each for each in found if each.request or each.entries]


async def _timeline(audit: Audit, requests: PostgresRequests, identity_id: UUID | None, address: str) -> Timeline:
    if identity_id is None:
        return Timeline(None, None, None, await audit.timeline_of_nobody(address))
    request, account = await requests.read(identity_id) or (None, None)
    return Timeline(identity_id, request, account, await audit.timeline(identity_id))


@dataclass(frozen=True, slots=True)
class Followed:
    """Which new rows to return: those of these identities and those about this address, or all."""

    identity_ids: Collection[UUID] | None = None
    """None for all"""
    address: str | None = None


class Follower:
    """Returns new rows of the audit, each once. `known` are the ids of the rows that the caller has; None to begin with
    rows that are written from now on."""

    def __init__(self, audit: Audit, followed: Followed, known: Collection[int] | None = None) -> None:
        self._audit = audit
        self._followed = followed
        self._seen = set(known or ())
        self._starts_now = known is None
        self._after: datetime | None = None

    async def poll(self) -> AsyncIterator[Row]:
        """The rows since the last poll, however long ago that was. Raises `DatabaseUnavailable`; the next poll goes on
        where this one ended."""
        after = (self._after, 0) if self._after else None
        asked_at: datetime | None = None
        seen: set[int] = set()
        while True:
            clock, page = await self._audit.since(
                after, identity_ids=self._followed.identity_ids, address=self._followed.address, limit=PAGE
            )
            asked_at = asked_at or clock
            for each in page:
                seen.add(each["id"])
                if each["id"] not in self._seen and not self._starts_now:
                    self._seen.add(each["id"])
                    yield each
            if len(page) < PAGE:
                break
            after = page[-1]["created_at"], page[-1]["id"]
        # A row that is committed after a newer one would be missed: the last seconds are read again.
        self._after = asked_at - timedelta(seconds=OVERLAP)
        self._seen, self._starts_now = seen, False


async def follow(follower: Follower, warn: Callable[[DatabaseUnavailable], None]) -> AsyncIterator[Row]:
    """New rows, without end. Polling continues while PostgreSQL is unavailable; `warn` is called once per outage."""
    is_lost = False
    while True:
        try:
            async for entry in follower.poll():
                yield entry
            is_lost = False
        except DatabaseUnavailable as error:
            if not is_lost:
                warn(error)
            is_lost = True
        await asyncio.sleep(POLL_INTERVAL)

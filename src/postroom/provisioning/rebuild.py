"""Rebuild: fill `email_requests` and `email_accounts` again from the marks, when the database was lost.

The mark identifies the owner of a mailbox, so the mail server alone suffices. Existing rows are left unchanged. Each
page is one commit, so a rebuild may be interrupted at any point and run again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from uuid import UUID

from postroom.errors import Throttled
from postroom.provisioning.ports import AccountPage, Accounts, FoundAccount, Rebuilt, Standing

PAGE_WITHIN = 30.0
"""Seconds within which the mail server must return a page."""

THROTTLED_PAUSE = 5.0
"""Seconds to wait when the mail server asks for a pause and names no time."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A marked account that was not restored, and why."""

    identity_ids: tuple[UUID, ...]
    email: str
    stalwart_account_id: str
    why: str


@dataclass(slots=True)
class Tally:
    """What a rebuild found and did. After a dry run, `restored` is what a rebuild would restore."""

    read: int = 0
    restored: int = 0
    known: int = 0
    under_way: int = 0
    """left to a worker, which adopts them by their marks"""
    unmarked: int = 0
    marked_elsewhere: int = 0
    missing: int = 0
    """on record, but not found at the mail server with their marks; known once all accounts were read"""
    differences: list[Difference] = field(default_factory=list[Difference])


WHY = {
    Standing.DEAD: "its request is a dead letter: postroom retry adopts the mailbox",
    Standing.HELD: "the request of another identity holds this address",
    Standing.DIFFERENT: "another address or another Stalwart account is on record for its identity",
}


class Rebuild:
    """`report` is called after each page; `actor` is the operator, for the audit."""

    def __init__(
        self,
        accounts: Accounts,
        rebuilt: Rebuilt,
        *,
        actor: str,
        dry_run: bool,
        report: Callable[[Tally], None],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._accounts = accounts
        self._rebuilt = rebuilt
        self._actor = actor
        self._dry_run = dry_run
        self._report = report
        self._pause = pause

    async def count(self) -> int:
        """About how many accounts there are to read. Raises `MailServerError`s."""
        return await self._accounts.count(deadline=PAGE_WITHIN)

    async def run(self, tally: Tally) -> None:
        """Read all accounts and add to `tally` after each page. Raises `MailServerError`s and `DatabaseUnavailable`;
        what was restored until then stays."""
        # Read first: a mailbox that is created meanwhile must not count as missing.
        unseen = await self._on_record()
        page = await self._page(None)
        while page.last is not None:
            await self._take(page, tally)
            for found in page.accounts:
                for identity_id in found.marked_for:
                    if unseen.get(identity_id) == found.account.id:
                        del unseen[identity_id]
            self._report(tally)
            page = await self._page(page.last)
        tally.missing = len(unseen)

    async def _on_record(self) -> dict[UUID, str]:
        """The Stalwart account of each identity whose mailbox is ready."""
        found: dict[UUID, str] = {}
        page = await self._rebuilt.on_record(None)
        while page:
            found |= page
            page = await self._rebuilt.on_record(max(page))
        return found

    async def _page(self, after: str | None) -> AccountPage:
        while True:
            try:
                return await self._accounts.page(after, deadline=PAGE_WITHIN)
            except Throttled as error:  # a rebuild asks for much at once: being throttled is not a failure
                await self._pause(error.retry_after or THROTTLED_PAUSE)

    async def _take(self, page: AccountPage, tally: Tally) -> None:
        marked: dict[UUID, FoundAccount] = {}
        for found in page.accounts:
            tally.read += 1
            if len(found.marked_for) == 1:
                marked[found.marked_for[0]] = found
            elif found.marked_for:
                tally.differences.append(_difference(found, f"it carries {len(found.marked_for)} marks, not one"))
            elif found.marked_elsewhere:
                tally.marked_elsewhere += 1
            else:
                tally.unmarked += 1
        await self._take_marked(marked, tally)

    async def _take_marked(self, marked: dict[UUID, FoundAccount], tally: Tally) -> None:
        standings = await self._rebuilt.compare({each: found.account for each, found in marked.items()})
        missing = {each: found for each, found in marked.items() if standings[each] is Standing.MISSING}
        restored = set(missing)
        if missing and not self._dry_run:
            restored = await self._rebuilt.restore(missing, actor=self._actor)
        tally.restored += len(restored)
        for identity_id, found in marked.items():
            match standings[identity_id]:
                case Standing.KNOWN:
                    tally.known += 1
                case Standing.MISSING if identity_id in restored:
                    pass
                case Standing.MISSING | Standing.UNDER_WAY:  # another process has stored it meanwhile
                    tally.under_way += 1
                case standing:
                    tally.differences.append(_difference(found, WHY[standing]))


def _difference(found: FoundAccount, why: str) -> Difference:
    return Difference(tuple(found.marked_for), found.account.email, found.account.id, why)

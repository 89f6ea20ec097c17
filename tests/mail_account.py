"""Mailboxes in memory, as the port `MailChanges` shows them: created, moved and read mail, with states and pages."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from postroom.arrivals.ports import ChangesPage, HistoryLost
from postroom.domain.arrival import CreatedEmail
from postroom.mailboxes.ports import MailAccount

ROLES = {"i": "inbox", "j": "junk", "t": "trash", "s": "sent", "d": "drafts"}


@dataclass
class _Box:
    """`log`: ids of created emails, by the state that they made."""

    state: int = 0
    forgotten: int = 0
    emails: dict[str, CreatedEmail] = field(default_factory=dict[str, CreatedEmail])
    log: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])


class MailInMemory:
    """`polls` counts calls by account id, each of which takes `seconds`. `failures` are raised by the next ones; a
    response that was read waits for `gate`, if there is one."""

    def __init__(self, *, page: int = 500, seconds: float = 0) -> None:
        self.polls: dict[str, int] = {}
        self.at_once = self.most_at_once = 0
        self.failures: list[Exception] = []
        self.early = 0
        """how many of the mails in the next response are newer than its state"""
        self.gate: asyncio.Event | None = None
        self.waiting = 0
        self._page = page
        self._seconds = seconds
        self._boxes: dict[str, _Box] = {}

    def deliver(
        self, account_id: str, folder: str = "i", *keywords: str, age: timedelta = timedelta(), times: int = 1
    ) -> list[str]:
        """Add new emails to that folder; return their ids."""
        box = self._box(account_id)
        received = datetime.now(UTC) - age
        ids: list[str] = []
        for _ in range(times):
            box.state += 1
            email_id = f"{account_id}-{box.state}"
            box.emails[email_id] = CreatedEmail(email_id, frozenset(folder), frozenset(keywords), received)
            box.log.append((box.state, email_id))
            ids.append(email_id)
        return ids

    def change(self, account_id: str, email_id: str, folder: str = "i", *keywords: str) -> None:
        """Move the email to that folder, with these keywords."""
        box = self._box(account_id)
        box.state += 1
        box.emails[email_id] = CreatedEmail(
            email_id, frozenset(folder), frozenset(keywords), box.emails[email_id].received_at
        )

    def destroy(self, account_id: str, email_id: str) -> None:
        box = self._box(account_id)
        box.state += 1
        del box.emails[email_id]

    def forget_history(self, account_id: str) -> None:
        box = self._box(account_id)
        box.forgotten = box.state

    async def current_state(self, account: MailAccount) -> str:
        state = self._state(account.account_id)
        await self._respond(account.account_id)
        return state

    async def since(self, account: MailAccount, email_state: str) -> AsyncGenerator[ChangesPage]:
        box = self._box(account.account_id)
        since = int(email_state.removeprefix("s"))
        while True:
            if since < box.forgotten:
                await self._respond(account.account_id)
                raise HistoryLost("the history is gone")
            found = [(state, each) for state, each in box.log if state > since]
            more = len(found) > self._page
            since = found[self._page - 1][0] if more else box.state - self.early
            self.early = 0
            created = [box.emails[each] for _, each in found[: self._page] if each in box.emails]
            await self._respond(account.account_id)
            yield ChangesPage(created, ROLES, f"s{since}")
            if not more:
                return

    def _state(self, account_id: str) -> str:
        return f"s{self._box(account_id).state}"

    def _box(self, account_id: str) -> _Box:
        return self._boxes.setdefault(account_id, _Box())

    async def _respond(self, account_id: str) -> None:
        self.polls[account_id] = self.polls.get(account_id, 0) + 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if self.failures:
                raise self.failures.pop(0)
            if self.gate:
                self.waiting += 1
                await self.gate.wait()
            await asyncio.sleep(self._seconds)
        finally:
            self.at_once -= 1

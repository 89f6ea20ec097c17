"""The queue of accounts to poll: the first hint after a quiet time is due at once, later ones at the account's pace."""

import heapq
import itertools
from dataclasses import dataclass, field

from postroom.domain.poll_pace import PollPace

STATE_SECONDS = 30.0
"""Seconds for which the state found by a poll is remembered: hints of the same change arrive in two ways."""

_MAX_STATES = 8


@dataclass(slots=True)
class _Account:
    """`hinted_at`: time of the last hint. `not_before`: earliest time of the next poll. `hinted`: the states in hints
    since the last poll began (None for a hint without one); empty: it is idle. `state`: found by the last poll."""

    hinted_at: float
    not_before: float
    pace: PollPace
    polling: bool = False
    hinted: set[str | None] = field(default_factory=set[str | None])
    state: str | None = None
    entry: int = 0
    """the only valid entry in the heap"""

    def due(self) -> float:
        return max(self.not_before, self.pace.due(self.hinted_at))


class PollQueue:
    """At most `most` accounts; idle ones make room for a new hint. Times are seconds of a monotonic clock."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._accounts: dict[str, _Account] = {}
        self._idle: dict[str, None] = {}
        """Accounts that are remembered but not due, the longest idle first"""
        self._heap: list[tuple[float, int, str]] = []
        self._entries = itertools.count(1)

    def hint(self, account_id: str, now: float, state: str | None = None) -> bool:
        """An account may have new mail. False if there is no room for it."""
        account = self._accounts.get(account_id)
        if account is None:
            if len(self._accounts) >= self._most and not self._make_room():
                return False
            account = self._accounts[account_id] = _Account(now, now, PollPace(now))
        if state is not None and state == account.state and not account.polling:
            return True
        waits = bool(account.hinted)
        account.hinted_at = now
        account.hinted.add(state)
        if len(account.hinted) > _MAX_STATES:
            account.hinted = {None}
        self._idle.pop(account_id, None)
        if not waits and not account.polling:
            self._push(account_id, account, max(now, account.due()))
        return True

    def take(self, limit: int, now: float) -> list[str]:
        """The accounts to poll now; call `done` for each."""
        taken: list[str] = []
        while self._heap and self._heap[0][0] <= now and len(taken) < limit:
            _, entry, account_id = heapq.heappop(self._heap)
            account = self._accounts.get(account_id)
            if account is None or account.entry != entry:
                continue
            if not account.hinted:
                self._forget(account_id)
                continue
            if account.due() > now:  # it was hinted again meanwhile
                self._push(account_id, account, account.due())
                continue
            account.polling = True
            account.hinted.clear()
            taken.append(account_id)
        return taken

    def done(self, account_id: str, now: float, *, mails: float, pause: float = 0.0, state: str | None = None) -> None:
        """The poll has ended, at that state if it is known, and counts as so many mails. If another state was hinted
        meanwhile, the account is polled again, after `pause` seconds at the earliest."""
        account = self._accounts[account_id]
        account.polling = False
        account.state = state
        account.pace = account.pace.after_poll(mails, now)
        account.not_before = now + pause
        account.hinted -= {state} if state is not None else set()
        if not account.hinted:
            self._idle[account_id] = None
        forget_at = max(account.pace.reset_at, now + STATE_SECONDS if state is not None else now)
        self._push(account_id, account, account.due() if account.hinted else forget_at)

    def next_at(self) -> float | None:
        """When to call `take` again, perhaps only to drop an idle account; None if there are no accounts."""
        return self._heap[0][0] if self._heap else None

    def _make_room(self) -> bool:
        """Drop the longest idle account. At worst this costs a second poll for a duplicate hint."""
        longest = next(iter(self._idle), None)
        if longest is not None:
            self._forget(longest)
        return longest is not None

    def _forget(self, account_id: str) -> None:
        del self._accounts[account_id], self._idle[account_id]

    def _push(self, account_id: str, account: _Account, at: float) -> None:
        account.entry = next(self._entries)
        heapq.heappush(self._heap, (at, account.entry, account_id))

"""Which account is to be looked at, and when: at once after a quiet time, then at its pace, however many hints come."""

import heapq
import itertools
from dataclasses import dataclass, field

from postroom.domain.poll_pace import PollPace

MEMORY = 30.0
"""Seconds for which it is known which state a look found: hints of the same change come by two ways."""

_MANY = 8


@dataclass(slots=True)
class _Account:
    """`hinted_at`: the last time. `rests_until`: no look before. `hinted`: the states of which a hint spoke since the
    last look began, None for a hint without; none at all: it rests. `state`: what the last look found."""

    hinted_at: float
    rests_until: float
    pace: PollPace
    under_way: bool = False
    hinted: set[str | None] = field(default_factory=set[str | None])
    state: str | None = None
    turn: int = 0
    """the only entry of the heap that counts"""

    def due(self) -> float:
        return max(self.rests_until, self.pace.due(self.hinted_at))


class PollQueue:
    """At most `most` accounts, of which those that rest make room for a hint; times are a monotonic clock's seconds."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._accounts: dict[str, _Account] = {}
        self._resting: dict[str, None] = {}
        """Those of which something is remembered and nothing is to be done, the longest first"""
        self._heap: list[tuple[float, int, str]] = []
        self._turns = itertools.count(1)

    def hint(self, account_id: str, now: float, state: str | None = None) -> bool:
        """An account may have news. False if there is no room for it."""
        account = self._accounts.get(account_id)
        if account is None:
            if len(self._accounts) >= self._most and not self._make_room():
                return False
            account = self._accounts[account_id] = _Account(now, now, PollPace(now))
        if state is not None and state == account.state and not account.under_way:
            return True
        waits = bool(account.hinted)
        account.hinted_at = now
        account.hinted.add(state)
        if len(account.hinted) > _MANY:
            account.hinted = {None}
        self._resting.pop(account_id, None)
        if not waits and not account.under_way:
            self._push(account_id, account, max(now, account.due()))
        return True

    def take(self, limit: int, now: float) -> list[str]:
        """Accounts whose look begins now; say `done` of each."""
        taken: list[str] = []
        while self._heap and self._heap[0][0] <= now and len(taken) < limit:
            _, turn, account_id = heapq.heappop(self._heap)
            account = self._accounts.get(account_id)
            if account is None or account.turn != turn:
                continue
            if not account.hinted:
                self._forget(account_id)
                continue
            if account.due() > now:  # it was hinted again meanwhile
                self._push(account_id, account, account.due())
                continue
            account.under_way = True
            account.hinted.clear()
            taken.append(account_id)
        return taken

    def done(self, account_id: str, now: float, *, mails: float, pause: float = 0.0, state: str | None = None) -> None:
        """The look has ended, at that state if it is known, and counts as so many mails. Whatever was hinted meanwhile
        and is not that state is looked at next, after `pause` seconds at the earliest."""
        account = self._accounts[account_id]
        account.under_way = False
        account.state = state
        account.pace = account.pace.after_poll(mails, now)
        account.rests_until = now + pause
        account.hinted -= {state} if state is not None else set()
        if not account.hinted:
            self._resting[account_id] = None
        forget_at = max(account.pace.reset_at, now + MEMORY if state is not None else now)
        self._push(account_id, account, account.due() if account.hinted else forget_at)

    def next_at(self) -> float | None:
        """When to call `take` again, also if only to forget an account that rests; None as long as there are none."""
        return self._heap[0][0] if self._heap else None

    def _make_room(self) -> bool:
        """What it costs: a look more, if a hint of a state comes twice."""
        longest = next(iter(self._resting), None)
        if longest is not None:
            self._forget(longest)
        return longest is not None

    def _forget(self, account_id: str) -> None:
        del self._accounts[account_id], self._resting[account_id]

    def _push(self, account_id: str, account: _Account, at: float) -> None:
        account.turn = next(self._turns)
        heapq.heappush(self._heap, (at, account.turn, account_id))

"""Which account is to be looked at, and when: at once if it rests, once more if a look is under way.

However many hints come, one account costs a look each `rest` seconds at most.
"""

import heapq
import itertools
from dataclasses import dataclass, field

MEMORY = 30.0
"""Seconds for which it is known which state a look found: hints of the same change come by two ways."""

_MANY = 8


@dataclass(slots=True)
class _Account:
    """`free_at`: no look before. `hinted`: the states of which a hint spoke since the last look began, None for a hint
    without; none at all: it rests. `state`: what the last look found."""

    free_at: float
    under_way: bool = False
    hinted: set[str | None] = field(default_factory=set[str | None])
    state: str | None = None
    turn: int = 0
    """the only entry of the heap that counts"""


class LookQueue:
    """At most `most` accounts; times are a monotonic clock's seconds."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._accounts: dict[str, _Account] = {}
        self._heap: list[tuple[float, int, str]] = []
        self._turns = itertools.count(1)

    def hint(self, account_id: str, now: float, state: str | None = None) -> bool:
        """An account may have news. False if there is no room for it."""
        account = self._accounts.get(account_id)
        if account is None:
            if len(self._accounts) >= self._most:
                return False
            account = self._accounts[account_id] = _Account(now)
        if state is not None and state == account.state and not account.under_way:
            return True
        waits = bool(account.hinted)
        account.hinted.add(state)
        if len(account.hinted) > _MANY:
            account.hinted = {None}
        if not waits and not account.under_way:
            self._push(account_id, account, max(now, account.free_at))
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
                del self._accounts[account_id]
                continue
            account.under_way = True
            account.hinted.clear()
            taken.append(account_id)
        return taken

    def done(self, account_id: str, now: float, *, rest: float, state: str | None = None) -> None:
        """The look has ended, at that state if it is known. Whatever was hinted meanwhile and is not that state is
        looked at after `rest` seconds."""
        account = self._accounts[account_id]
        account.under_way = False
        account.state = state
        account.free_at = now + rest
        account.hinted -= {state} if state is not None else set()
        remembered = state is not None and not account.hinted
        self._push(account_id, account, now + max(rest, MEMORY) if remembered else account.free_at)

    def next_at(self) -> float | None:
        """When `take` may have something again; None as long as nothing is hinted."""
        return self._heap[0][0] if self._heap else None

    def _push(self, account_id: str, account: _Account, at: float) -> None:
        account.turn = next(self._turns)
        heapq.heappush(self._heap, (at, account.turn, account_id))

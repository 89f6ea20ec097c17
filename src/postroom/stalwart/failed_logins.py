"""Limits our failed logins: Stalwart permanently bans an IP address after 100 a day."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from cachetools import LRUCache, TLRUCache

from postroom.errors import Misconfigured
from postroom.mailboxes.ports import MailAccount, MailAuthorization
from postroom.process.telemetry import log

A_DAY = 86_400.0
MAX_A_DAY = 30
"""For each day and process: several processes and the breaker's probes together must stay below the 100."""

UNPROVEN_SHARE = 2 / 3
"""The share of it for accounts without a successful login so far. The rest is for the others: a few missing mailboxes
must not lock out everyone."""

PROVEN_AFTER = 60.0
"""Seconds after which a login that was sent and not refused counts as successful."""

BLOCK_SECONDS = 1800.0
"""Seconds for which a refused login is not sent again. They double with each further refusal of the person, up to a
day."""

CACHE_SIZE = 10_000


@dataclass(frozen=True, slots=True)
class _Block:
    until: float
    seconds: float


class FailedLogins:
    """The failed logins of one process. `at_most` a day, 0 for no limit. `monotonic` is a monotonic clock."""

    def __init__(self, at_most: int = MAX_A_DAY, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._at_most = at_most
        self._monotonic = monotonic
        self._moments: deque[float] = deque()
        self._used = LRUCache[MailAccount, float](CACHE_SIZE)
        """Since when each account's logins are sent without a refusal"""
        # Kept for as long again as the block lasted: an account without a refusal in that time has logged in. The key
        # is the account, so that a recreated one is not blocked because of the old one.
        self._blocked = TLRUCache[MailAccount, _Block](
            CACHE_SIZE, lambda _, known, now: known.until + known.seconds, monotonic
        )

    def is_blocked(self, account: MailAccount) -> bool:
        """Whether it was refused too recently."""
        known = self._blocked.get(account)
        return known is not None and self._monotonic() < known.until

    def allows(self, account: MailAccount) -> bool:
        """Whether one more login may be sent; if so, it counts as sent."""
        now = self._monotonic()
        since = self._used.get(account, now)
        if self._at_most and self._today() >= self._at_most * (1 if now - since >= PROVEN_AFTER else UNPROVEN_SHARE):
            return False
        self._used[account] = since
        return True

    def count(self) -> int:
        """Count one more refusal. Returns the number of the last 24 hours."""
        self._moments.append(self._monotonic())
        return self._today()

    def block(self, account: MailAccount) -> None:
        """It was refused, and there are no newer credentials to try. Concurrent refusals count as one."""
        self._used.pop(account, None)
        known = self._blocked.get(account)
        if not self.is_blocked(account):
            seconds = min(2 * known.seconds, A_DAY) if known else BLOCK_SECONDS
            self._blocked[account] = _Block(self._monotonic() + seconds, seconds)

    def forget(self, identity_id: UUID) -> None:
        """The addresses of a person have changed: a login that was refused may be right again."""
        for account in [account for account in self._blocked if account.identity_id == identity_id]:
            del self._blocked[account]

    def trust(self, account: MailAccount) -> None:
        """Treat it as an account that has logged in."""
        self._used[account] = self._monotonic() - PROVEN_AFTER

    def _today(self) -> int:
        while self._moments and self._monotonic() - self._moments[0] >= A_DAY:
            self._moments.popleft()
        return len(self._moments)


class LoginLimiter:
    """The port `MailAuthorization`: passes calls to `inner` as long as `failed` allows a login. No other code needs to
    know about the limit."""

    def __init__(self, inner: MailAuthorization, failed: FailedLogins) -> None:
        self._inner = inner
        self._failed = failed
        self.forget = failed.forget

    async def header(self, account: MailAccount) -> str:
        if self._failed.is_blocked(account):
            raise Misconfigured(f"mail server refuses {account.email}; it is tried again later", unauthorized=True)
        # First: a refused master account is checked by its own login, however many others failed.
        header = await self._inner.header(account)
        if not self._failed.allows(account):
            raise Misconfigured(
                "mail server has refused too many of our logins today; no further account is logged in for now",
                unauthorized=True,
            )
        return header

    async def refused(self, account: MailAccount, header: str) -> bool:
        today = self._failed.count()
        log.warning("Mail server refused a login of ours", identity_id=str(account.identity_id), in_a_day=today)
        fresh = await self._inner.refused(account, header)
        if fresh:
            self._failed.trust(account)
        else:
            self._failed.block(account)
        return fresh

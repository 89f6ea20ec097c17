"""The logins of ours that Stalwart refused: it bans an address after 100 a day, and then for ever."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from cachetools import LRUCache, TLRUCache

from postroom.errors import Misconfigured
from postroom.mail.ports import MailAccount, MailAuthorization
from postroom.telemetry import log

A_DAY = 86_400.0
AT_MOST = 30
"""A day and process: several of these and the breaker's probes are to stay below the 100."""

FOR_NEWCOMERS = 2 / 3
"""The part of it that people may use up who have not got in yet. The rest is for those who have: a few mailboxes that
are gone must not keep everybody out."""

SETTLED = 60.0
"""Seconds after which a login that was sent and not refused has got in."""

REFUSED_FOR = 1800.0
"""Seconds for which whoever was refused is not sent again. For a person who is refused again and again they double, up
to a day."""

CACHE_SIZE = 10_000


@dataclass(frozen=True, slots=True)
class _ShutOut:
    until: float
    seconds: float


class FailedLogins:
    """Those of one process, whoever logs in. `at_most` in a day, 0 for no limit. `monotonic` is the passing of time."""

    def __init__(self, at_most: int = AT_MOST, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._at_most = at_most
        self._monotonic = monotonic
        self._moments: deque[float] = deque()
        self._used = LRUCache[MailAccount, float](CACHE_SIZE)
        """Since when each is sent without a refusal"""
        # Whoever has not been refused for as long as he was shut out had got in. By the account: one that was made anew
        # is not shut out for the one that was gone.
        self._shut_out = TLRUCache[MailAccount, _ShutOut](
            CACHE_SIZE, lambda _, known, now: known.until + known.seconds, monotonic
        )

    def is_blocked(self, account: MailAccount) -> bool:
        """Whether it was refused too short a time ago."""
        known = self._shut_out.get(account)
        return known is not None and self._monotonic() < known.until

    def allows(self, account: MailAccount) -> bool:
        """Whether there is room for one more login; if so, it counts as sent."""
        now = self._monotonic()
        since = self._used.get(account, now)
        if self._at_most and self._today() >= self._at_most * (1 if now - since >= SETTLED else FOR_NEWCOMERS):
            return False
        self._used[account] = since
        return True

    def count(self) -> int:
        """One more was refused. Returns how many that were of late."""
        self._moments.append(self._monotonic())
        return self._today()

    def shut_out(self, account: MailAccount) -> None:
        """It was refused, and there is nothing fresher to try. Refusals of what was under way at once are one."""
        self._used.pop(account, None)
        known = self._shut_out.get(account)
        if not self.is_blocked(account):
            seconds = min(2 * known.seconds, A_DAY) if known else REFUSED_FOR
            self._shut_out[account] = _ShutOut(self._monotonic() + seconds, seconds)

    def vouch(self, account: MailAccount) -> None:
        """It will get in."""
        self._used[account] = self._monotonic() - SETTLED

    def _today(self) -> int:
        while self._moments and self._monotonic() - self._moments[0] >= A_DAY:
            self._moments.popleft()
        return len(self._moments)


class LoginLimiter:
    """The port `MailAuthorization`: that of `inner`, as long as `failed` allows it. Of who logs in for people nobody
    else needs to know when not to."""

    def __init__(self, inner: MailAuthorization, failed: FailedLogins) -> None:
        self._inner = inner
        self._failed = failed

    async def header(self, account: MailAccount) -> str:
        if self._failed.is_blocked(account):
            raise Misconfigured(f"mail server refuses {account.email}; it is asked again later", unauthorized=True)
        # First: a master account in doubt is asked for by its own login, whatever else failed.
        header = await self._inner.header(account)
        if not self._failed.allows(account):
            raise Misconfigured(
                "mail server has refused too many logins of ours today; nobody new is logged in until tomorrow",
                unauthorized=True,
            )
        return header

    async def refused(self, account: MailAccount, header: str) -> bool:
        today = self._failed.count()
        log.warning("Mail server refused a login of ours", identity_id=str(account.identity_id), in_a_day=today)
        fresh = await self._inner.refused(account, header)
        if fresh:
            self._failed.vouch(account)
        else:
            self._failed.shut_out(account)
        return fresh

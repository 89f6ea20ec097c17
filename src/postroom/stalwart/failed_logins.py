"""The logins of ours that Stalwart refused: it bans an address after 100 a day, and then for ever."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable

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

REMEMBERED = 10_000


class FailedLogins:
    """Those of one process, whoever logs in. `at_most` in a day, 0 for no limit. Times are seconds of any clock."""

    def __init__(self, at_most: int = AT_MOST) -> None:
        self._at_most = at_most
        self._moments: deque[float] = deque()
        self._used: OrderedDict[str, float] = OrderedDict()
        """Since when each is sent without a refusal"""

    def allows(self, login: str, now: float) -> bool:
        """Whether it may be sent; if so, it counts as sent."""
        while self._moments and now - self._moments[0] >= A_DAY:
            self._moments.popleft()
        since = self._used.get(login)
        got_in = since is not None and now - since >= SETTLED
        if self._at_most and len(self._moments) >= self._at_most * (1 if got_in else FOR_NEWCOMERS):
            return False
        self._use(login, now if since is None else since)
        return True

    def note(self, now: float, login: str) -> int:
        """The mail server refused it. Returns how many that were of late."""
        self._used.pop(login, None)
        self._moments.append(now)
        return len(self._moments)

    def vouch(self, login: str, now: float) -> None:
        """It will get in."""
        self._use(login, now - SETTLED)

    def _use(self, login: str, since: float) -> None:
        self._used[login] = since
        self._used.move_to_end(login)
        if len(self._used) > REMEMBERED:
            self._used.popitem(last=False)


class SparingLogins:
    """The port `MailAuthorization`: that of `inner`, as long as `failed` allows it. `monotonic` is the passing of
    time."""

    def __init__(
        self, inner: MailAuthorization, failed: FailedLogins, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._inner = inner
        self._failed = failed
        self._monotonic = monotonic

    async def header(self, account: MailAccount) -> str:
        # First: a master account in doubt is asked for by its own login, whatever else failed.
        header = await self._inner.header(account)
        if not self._failed.allows(account.account_id, self._monotonic()):
            raise Misconfigured(
                "mail server has refused too many logins of ours today; nobody new is logged in until tomorrow",
                unauthorized=True,
            )
        return header

    async def refused(self, account: MailAccount, header: str) -> bool:
        today = self._failed.note(self._monotonic(), account.account_id)
        log.warning("Mail server refused a login of ours", identity_id=str(account.identity_id), in_a_day=today)
        fresh = await self._inner.refused(account, header)
        if fresh:
            self._failed.vouch(account.account_id, self._monotonic())
        return fresh

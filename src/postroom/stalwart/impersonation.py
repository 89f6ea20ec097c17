"""Acting for a person by a master account, whose role holds `authenticate` and `impersonate`."""

import asyncio
import base64
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from postroom.errors import ConfigurationError, MailServerError, Misconfigured, Permanent
from postroom.mail.ports import MailAccount
from postroom.stalwart.answers import Busy, WrongGeneration
from postroom.stalwart.client import StalwartClient
from postroom.stalwart.failed_logins import A_DAY, FailedLogins
from postroom.stalwart.permissions import permissions
from postroom.telemetry import log

REFUSED_FOR = 1800.0
"""Seconds for which whoever was refused is not sent again: Stalwart bans a host after 100 failed logins a day, and
then it takes no request of ours any more. For a person who is refused again and again they double, up to a day."""

_DEADLINE = 5.0


@dataclass(frozen=True, slots=True)
class _ShutOut:
    until: float
    seconds: float


async def _nobody_asks(header: str) -> bool:
    del header
    return True


class Impersonation:
    """The port `MailAuthorization`: logs in as `<person>%<master>` with the master's own password.

    `master` is `user@domain:password`. Stalwart refuses an app password or a key in its place. `takes` tells whether
    the mail server takes the header by which the master logs in as itself: a person's 401 says only that one of the
    two is wrong. If it does not, that is counted in `failed`. `monotonic` is the passing of time.
    """

    def __init__(
        self,
        master: str,
        takes: Callable[[str], Awaitable[bool]] = _nobody_asks,
        *,
        failed: FailedLogins | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        login, colon, password = master.partition(":")
        local_part, _, domain = login.rpartition("@")
        if not colon or not local_part or not domain or not password or "%" in login:
            # Without the value: it holds a password.
            raise ConfigurationError("POSTROOM_MAIL_MASTER: user@domain:password of a Stalwart account is needed")
        self.login = login
        self._password = password
        self._takes = takes
        self._failed = failed or FailedLogins()
        self._monotonic = monotonic
        self._doubted = False
        self._ask_after = 0.0
        self._asking = asyncio.Lock()
        self._refused: dict[MailAccount, _ShutOut] = {}
        """By the account: one that was made anew is not shut out for the one that was gone"""

    @property
    def own_header(self) -> str:
        """By which the master logs in as itself."""
        return basic(self.login, self._password)

    async def header(self, account: MailAccount) -> str:
        if self._doubted and not await self.known():
            raise Misconfigured(f"mail server refuses POSTROOM_MAIL_MASTER ({self.login})", unauthorized=True)
        login = login_of(account)
        shut_out = self._refused.get(account)
        if shut_out and self._monotonic() < shut_out.until:
            raise Misconfigured(f"mail server knows no {login}; it is asked again later", unauthorized=True)
        return basic(f"{login}%{self.login}", self._password)

    async def refused(self, account: MailAccount, header: str) -> bool:
        """There is nothing fresher: the master's password is wrong, or the account is gone."""
        now = self._monotonic()
        # Whoever has not been refused for as long as he was shut out had got in.
        self._refused = {each: known for each, known in self._refused.items() if now < known.until + known.seconds}
        before = self._refused.get(account)
        if before is None or now >= before.until:
            seconds = min(2 * before.seconds, A_DAY) if before else REFUSED_FOR
            self._refused[account] = _ShutOut(now + seconds, seconds)
        if not await self.known():
            self._refused.clear()  # it was not theirs
        return False

    async def known(self) -> bool:
        """Whether the mail server takes the master account; where that cannot be told now, True. Asked anew only
        `REFUSED_FOR` after it did not."""
        async with self._asking:
            if self._doubted and self._monotonic() < self._ask_after:
                return False
            self._doubted = not await self._takes(self.own_header)
            if self._doubted:
                self._ask_after = self._monotonic() + REFUSED_FOR
                self._failed.note(self._monotonic(), self.login)
                log.error(
                    "Mail server refuses POSTROOM_MAIL_MASTER: nobody reaches his mail; correct it and restart",
                    login=self.login,
                )
            return not self._doubted


def taken_at(url: str) -> Callable[[str], Awaitable[bool]]:
    """The `takes` of the mail server at `url`; False only if it is well and refuses the header."""

    async def takes(header: str) -> bool:
        client = StalwartClient(url, header)
        try:
            await permissions(client, deadline=_DEADLINE)
        except Misconfigured as error:
            return not error.unauthorized
        except (MailServerError, Busy, WrongGeneration):
            return True
        finally:
            await client.aclose()
        return True

    return takes


def login_of(account: MailAccount) -> str:
    """Raises `Permanent` for an address that would make a login mean somebody else."""
    # Stalwart takes what follows the last % for the master, and what follows the first : for the password.
    if "%" in account.email or ":" in account.email:
        raise Permanent("the address of this mailbox holds % or :, so nobody can be logged in to it")
    return account.email


def basic(login: str, password: str) -> str:
    """RFC 7617 §2."""
    return "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode()

"""Acting for a person by a master account, whose role holds `authenticate` and `impersonate`."""

import asyncio
import base64
import time
from collections.abc import Awaitable, Callable

from postroom.errors import ConfigurationError, MailServerError, Misconfigured, Permanent
from postroom.mail.ports import MailAccount
from postroom.stalwart.error_mapping import Busy, WrongGeneration
from postroom.stalwart.failed_logins import REFUSED_FOR, FailedLogins
from postroom.stalwart.permissions import permissions
from postroom.stalwart.registry_client import StalwartClient
from postroom.telemetry import log

_DEADLINE = 5.0


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

    @property
    def own_header(self) -> str:
        """By which the master logs in as itself."""
        return basic(self.login, self._password)

    async def header(self, account: MailAccount) -> str:
        if self._doubted:
            await self._require_known()
        return basic(f"{login_of(account)}%{self.login}", self._password)

    async def refused(self, account: MailAccount, header: str) -> bool:
        """There is nothing fresher: the account is gone, or the master's password is wrong, which raises
        `Misconfigured`."""
        await self._require_known()
        return False

    async def _require_known(self) -> None:
        if not await self.known():
            raise Misconfigured(f"mail server refuses POSTROOM_MAIL_MASTER ({self.login})", unauthorized=True)

    async def known(self) -> bool:
        """Whether the mail server takes the master account; where that cannot be told now, True. Asked anew only
        `REFUSED_FOR` after it did not."""
        async with self._asking:
            if self._doubted and self._monotonic() < self._ask_after:
                return False
            self._doubted = not await self._takes(self.own_header)
            if self._doubted:
                self._ask_after = self._monotonic() + REFUSED_FOR
                self._failed.count()
                log.error(
                    "Mail server refuses POSTROOM_MAIL_MASTER: nobody reaches his mail; correct it and restart",
                    login=self.login,
                )
            return not self._doubted


def accepted_at(url: str) -> Callable[[str], Awaitable[bool]]:
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

"""Acts for a person by a master account, whose role has `authenticate` and `impersonate`."""

import asyncio
import base64
import time
from collections.abc import Awaitable, Callable
from hashlib import sha256

from postroom.errors import ConfigurationError, MailServerError, Misconfigured, Permanent
from postroom.mailboxes.ports import MailAccount
from postroom.process.telemetry import log
from postroom.stalwart.error_mapping import Busy, WrongGeneration
from postroom.stalwart.failed_logins import BLOCK_SECONDS, FailedLogins
from postroom.stalwart.permissions import permissions
from postroom.stalwart.registry_client import StalwartClient

_DEADLINE = 5.0


async def _always_accepted(header: str) -> bool:
    del header
    return True


class Impersonation:
    """The port `MailAuthorization`: logs in as `<person>%<master>` with the master's own password.

    `master` is `user@domain:password`. Stalwart refuses an app password or a key instead. `accepts` checks whether the
    mail server accepts the master's login as itself: a 401 for a person says only that one of the two is wrong. If it
    does not, that is counted in `failed`. `monotonic` is a monotonic clock.
    """

    def __init__(
        self,
        master: str,
        accepts: Callable[[str], Awaitable[bool]] = _always_accepted,
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
        self._accepts = accepts
        self._failed = failed or FailedLogins()
        self._monotonic = monotonic
        self._refused_before = False
        self._check_after = 0.0
        self._checking = asyncio.Lock()

    @property
    def own_header(self) -> str:
        """The header by which the master logs in as itself."""
        return basic(self.login, self._password)

    async def header(self, account: MailAccount) -> str:
        if self._refused_before:
            await self._require_accepted()
        return basic(f"{login_of(account)}%{self.login}", self._password)

    async def refused(self, account: MailAccount, header: str) -> bool:
        """There are no newer credentials: the account is missing, or the master's password is wrong, which raises
        `Misconfigured`."""
        await self._require_accepted()
        return False

    async def _require_accepted(self) -> None:
        if not await self.is_accepted():
            raise Misconfigured(f"mail server refuses POSTROOM_MAIL_MASTER ({self.login})", unauthorized=True)

    async def is_accepted(self) -> bool:
        """Whether the mail server accepts the master account; True if that cannot be checked now. After a refusal it is
        checked again only after `BLOCK_SECONDS`."""
        async with self._checking:
            if self._refused_before and self._monotonic() < self._check_after:
                return False
            self._refused_before = not await self._accepts(self.own_header)
            if self._refused_before:
                self._check_after = self._monotonic() + BLOCK_SECONDS
                self._failed.count()
                log.error(
                    "Mail server refuses POSTROOM_MAIL_MASTER: no person can access their mail; correct it and restart",
                    login=self.login,
                )
            return not self._refused_before


def accepted_at(url: str) -> Callable[[str], Awaitable[bool]]:
    """The `accepts` for the mail server at `url`: False only if it is healthy and refuses the header."""

    async def accepts(header: str) -> bool:
        client = StalwartClient(url, header)
        try:
            await permissions(client, deadline=_DEADLINE)
        except (MailServerError, Busy, WrongGeneration):
            return not client.refused  # any 401: also one with a proxy's body may be a failed login
        finally:
            await client.aclose()
        return True

    return accepts


def login_of(account: MailAccount) -> str:
    """Its address, in a spelling of its own, as far as the letters suffice. Raises `Permanent` for an address that
    would make it a login as another account."""
    # Stalwart takes the part after the last % for the master, and the part after the first : for the password.
    if "%" in account.email or ":" in account.email:
        raise Permanent("the address of this mailbox holds % or :, so no login to it is possible")
    # Stalwart remembers a login by its text, in the case in which it was written, and goes on opening the account that
    # the text first meant, also after the address has passed to another one. So each account has a spelling. A short
    # address has few: whoever uses a login compares the account that it opens.
    bits = int.from_bytes(sha256(account.account_id.encode()).digest())
    return "".join(letter.upper() if bits >> position & 1 else letter for position, letter in enumerate(account.email))


def basic(login: str, password: str) -> str:
    """RFC 7617 §2."""
    return "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode()

"""Checks that a login at the mail server leads to the person's own account before anything is requested with it.

Postroom logs in by address, and an operator can give an address to another account. Uploads and downloads would not
show it: Stalwart accepts any account id in their paths (seen on 0.16.19). A refused login may mean a missing mailbox.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import cast

from cachetools import TTLCache

from postroom.errors import DatabaseUnavailable, MailServerError, Misconfigured, PostroomError
from postroom.gateway.methods import CORE, MAIL
from postroom.gateway.problems import elsewhere, mailbox_not_ready, unusable
from postroom.gateway.upstream import Upstream, UpstreamRequest, UpstreamResponse
from postroom.http.json_object import JsonObject, as_object, json_object
from postroom.http.problems import Problem
from postroom.mailboxes.ports import MailAccount
from postroom.process.telemetry import log

CACHE_SECONDS = 600.0
"""Seconds"""
CACHE_SIZE = 10_000
_MAX_SESSION = 1_000_000


class OwnAccount:
    """`session_path` is the path of the mail server's session object, `monotonic` a monotonic clock. `verify` raises
    `MailboxMissing` if the mail server does not have an account whose login it refused, and other errors if that cannot
    be found out."""

    def __init__(
        self,
        upstream: Upstream,
        session_path: str,
        *,
        monotonic: Callable[[], float],
        verify: Callable[[MailAccount], Awaitable[None]],
    ) -> None:
        self._upstream = upstream
        self._session_path = session_path
        self._verify = verify
        self._checked = TTLCache[MailAccount, JsonObject](CACHE_SIZE, CACHE_SECONDS, monotonic)

    async def session(self, account: MailAccount) -> JsonObject:
        """The mail server's session object. Raises `Problem` if the login leads to another account, and what
        `Upstream.send` raises."""
        request = UpstreamRequest("GET", self._session_path, {"Accept": "application/json"})
        async with self._verify_if_refused(account):
            async with self._upstream.send(account, request) as response:
                found = json_object(await response.read(_MAX_SESSION))
            _require_own(found, account)
        self._checked[account] = as_object(found.get("capabilities"))
        return found

    async def limit(self, account: MailAccount, name: str, ours: int) -> int:
        """The lower of ours and the mail server's limit of this name, as in the session object. Raises what `session`
        raises."""
        theirs = as_object((await self._capabilities(account)).get(CORE)).get(name)
        return min(theirs, ours) if isinstance(theirs, int) else ours

    async def has(self, account: MailAccount, capability: str) -> bool:
        """Whether the mail server has it. Raises what `session` raises."""
        return capability in await self._capabilities(account)

    async def _capabilities(self, account: MailAccount) -> JsonObject:
        if account not in self._checked:
            await self.session(account)
        return self._checked.get(account, {})

    @asynccontextmanager
    async def send(self, account: MailAccount, request: UpstreamRequest) -> AsyncGenerator[UpstreamResponse]:
        """As `Upstream.send`, after the login was checked."""
        if account not in self._checked:
            await self.session(account)
        try:
            async with self._verify_if_refused(account), self._upstream.send(account, request) as response:
                yield response
        except PostroomError as error:
            if isinstance(error, Problem) and error.code == "mail_server_away":
                self._checked.clear()  # it may have been restored from a backup, with other accounts
            # A mistake of the client says nothing about the account.
            elif not isinstance(error, Problem) or error.status >= 500:
                self._checked.pop(account, None)
            raise

    @asynccontextmanager
    async def _verify_if_refused(self, account: MailAccount) -> AsyncGenerator[None]:
        """If the login is refused, check whether the mailbox is missing."""
        try:
            yield
        except (Problem, Misconfigured) as error:
            # `Misconfigured`: this login was refused before, and Postroom does not try it again for a while.
            if isinstance(error, Misconfigured) or error.code == "mail_server_misconfigured":
                with suppress(MailServerError, DatabaseUnavailable):  # then only the refusal can be reported
                    await self._verify(account)
            raise


def _require_own(session: JsonObject, account: MailAccount) -> None:
    primary = session.get("primaryAccounts")
    if not isinstance(primary, dict):
        raise unusable()
    own = cast(JsonObject, primary).get(MAIL)
    if own is None:
        raise mailbox_not_ready()
    if own != account.account_id:
        log.error(
            "The address of a mailbox opens another account at the mail server; access is refused until the address is "
            "corrected there, or the mail server has forgotten whose it was",
            identity_id=str(account.identity_id),
            account_id=account.account_id,
        )
        raise elsewhere()

"""The account behind a login: the person's own, or nothing is asked of it.

We log in by address, and an operator can give an address to somebody else. The paths of uploads and downloads would not
show it: Stalwart takes any account id there (tried on 0.16.19). Whose login is refused may have no mailbox any more.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import cast

from cachetools import TTLCache

from postroom.errors import DatabaseUnavailable, MailServerError, Misconfigured, PostroomError
from postroom.gateway.methods import MAIL
from postroom.gateway.problems import mailbox_not_ready, refuses_us, unusable
from postroom.gateway.upstream import Ask, Upstream, UpstreamResponse
from postroom.json_object import JsonObject, json_object
from postroom.mail.ports import MailAccount
from postroom.problems import Problem
from postroom.telemetry import log

CACHE_SECONDS = 600.0
"""Seconds"""
CACHE_SIZE = 10_000
_MAX_SESSION = 1_000_000


class OwnAccount:
    """`session_path` is where the mail server has the session, `monotonic` the passing of time. `verify` raises
    `MailboxMissing` unless the mail server has the account of somebody who is refused, or another error if that cannot
    be told."""

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
        self._known = TTLCache[MailAccount, None](CACHE_SIZE, CACHE_SECONDS, monotonic)

    async def session(self, account: MailAccount) -> JsonObject:
        """The mail server's session object. Raises `Problem` unless its login is the account's, and what
        `Upstream.ask` raises."""
        ask = Ask("GET", self._session_path, {"Accept": "application/json"})
        async with self._missed(account):
            async with self._upstream.ask(account, ask) as answer:
                found = json_object(await answer.read(_MAX_SESSION))
            _require_own(found, account)
        self._known[account] = None
        return found

    @asynccontextmanager
    async def ask(self, account: MailAccount, ask: Ask) -> AsyncGenerator[UpstreamResponse]:
        """As `Upstream.ask`, once it is known whose login it is."""
        if account not in self._known:
            await self.session(account)
        try:
            async with self._missed(account), self._upstream.ask(account, ask) as answer:
                yield answer
        except PostroomError as error:
            if isinstance(error, Problem) and error.code == "mail_server_away":
                self._known.clear()  # it may come back out of a backup, with other accounts
            # What the client did wrong says nothing about the account.
            elif not isinstance(error, Problem) or error.status >= 500:
                self._known.pop(account, None)
            raise

    @asynccontextmanager
    async def _missed(self, account: MailAccount) -> AsyncGenerator[None]:
        """Who is refused is looked for: perhaps the mailbox is missing."""
        try:
            yield
        except (Problem, Misconfigured) as error:
            # `Misconfigured`: another part of us was refused, and the person is not logged in again for a while.
            if isinstance(error, Misconfigured) or error.code == "mail_server_misconfigured":
                with suppress(MailServerError, DatabaseUnavailable):  # then what was refused is all that can be told
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
            "The address of a mailbox is another account's at the mail server: nobody reads there; correct the address",
            identity_id=str(account.identity_id),
            account_id=account.account_id,
        )
        raise refuses_us()

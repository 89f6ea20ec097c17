"""Acting for a person by an app password of his account, made at first need and kept encrypted."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

from cachetools import FIFOCache

from postroom.errors import MailServerError, Misconfigured, Transient
from postroom.mail.app_passwords import (
    WEBMAIL,
    AppPasswords,
    MailCredential,
    MailCredentials,
    NewAppPassword,
    TooManyAppPasswords,
)
from postroom.mail.ports import MailAccount
from postroom.stalwart.impersonation import basic, login_of
from postroom.stalwart.password_cipher import PasswordCipher
from postroom.telemetry import log

T = TypeVar("T")

REMAKE_AFTER = 900.0
"""Seconds. A younger one that is refused is not made anew at once: something else is wrong. When the person is
logged in again is known to `LoginLimiter`."""

ABANDONED_AFTER = timedelta(minutes=1)
"""One of ours that nobody keeps: whoever made it has long had the time to keep it, or was killed."""

CACHE_SIZE = 10_000
"""People whose header is held in memory, so that their requests cost no look into the database."""


@dataclass(frozen=True, slots=True)
class _Held:
    account: MailAccount
    header: str


class StoredPasswords:
    """The port `MailAuthorization`. One piece of work at a time for each person; over processes, the first to keep
    its app password wins, and the other revokes its own."""

    def __init__(
        self,
        app_passwords: AppPasswords,
        credentials: MailCredentials,
        cipher: PasswordCipher,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._app_passwords = app_passwords
        self._credentials = credentials
        self._cipher = cipher
        self._now = now
        self._held = FIFOCache[UUID, _Held](CACHE_SIZE)
        self._refused = FIFOCache[UUID, str](CACHE_SIZE)
        """The last of each person's headers that is not sent again"""
        self._locks: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()
        self._work: set[asyncio.Task[object]] = set()

    async def header(self, account: MailAccount) -> str:
        held = self._held.get(account.identity_id)
        if held and held.account == account:
            return held.header
        return await self._exclusive(account, lambda: self._find(account))

    async def refused(self, account: MailAccount, header: str) -> bool:
        return await self._exclusive(account, lambda: self._renew(account, header))

    async def _find(self, account: MailAccount) -> str:
        held = self._held.get(account.identity_id)
        if held and held.account == account:
            return held.header
        kept = await self._kept(account)
        secret = self._open(account, kept)
        if kept is None or secret is None:
            return await self._make(account, kept)
        header = basic(login_of(account), secret)
        if header == self._refused.get(account.identity_id):
            return await self._make(account, kept)
        return self._hold(account, header)

    async def _renew(self, account: MailAccount, header: str) -> bool:
        held = self._held.get(account.identity_id)
        if held and held.header != header:
            return True
        self._held.pop(account.identity_id, None)
        kept = await self._kept(account)
        secret = self._open(account, kept)
        if secret is not None and basic(login_of(account), secret) != header:
            return True  # another process has made it anew
        # Before another is made, which may fail: this one is not sent again, whatever comes.
        self._refused[account.identity_id] = header
        if kept is not None and kept.age < REMAKE_AFTER:
            log.warning("Mail server refuses an app password that is new", identity_id=str(account.identity_id))
            return False
        await self._make(account, kept)
        return True

    async def _kept(self, account: MailAccount) -> MailCredential | None:
        return await self._credentials.of(account.identity_id)

    def _open(self, account: MailAccount, kept: MailCredential | None) -> str | None:
        """The secret that is kept, if it is of this account and can be read. Raises `Misconfigured`."""
        if kept is None or kept.account_id != account.account_id:
            return None
        secret = self._cipher.decrypt(account, kept.encrypted)
        if secret is None and kept.age < REMAKE_AFTER:
            raise Misconfigured(
                "an app password was sealed a moment ago with another POSTROOM_ENCRYPTION_KEY, or for another person; "
                "give all processes the same key"
            )
        return secret

    async def _make(self, account: MailAccount, instead_of: MailCredential | None) -> str:
        """The header with a new app password, or with the one that another process has made meanwhile."""
        login = login_of(account)  # before anything is made in vain
        made = await self._make_room_and_make(account)
        credential = MailCredential(
            account.identity_id,
            account.account_id,
            made.app_password.id,
            self._cipher.encrypt(account, made.secret),
        )
        if await self._credentials.store(credential, instead_of=instead_of):
            log.info("Made an app password for the webmail", identity_id=str(account.identity_id))
            if instead_of and instead_of.account_id == account.account_id:
                await self._revoke_ours(account, instead_of.app_password_id, but=made.app_password.id)
            return self._hold(account, basic(login, made.secret))
        await self._revoke_ours(account, made.app_password.id)
        secret = self._open(account, await self._kept(account))
        if secret is None:
            raise Transient("another process is making an app password for this mailbox")
        return self._hold(account, basic(login, secret))

    async def _make_room_and_make(self, account: MailAccount) -> NewAppPassword:
        try:
            return await self._app_passwords.make(account, WEBMAIL)
        except TooManyAppPasswords:
            if not await self._revoke_abandoned(account):
                raise
            return await self._app_passwords.make(account, WEBMAIL)

    async def _revoke_abandoned(self, account: MailAccount) -> int:
        """Those of our name that nobody uses: we were about to replace the one that is kept, if any."""
        before = self._now() - ABANDONED_AFTER
        ours = [each for each in await self._app_passwords.of(account) if each.name == WEBMAIL]
        abandoned = [each for each in ours if each.created_at < before]
        for each in abandoned:
            await self._app_passwords.revoke(account, each.id)
        return len(abandoned)

    async def _revoke_ours(self, account: MailAccount, app_password_id: str, *, but: str | None = None) -> None:
        """An id is no proof, for it may have been given again; nor is it worth an error that one too many is left."""
        try:
            for each in await self._app_passwords.of(account):
                if each.id == app_password_id != but and each.name == WEBMAIL:
                    await self._app_passwords.revoke(account, each.id)
        except MailServerError as error:
            log.warning("Left an app password behind", identity_id=str(account.identity_id), error=str(error))

    def _hold(self, account: MailAccount, header: str) -> str:
        self._held[account.identity_id] = _Held(account, header)
        return header

    async def _exclusive(self, account: MailAccount, work: Callable[[], Awaitable[T]]) -> T:
        """`work`, when nobody else works for this person. It goes on if the caller does not wait for it: a browser
        that is closed must not leave an app password that nobody keeps."""
        lock = self._locks.setdefault(account.identity_id, asyncio.Lock())

        async def turn() -> T:
            async with lock:
                return await work()

        task = asyncio.create_task(turn())
        self._work.add(task)
        task.add_done_callback(self._done)
        return await asyncio.shield(task)

    def _done(self, task: asyncio.Task[object]) -> None:
        self._work.discard(task)
        if not task.cancelled():
            task.exception()  # asked for, since nobody may be left to hear it

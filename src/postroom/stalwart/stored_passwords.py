"""Acts for a person by an app password of their account, made at first need and stored encrypted."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

from cachetools import FIFOCache

from postroom.devices.app_passwords import (
    WEBMAIL,
    AppPasswords,
    MailCredential,
    MailCredentials,
    NewAppPassword,
    TooManyAppPasswords,
)
from postroom.errors import MailServerError, Misconfigured, Transient
from postroom.mailboxes.ports import MailAccount
from postroom.process.telemetry import log
from postroom.stalwart.impersonation import basic, login_of
from postroom.stalwart.password_cipher import PasswordCipher

T = TypeVar("T")

REMAKE_AFTER = 900.0
"""Seconds. If a younger one is refused, it is not replaced at once: something else is wrong. `LoginLimiter` decides
when the login is tried again."""

ABANDONED_AFTER = timedelta(minutes=1)
"""An app password of ours that is still not stored after this time was left by a killed process."""

CACHE_SIZE = 10_000
"""People whose header is cached in memory, so that their requests need no query."""


@dataclass(frozen=True, slots=True)
class _Cached:
    account: MailAccount
    header: str


class StoredPasswords:
    """The port `MailAuthorization`. It does one thing at a time for each person. Of several processes, the first to
    store its app password wins, and the others revoke their own."""

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
        self._cached = FIFOCache[UUID, _Cached](CACHE_SIZE)
        self._refused = FIFOCache[UUID, str](CACHE_SIZE)
        """The last refused header of each person, which is not sent again"""
        self._locks: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()
        self._work: set[asyncio.Task[object]] = set()

    async def header(self, account: MailAccount) -> str:
        cached = self._cached.get(account.identity_id)
        if cached and cached.account == account:
            return cached.header
        return await self._exclusive(account, lambda: self._find(account))

    async def refused(self, account: MailAccount, header: str) -> bool:
        return await self._exclusive(account, lambda: self._renew(account, header))

    async def _find(self, account: MailAccount) -> str:
        cached = self._cached.get(account.identity_id)
        if cached and cached.account == account:
            return cached.header
        stored = await self._stored(account)
        secret = self._decrypt(account, stored)
        if stored is None or secret is None:
            return await self._make(account, stored)
        header = basic(login_of(account), secret)
        if header == self._refused.get(account.identity_id):
            return await self._make(account, stored)
        return self._cache(account, header)

    async def _renew(self, account: MailAccount, header: str) -> bool:
        cached = self._cached.get(account.identity_id)
        if cached and cached.header != header:
            return True
        self._cached.pop(account.identity_id, None)
        stored = await self._stored(account)
        secret = self._decrypt(account, stored)
        if secret is not None and basic(login_of(account), secret) != header:
            return True  # another process has replaced it
        # Before a new one is made, which may fail: this one must not be sent again.
        self._refused[account.identity_id] = header
        if stored is not None and stored.age < REMAKE_AFTER:
            log.warning("Mail server refuses an app password that is new", identity_id=str(account.identity_id))
            return False
        await self._make(account, stored)
        return True

    async def _stored(self, account: MailAccount) -> MailCredential | None:
        return await self._credentials.of(account.identity_id)

    def _decrypt(self, account: MailAccount, stored: MailCredential | None) -> str | None:
        """The stored secret, if it belongs to this account and can be decrypted. Raises `Misconfigured`."""
        if stored is None or stored.account_id != account.account_id:
            return None
        secret = self._cipher.decrypt(account, stored.encrypted)
        if secret is None and stored.age < REMAKE_AFTER:
            raise Misconfigured(
                "an app password was just encrypted with another POSTROOM_ENCRYPTION_KEY, or for another person; "
                "give all processes the same key"
            )
        return secret

    async def _make(self, account: MailAccount, instead_of: MailCredential | None) -> str:
        """The header with a new app password, or with one that another process has stored meanwhile."""
        login = login_of(account)  # may raise: before an app password is made
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
            return self._cache(account, basic(login, made.secret))
        await self._revoke_ours(account, made.app_password.id)
        secret = self._decrypt(account, await self._stored(account))
        if secret is None:
            raise Transient("another process is making an app password for this mailbox")
        return self._cache(account, basic(login, secret))

    async def _make_room_and_make(self, account: MailAccount) -> NewAppPassword:
        try:
            return await self._app_passwords.make(account, WEBMAIL)
        except TooManyAppPasswords:
            if not await self._revoke_abandoned(account):
                raise
            return await self._app_passwords.make(account, WEBMAIL)

    async def _revoke_abandoned(self, account: MailAccount) -> int:
        """Revoke those with our name that are not in use: the stored one, if any, is about to be replaced anyway."""
        before = self._now() - ABANDONED_AFTER
        ours = [each for each in await self._app_passwords.of(account) if each.name == WEBMAIL]
        abandoned = [each for each in ours if each.created_at < before]
        for each in abandoned:
            await self._app_passwords.revoke(account, each.id)
        return len(abandoned)

    async def _revoke_ours(self, account: MailAccount, app_password_id: str, *, but: str | None = None) -> None:
        """Revoke by id and name, since an id may have been reused. A failure only leaves one app password too many."""
        try:
            for each in await self._app_passwords.of(account):
                if each.id == app_password_id != but and each.name == WEBMAIL:
                    await self._app_passwords.revoke(account, each.id)
        except MailServerError as error:
            log.warning("Left an app password behind", identity_id=str(account.identity_id), error=str(error))

    def _cache(self, account: MailAccount, header: str) -> str:
        self._cached[account.identity_id] = _Cached(account, header)
        return header

    async def _exclusive(self, account: MailAccount, work: Callable[[], Awaitable[T]]) -> T:
        """Run `work`, one at a time for each person. It goes on if the caller is cancelled: a closed browser must not
        leave an app password that is not stored."""
        lock = self._locks.setdefault(account.identity_id, asyncio.Lock())

        async def run() -> T:
            async with lock:
                return await work()

        task = asyncio.create_task(run())
        self._work.add(task)
        task.add_done_callback(self._done)
        return await asyncio.shield(task)

    def _done(self, task: asyncio.Task[object]) -> None:
        self._work.discard(task)
        if not task.cancelled():
            task.exception()  # retrieved, since the caller may be gone and asyncio would complain

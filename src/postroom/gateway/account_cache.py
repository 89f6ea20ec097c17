"""Caches each person's account for some seconds: a page of mail needs it a dozen times within one second."""

from collections.abc import Callable
from uuid import UUID

from cachetools import TTLCache

from postroom.mailboxes.ports import MailAccount, MailAccounts

CACHE_SECONDS = 10.0
"""Seconds: shorter than a session is cached, and long enough for the requests of one page."""
CACHE_SIZE = 10_000


class AccountCache:
    """The port `MailAccounts`, as a cache over another one. A person without an account is not cached. `monotonic` is a
    monotonic clock."""

    def __init__(self, accounts: MailAccounts, *, monotonic: Callable[[], float]) -> None:
        self._accounts = accounts
        self._found = TTLCache[UUID, MailAccount](CACHE_SIZE, CACHE_SECONDS, monotonic)

    def forget(self, identity_id: UUID) -> None:
        self._found.pop(identity_id, None)

    async def of(self, identity_id: UUID) -> MailAccount | None:
        if known := self._found.get(identity_id):
            return known
        found = await self._accounts.of(identity_id)
        if found is not None:
            self._found[identity_id] = found
        return found

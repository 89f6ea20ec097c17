"""Which account is whose, remembered for some seconds: a page of mail asks a dozen times within one."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from postroom.mail.ports import MailAccount, MailAccounts

REMEMBERED_FOR = timedelta(seconds=10)
"""Less than the session that it belongs to, and long enough for what is asked at once."""
REMEMBERED = 10_000


class RememberedAccounts:
    """The port `MailAccounts` over another one. Who has none yet is looked up anew. `now` is the time of day."""

    def __init__(self, accounts: MailAccounts, *, now: Callable[[], datetime]) -> None:
        self._accounts = accounts
        self._now = now
        self._found: dict[UUID, tuple[datetime, MailAccount]] = {}

    def forget(self, identity_id: UUID) -> None:
        self._found.pop(identity_id, None)

    async def of(self, identity_id: UUID) -> MailAccount | None:
        now = self._now()
        if known := self._found.get(identity_id):
            until, account = known
            # A clock that was set back makes nothing last longer.
            if now < until <= now + REMEMBERED_FOR:
                return account
            del self._found[identity_id]
        found = await self._accounts.of(identity_id)
        if found is not None:
            while len(self._found) >= REMEMBERED:
                del self._found[next(iter(self._found))]
            self._found[identity_id] = now + REMEMBERED_FOR, found
        return found

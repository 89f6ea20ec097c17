"""Verifies that the mail server has a mailbox with the identity's mark: no mailbox is served by its id alone.

The mail server assigns ids by a counter: after a restore from a backup, a stored id may be another person's. The check
also avoids a failed login for each missing mailbox, of which the mail server allows only a few a day.
"""

import math
import time
from collections.abc import Callable
from uuid import UUID

from cachetools import TTLCache

from postroom.domain.missing import Recorded, Sighting
from postroom.errors import MailboxMissing, MailServerError, Transient
from postroom.mailboxes.ports import MailAccount, MailAccounts
from postroom.provisioning.mailbox_lookup import MOST, MailboxLookup
from postroom.provisioning.single_flight import SingleFlight

CACHE_SECONDS = 600.0
"""Seconds after which the mail server is asked again."""

JUST_NOW = 5.0
"""Seconds: a restore of a mail server takes longer."""

OUTAGE_PAUSE = 30.0
"""Seconds after a failed check in which accounts are not checked, unless the caller requires it."""

LOOKUP_TIMEOUT = 3.0
CACHE_SIZE = 10_000


class VerifiedAccounts:
    """The port `MailAccounts` over another one. One lookup runs at a time, for all accounts that wait for it.
    `monotonic` is a monotonic clock."""

    def __init__(
        self, accounts: MailAccounts, lookup: MailboxLookup, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._accounts = accounts
        self._lookup = lookup
        self._monotonic = monotonic
        self._seen = TTLCache[MailAccount, float](CACHE_SIZE, CACHE_SECONDS, monotonic)
        """When each was last seen"""
        self._unavailable_until = 0.0
        self._asked: dict[UUID, MailAccount] = {}
        self._lookups = SingleFlight(self._look_up_all)

    async def of(self, identity_id: UUID) -> MailAccount | None:
        """Raises `MailboxMissing`. If the mail server does not answer, the account is returned unverified: the gateway
        compares each login with it (`gateway.own_account`), and callers without a login use `require`."""
        account = await self._accounts.of(identity_id)
        if account is None or account in self._seen or self._monotonic() < self._unavailable_until:
            return account
        try:
            await self._verify(account)
        except MailServerError:
            self._unavailable_until = self._monotonic() + OUTAGE_PAUSE
        return account

    async def require(self, account: MailAccount) -> None:
        """Check that the mail server has it now. Raises `MailboxMissing`, `MailServerError`s and
        `DatabaseUnavailable`."""
        if self._monotonic() - self._seen.get(account, -math.inf) >= JUST_NOW:
            await self._verify(account)

    async def _verify(self, account: MailAccount) -> None:
        self._asked[account.identity_id] = account
        found = (await self._lookups.ask()).get(account)
        if found is None:
            raise Transient("the mailbox was recreated at this moment")
        self._seen.pop(account, None)
        if found is not Sighting.PRESENT:
            raise MailboxMissing(f"the mail server does not show account {account.account_id} with the identity's mark")
        self._seen[account] = self._monotonic()

    async def _look_up_all(self) -> dict[MailAccount, Sighting]:
        """Look up all accounts that were requested until now."""
        asked, self._asked = list(self._asked.values()), {}
        found: dict[UUID, Sighting] = {}
        for start in range(0, len(asked), MOST):
            some = [Recorded(each.identity_id, each.account_id) for each in asked[start : start + MOST]]
            seen = await self._lookup.look_up(some, deadline=LOOKUP_TIMEOUT)
            found |= {identity_id: each.sighting for identity_id, each in seen.items()}
        return {each: found[each.identity_id] for each in asked}

"""The accounts of people, and the ports of app passwords, in memory."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from postroom.devices.app_passwords import AppPassword, MailCredential, NewAppPassword, TooManyAppPasswords
from postroom.errors import DatabaseUnavailable, MailboxMissing
from postroom.mailboxes.ports import MailAccount

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LIMIT = 5


def an_account() -> MailAccount:
    return MailAccount(uuid4(), "alice@example.org", "bv")


class FakeAccounts:
    """`missing` are accounts that are on record as missing; `asked` counts the calls."""

    def __init__(self, *accounts: MailAccount) -> None:
        self.accounts = {account.identity_id: account for account in accounts}
        self.missing: set[str] = set()
        self.unavailable = False
        self.asked = 0

    async def of(self, identity_id: UUID) -> MailAccount | None:
        self.asked += 1
        if self.unavailable:
            raise DatabaseUnavailable("PostgreSQL cannot be reached")
        account = self.accounts.get(identity_id)
        if account and account.account_id in self.missing:
            raise MailboxMissing("the last lookup did not find it")
        return account


class FakeAppPasswords:
    """App passwords of one account. As in Stalwart, a new id is the highest in use plus one. `made` counts them."""

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}
        self.listed: dict[str, AppPassword] = {}
        self.now = NOW
        self.made = 0
        self.stated: int | None = LIMIT
        """the limit in the error"""
        self.gate = asyncio.Event()
        """while cleared, each creation waits for it"""
        self.gate.set()
        self.at_gate: asyncio.Queue[MailAccount] = asyncio.Queue()
        """one entry for each creation that has reached the gate"""

    async def of(self, account: MailAccount) -> list[AppPassword]:
        return list(self.listed.values())

    async def make(self, account: MailAccount, name: str, expires_at: datetime | None = None) -> NewAppPassword:
        self.at_gate.put_nowait(account)
        await self.gate.wait()
        if len(self.listed) >= LIMIT:
            raise TooManyAppPasswords(self.stated)
        self.made += 1
        number = str(max(map(int, self.listed), default=0) + 1)
        self.listed[number] = AppPassword(number, name, self.now, expires_at)
        self.secrets[number] = f"app_{self.made}"
        return NewAppPassword(self.listed[number], self.secrets[number])

    async def revoke(self, account: MailAccount, app_password_id: str) -> bool:
        self.secrets.pop(app_password_id, None)
        return self.listed.pop(app_password_id, None) is not None

    def add(self, name: str, *, age: timedelta = timedelta(days=1)) -> AppPassword:
        number = str(max(map(int, self.listed), default=0) + 1)
        self.listed[number] = AppPassword(number, name, self.now - age)
        return self.listed[number]


class FakeCredentials:
    """All rows have the same `age`."""

    def __init__(self) -> None:
        self.rows: dict[UUID, MailCredential] = {}
        self.age = 0.0
        self.reads = 0

    async def of(self, identity_id: UUID) -> MailCredential | None:
        self.reads += 1
        row = self.rows.get(identity_id)
        return row and replace(row, age=self.age)

    async def store(self, credential: MailCredential, *, instead_of: MailCredential | None) -> bool:
        row = self.rows.get(credential.identity_id)
        if row and (instead_of is None or row.encrypted != instead_of.encrypted):
            return False
        self.rows[credential.identity_id] = credential
        self.age = 0.0
        return True


async def its_own(account: MailAccount) -> None:
    """The verification succeeds: the account is that of the person."""
    del account

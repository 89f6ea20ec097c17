"""The port `MailAccounts`."""

from collections.abc import Sequence
from uuid import UUID

from postroom.mail.ports import MailAccount
from postroom.postgres.connection import Pool, Row, row, rows


class PostgresMailAccounts:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def of(self, identity_id: UUID) -> MailAccount | None:
        found = await row(self._pool, "mail_account", {"identity_id": identity_id})
        return _account_of(found) if found else None

    async def by_account_ids(self, account_ids: Sequence[str]) -> Sequence[MailAccount]:
        found = await rows(self._pool, "mail_accounts_by_id", {"stalwart_ids": list(account_ids)})
        return [_account_of(each) for each in found]


def _account_of(found: Row) -> MailAccount:
    return MailAccount(found["kratos_identity_id"], found["email"], found["stalwart_account_id"])

"""The port `MailAccounts`."""

from uuid import UUID

from postroom.errors import MailboxMissing
from postroom.mailboxes.ports import MailAccount
from postroom.postgres.connection import Statements, row


class PostgresMailAccounts(Statements):
    async def of(self, identity_id: UUID) -> MailAccount | None:
        found = await row(self._pool, "mail_account", {"identity_id": identity_id})
        if found is None:
            return None
        if found["doubtful"]:
            raise MailboxMissing(f"the last check did not find account {found['stalwart_account_id']}")
        return MailAccount(found["kratos_identity_id"], found["email"], found["stalwart_account_id"])

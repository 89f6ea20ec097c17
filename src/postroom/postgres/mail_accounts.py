"""The port `MailAccounts`."""

from uuid import UUID

from postroom.errors import MailboxMissing
from postroom.mailboxes.ports import MailAccount
from postroom.postgres.connection import Pool, row


class PostgresMailAccounts:
    """`follows`: whether mailboxes follow their identities."""

    def __init__(self, pool: Pool, *, follows: bool = False) -> None:
        self._pool = pool
        self._follows = follows

    async def of(self, identity_id: UUID) -> MailAccount | None:
        found = await row(self._pool, "mail_account", {"identity_id": identity_id, "follows": self._follows})
        if found is None:
            return None
        if found["doubtful"]:
            raise MailboxMissing(f"the last check did not find account {found['stalwart_account_id']}")
        return MailAccount(found["kratos_identity_id"], found["email"], found["stalwart_account_id"])

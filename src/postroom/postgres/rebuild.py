"""The port `Rebuilt`: what a rebuild compares and restores."""

from collections.abc import Mapping
from uuid import UUID

from postroom.domain.mailbox import StalwartAccount, account_id_of
from postroom.postgres.connection import Statements, rows
from postroom.provisioning.ports import FoundAccount, Standing

ON_RECORD = 5000
"""Mailboxes of one page."""


class PostgresRebuilt(Statements):
    async def on_record(self, after_id: UUID | None) -> Mapping[UUID, str]:
        found = await rows(self._pool, "inspection_page", {"after_id": after_id, "limit": ON_RECORD})
        return {each["kratos_identity_id"]: each["stalwart_account_id"] for each in found}

    async def compare(self, accounts: Mapping[UUID, StalwartAccount]) -> Mapping[UUID, Standing]:
        parameters = {
            "identity_ids": list(accounts),
            "emails": [account.email for account in accounts.values()],
            "stalwart_ids": [account.id for account in accounts.values()],
        }
        found = await rows(self._pool, "rebuild_compare", parameters)
        return {each["identity_id"]: Standing(each["standing"]) for each in found}

    async def restore(self, accounts: Mapping[UUID, FoundAccount], *, actor: str) -> set[UUID]:
        parameters = {
            "identity_ids": list(accounts),
            "emails": [found.account.email for found in accounts.values()],
            "names": [found.display_name for found in accounts.values()],
            "stalwart_ids": [found.account.id for found in accounts.values()],
            "account_ids": [account_id_of(identity_id) for identity_id in accounts],
            "actor": actor,
        }
        return {each["identity_id"] for each in await rows(self._pool, "rebuild_restore", parameters)}

"""The port `Rebuilt`: what a rebuild compares and restores."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from postroom.domain.mailbox import StalwartAccount, account_id_of
from postroom.postgres.connection import Statements, rows, rows_of_each
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
        def parameters(some: Sequence[tuple[UUID, FoundAccount]]) -> dict[str, object]:
            return {
                "identity_ids": [identity_id for identity_id, _ in some],
                "emails": [found.account.email for _, found in some],
                "names": [found.display_name for _, found in some],
                "stalwart_ids": [found.account.id for _, found in some],
                "account_ids": [account_id_of(identity_id) for identity_id, _ in some],
                "actor": actor,
            }

        # One whose address was taken at that very moment is refused, and counts as left to a worker.
        restored, _ = await rows_of_each(self._pool, "rebuild_restore", list(accounts.items()), parameters)
        return {each["identity_id"] for each in restored}

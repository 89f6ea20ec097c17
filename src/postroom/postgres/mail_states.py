"""The port `MailStates`."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

from psycopg.types.json import Jsonb

from postroom.arrivals.ports import MailState
from postroom.mailboxes.ports import MailAccount
from postroom.postgres.connection import Row, Statements, row, rows, the_row

PAGE = 500


class PostgresMailStates(Statements):
    async def watch(self, account: MailAccount) -> MailState:
        parameters = {
            "identity_id": account.identity_id,
            "stalwart_account_id": account.account_id,
            "email": account.email,
        }
        return _state_of(await the_row(self._pool, "mail_state_watch", parameters))

    async def watched(self, account_ids: Sequence[str]) -> list[MailState]:
        found = await rows(self._pool, "mail_states_watched", {"stalwart_ids": list(account_ids)})
        return [_state_of(each) for each in found]

    async def advance(self, state: MailState, email_state: str, events: Sequence[Mapping[str, Any]]) -> bool:
        parameters = {
            "identity_id": state.account.identity_id,
            "stalwart_account_id": state.account.account_id,
            "previous": state.email_state,
            "email_state": email_state,
            "events": Jsonb([dict(event) for event in events]),
        }
        return await row(self._pool, "mail_state_advance", parameters) is not None

    async def stale(self, seconds: float) -> AsyncGenerator[Sequence[MailState]]:
        after: Row | None = None
        while True:
            parameters = {
                "seconds": seconds,
                "after_checked": after and after["checked_at"],
                "after_id": after and after["kratos_identity_id"],
                "limit": PAGE,
            }
            found = await rows(self._pool, "mail_states_stale", parameters)
            if not found:
                return
            yield [_state_of(each) for each in found]
            after = found[-1]

    async def forget(self) -> int:
        return len(await rows(self._pool, "mail_states_forget"))


def _state_of(found: Row) -> MailState:
    account = MailAccount(found["kratos_identity_id"], found["email"], found["stalwart_account_id"])
    return MailState(account, found["email_state"], found["age"])

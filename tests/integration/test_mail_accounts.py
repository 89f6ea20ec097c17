"""The mailboxes that are ready, as the mail part sees them."""

from uuid import uuid4

from postroom.domain.request import Failed, Provisioned
from postroom.mailboxes.ports import MailAccount
from postroom.postgres.connection import Pool
from postroom.postgres.mail_accounts import PostgresMailAccounts
from postroom.postgres.requests import PostgresRequests
from records import FAILED_WHILE_HEALTHY, Records, mailbox, running, settled, stalwart_account


async def test_mail_account_is_returned_only_once_the_mailbox_is_ready(pool: Pool, requests: PostgresRequests) -> None:
    accounts = PostgresMailAccounts(pool)
    ready, runs, waiting = (mailbox(name) for name in ("ready", "running", "waiting"))
    await settled(requests, await running(requests, ready), Provisioned(stalwart_account(ready)))
    await running(requests, runs)
    await settled(requests, await running(requests, waiting), Failed(FAILED_WHILE_HEALTHY))
    expected = MailAccount(ready.identity_id, "ready@example.org", "id-of-ready")
    assert await accounts.of(ready.identity_id) == expected
    for other in (runs.identity_id, waiting.identity_id, uuid4()):
        assert await accounts.of(other) is None


async def test_mail_account_is_not_returned_if_its_request_is_no_longer_provisioned(
    pool: Pool, requests: PostgresRequests, records: Records
) -> None:
    accounts, ready = PostgresMailAccounts(pool), mailbox()
    await settled(requests, await running(requests, ready), Provisioned(stalwart_account(ready)))
    await records.rows("UPDATE email_requests SET state = 'dead', due_at = NULL, reason = 'suspended'")
    assert await accounts.of(ready.identity_id) is None

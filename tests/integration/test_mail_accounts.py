"""The mailboxes that are ready, as the mail part sees them."""

from uuid import uuid4

from postroom.domain.mailbox import Mailbox
from postroom.domain.request import Failed, Outcome, Provisioned, State, after_attempt
from postroom.mail.ports import MailAccount
from postroom.postgres.connection import Pool
from postroom.postgres.mail_accounts import PostgresMailAccounts
from postroom.postgres.requests import PostgresRequests
from records import FAILED_WHILE_HEALTHY, NOWHERE, Records, mailbox, stalwart_account


async def attempted(requests: PostgresRequests, of: Mailbox, outcome: Outcome | None) -> None:
    """A request after its first attempt; with None, the attempt is still running."""
    accepted = await requests.accept(of, holder=uuid4(), lease=30, origin=NOWHERE, action="create")
    assert accepted
    if outcome:
        account = outcome.account if isinstance(outcome, Provisioned) else None
        await requests.settle(accepted, after_attempt(accepted, outcome), account)


async def test_mail_account_is_returned_only_once_the_mailbox_is_ready(pool: Pool, requests: PostgresRequests) -> None:
    accounts = PostgresMailAccounts(pool)
    ready, running, waiting = (mailbox(name) for name in ("ready", "running", "waiting"))
    await attempted(requests, ready, Provisioned(stalwart_account(ready)))
    await attempted(requests, running, None)
    await attempted(requests, waiting, Failed(FAILED_WHILE_HEALTHY))
    expected = MailAccount(ready.identity_id, "ready@example.org", "id-of-ready")
    assert await accounts.of(ready.identity_id) == expected
    for other in (running.identity_id, waiting.identity_id, uuid4()):
        assert await accounts.of(other) is None


async def test_mail_account_is_not_returned_if_its_request_is_no_longer_provisioned(
    pool: Pool, requests: PostgresRequests, records: Records
) -> None:
    accounts, ready = PostgresMailAccounts(pool), mailbox()
    await attempted(requests, ready, Provisioned(stalwart_account(ready)))
    await records.rows(
        "UPDATE email_requests SET state = %s, due_at = NULL, reason = 'suspended' WHERE identity_id = %s",
        State.DEAD,
        ready.identity_id,
    )
    assert await accounts.of(ready.identity_id) is None

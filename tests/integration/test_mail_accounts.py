"""The mailboxes that are ready, as the mail part sees them."""

from uuid import uuid4

import pytest

from postroom.domain.request import Failed, Provisioned
from postroom.mailboxes.ports import MailAccount
from postroom.postgres.connection import Pool, rows
from postroom.postgres.inspected import PostgresInspected
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


@pytest.mark.parametrize(
    ("state", "step", "is_served"),
    [
        ("dead", "create", True),
        ("waiting", "change", True),
        ("running", "change", True),
        ("waiting", "create", False),
        ("running", "create", False),
    ],
)
async def test_mailbox_is_served_whatever_work_on_it_is_due_or_failed_unless_it_is_made_again(
    pool: Pool, requests: PostgresRequests, records: Records, state: str, step: str, is_served: bool
) -> None:
    accounts, ready = PostgresMailAccounts(pool), mailbox()
    await settled(requests, await running(requests, ready), Provisioned(stalwart_account(ready)))
    await records.rows(
        "UPDATE email_requests r SET state = to_be.state, step = to_be.step, "
        "due_at = CASE WHEN to_be.state <> 'dead' THEN now() END, "
        "holder = CASE WHEN to_be.state = 'running' THEN gen_random_uuid() END, "
        "reason = CASE WHEN to_be.state = 'dead' THEN 'refused' END "
        "FROM (SELECT %s::text AS state, %s::text AS step) AS to_be",
        *(state, step),
    )
    found = [await accounts.of(ready.identity_id), await PostgresInspected(pool).recorded(ready.identity_id)]
    found += [*await PostgresInspected(pool).page(None, 10)]
    assert [each is not None for each in found] == ([True] * 3 if is_served else [False] * 2)


async def test_suspended_mailbox_is_not_served_but_inspected(
    pool: Pool, requests: PostgresRequests, records: Records
) -> None:
    accounts, ready = PostgresMailAccounts(pool), mailbox()
    await settled(requests, await running(requests, ready), Provisioned(stalwart_account(ready)))
    await records.rows("UPDATE email_accounts SET state = 'suspended'")
    assert await accounts.of(ready.identity_id) is None
    assert await PostgresInspected(pool).page(None, 10)
    assert await rows(pool, "check_mailbox") == []


async def test_nobody_is_served_from_the_moment_at_which_a_login_is_not_wanted(
    pool: Pool, requests: PostgresRequests, records: Records
) -> None:
    """Also while that waits for the mail server, and where its permissions there cannot be changed."""
    ready = mailbox()
    await settled(requests, await running(requests, ready), Provisioned(stalwart_account(ready)))

    async def served() -> list[bool]:
        return [
            await PostgresMailAccounts(pool, follows=follows).of(ready.identity_id) is not None
            for follows in (True, False)
        ]

    assert await served() == [True, True]
    await records.rows("UPDATE email_requests SET want_because = 'absent'")
    assert await served() == [False, True], "a process that does not follow leaves out what Kratos wants"
    await records.rows("UPDATE email_requests SET want_because = NULL, operator_suspended_at = now()")
    assert await served() == [False, False]

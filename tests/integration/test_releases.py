"""The causes that requests wait for, and their release after a cause has ended."""

import pytest

from postroom.domain.member import RetryJob
from postroom.domain.request import Failed, Request, Verdict
from postroom.errors import Misconfigured, Transient
from postroom.postgres.connection import Pool
from postroom.postgres.releases import PostgresReleases
from postroom.postgres.requests import PostgresRequests
from records import Records, mailbox, running, settled

OUTAGE = Failed(Transient("mail server cannot be reached"), Verdict.OUTAGE)
REFUSED = Failed(Misconfigured("mail server is over a quota", domain="example.org"))


@pytest.fixture
def releases(pool: Pool) -> PostgresReleases:
    return PostgresReleases(pool)


async def waiting_for(requests: PostgresRequests, name: str, outcome: Failed) -> Request:
    return (await settled(requests, await running(requests, mailbox(name)), outcome)).request


async def test_released_request_is_due_now_with_a_new_member_and_its_spent_retries(
    requests: PostgresRequests, releases: PostgresReleases, records: Records
) -> None:
    before = await waiting_for(requests, "alice", REFUSED)
    await releases.resume_domain("example.org", actor="olga")
    (each,) = await releases.release("domain:example.org", 1, excluding=[])
    row = await records.request(before.identity_id)
    assert (each.before.enqueued_at, RetryJob.of(each.before)) == (before.enqueued_at, RetryJob.of(before))
    assert (row["due_in"] <= 0, row["waits_for"], row["postponed"]) == (True, None, 1)
    assert each.request.enqueued_at == row["enqueued_at"] > before.enqueued_at


async def test_release_skips_a_locked_row_and_releases_the_others(
    requests: PostgresRequests, releases: PostgresReleases, pool: Pool
) -> None:
    locked, free = [await waiting_for(requests, name, OUTAGE) for name in ("locked", "free")]
    async with pool.connection() as other, other.transaction():
        await other.execute("SELECT FROM email_requests WHERE identity_id = %s FOR UPDATE", (locked.identity_id,))
        released = await releases.release("outage", 100, excluding=[])
    assert [each.request.identity_id for each in released] == [free.identity_id]

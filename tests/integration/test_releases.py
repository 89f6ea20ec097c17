"""What requests wait for, and how they are let go once that has ended."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from redis.asyncio import Redis

from fakes import FakeAnnouncements, FakeClock
from postroom.domain.mailbox import Mailbox
from postroom.domain.member import RetryJob
from postroom.domain.request import Failed, Provisioned, Request, Verdict, after_attempt
from postroom.errors import Misconfigured, Transient
from postroom.postgres.connection import Pool
from postroom.postgres.leadership import PostgresLeadership
from postroom.postgres.releases import PostgresReleases
from postroom.postgres.requests import PostgresRequests
from postroom.queue.retry_set import RetrySet
from postroom.retry.release import Release
from records import Records, mailbox, running, stalwart_account

OUTAGE = Failed(Transient("mail server cannot be reached"), Verdict.OUTAGE)
REFUSED = Failed(Misconfigured("mail server is over a quota", domain="example.org"))


class CountedAnnouncements(FakeAnnouncements):
    calls = 0

    async def replace(self, request: Request, held: Sequence[str]) -> None:
        self.calls += 1

    async def remove(self, members: Sequence[str]) -> None:
        self.calls += 1
        await super().remove(members)

    async def announce(self, requests: Sequence[Request]) -> None:
        self.calls += 1
        await super().announce(requests)


@pytest.fixture
def releases(pool: Pool) -> PostgresReleases:
    return PostgresReleases(pool)


async def waiting_for(requests: PostgresRequests, name: str, outcome: Failed, domain: str = "example.org") -> Request:
    of = mailbox(name)
    request = await running(requests, Mailbox(of.identity_id, f"{name}@{domain}"))
    settled = await requests.settle(request, after_attempt(request, outcome), None)
    assert settled
    return settled.request


async def made(requests: PostgresRequests, name: str, domain: str = "example.org") -> None:
    request = await running(requests, Mailbox(mailbox(name).identity_id, f"{name}@{domain}"))
    account = stalwart_account(request.mailbox)
    await requests.settle(request, after_attempt(request, Provisioned(account)), account)


async def released(releases: PostgresReleases, cause: str, limit: int = 100) -> list[UUID]:
    return [each.request.identity_id for each in await releases.release(cause, limit, but=[])]


async def look_and_make(release: Release, clock: FakeClock, requests: PostgresRequests, records: Records) -> int:
    """One look, and then a mailbox for each who was released. Returns how many were."""
    number = await release.turn()
    clock.seconds += 1
    due = await records.rows("SELECT identity_id FROM email_requests WHERE state = 'waiting' AND due_at <= now()")
    for claim in await requests.claim([each["identity_id"] for each in due], lease=30):
        assert claim.request
        account = stalwart_account(claim.request.mailbox)
        await requests.settle(claim.request, after_attempt(claim.request, Provisioned(account)), account)
    return number


async def test_who_is_released_is_due_now_with_new_bytes_and_keeps_what_it_spent(
    requests: PostgresRequests, releases: PostgresReleases, records: Records
) -> None:
    before = await waiting_for(requests, "alice", REFUSED)
    await releases.resume_domain("example.org", actor="olga")
    (each,) = await releases.release("domain:example.org", 1, but=[])
    row = await records.request(before.identity_id)
    assert (each.before.enqueued_at, RetryJob.of(each.before)) == (before.enqueued_at, RetryJob.of(before))
    assert (row["due_in"] <= 0, row["waits_for"], row["postponed"]) == (True, None, 1)
    assert each.request.enqueued_at == row["enqueued_at"] > before.enqueued_at


async def test_a_locked_row_is_left_and_the_others_are_released(
    requests: PostgresRequests, releases: PostgresReleases, pool: Pool
) -> None:
    locked, free = [await waiting_for(requests, name, OUTAGE) for name in ("locked", "free")]
    async with pool.connection() as other, other.transaction():
        await other.execute("SELECT FROM email_requests WHERE identity_id = %s FOR UPDATE", (locked.identity_id,))
        assert await released(releases, "outage") == [free.identity_id]


async def test_a_silent_redis_holds_up_a_look_by_two_calls_however_many_it_releases(
    requests: PostgresRequests, releases: PostgresReleases, leadership: PostgresLeadership, records: Records
) -> None:
    """Each call to it takes its whole time-out: one for each request, and the release of hundreds stood still."""
    announcements, clock = CountedAnnouncements(), FakeClock()
    for number in range(7):
        await waiting_for(requests, f"user-{number}", OUTAGE)
    release = Release(releases, announcements, leadership, clock, wake=lambda: None)
    assert [await look_and_make(release, clock, requests, records) for _ in range(3)] == [1, 2, 4]
    assert announcements.calls <= 2 * 3
    assert len(announcements.announced) == len(announcements.removed) == 7


async def test_a_released_request_that_fails_again_is_not_tried_with_every_mailbox_of_others(
    requests: PostgresRequests, releases: PostgresReleases, leadership: PostgresLeadership, redis: Redis
) -> None:
    clock = FakeClock()
    release = Release(releases, RetrySet(redis, lease=30), leadership, clock, wake=lambda: None)
    alice = await waiting_for(requests, "alice", REFUSED)
    await made(requests, "first")
    assert await release.turn() == 1
    (claim,) = await requests.claim([alice.identity_id], lease=30)
    assert claim.request
    await requests.settle(claim.request, after_attempt(claim.request, REFUSED), None)
    for number in range(3):
        await made(requests, f"other-{number}")
        clock.seconds += timedelta(minutes=10).total_seconds()
        assert await release.turn() == 0
    await releases.resume_domain("example.org", actor="olga")
    assert await release.turn() == 1, "an operator's word still counts"

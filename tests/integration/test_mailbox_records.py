"""What people are shown of their mailboxes, read from the rows that provisioning and operators write."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from postroom.domain.breaker import Cause
from postroom.domain.identity import Refusal
from postroom.domain.mailbox import Mailbox
from postroom.domain.missing import Doubt
from postroom.domain.request import Failed, Interrupted, Outcome, Provisioned, Request, Verdict, after_attempt
from postroom.errors import Conflict, Misconfigured, Permanent, Throttled
from postroom.mailboxes.preparation import (
    MAX_HISTORY,
    FailureKind,
    MailboxRecord,
    Preparation,
    PreparationState,
    WaitKind,
    preparation_of,
)
from postroom.postgres.breaker import PostgresBreakers
from postroom.postgres.connection import Pool
from postroom.postgres.inspected import PostgresInspected
from postroom.postgres.mailbox_records import PostgresMailboxRecords
from postroom.postgres.operator_moves import OperatorMoves
from postroom.postgres.refusals import PostgresRefusals
from postroom.postgres.releases import PostgresReleases
from postroom.postgres.requests import PostgresRequests
from postroom.process.clock import SystemClock
from postroom.provisioning.ports import DoubtChange
from records import FAILED_WHILE_HEALTHY, NOWHERE, Records, mailbox, running, stalwart_account

FAILED = Failed(FAILED_WHILE_HEALTHY)
OUTAGE = Failed(FAILED_WHILE_HEALTHY, Verdict.OUTAGE)
THROTTLED = Failed(Throttled("mail server answered 429", retry_after=30))
MISCONFIGURED = Failed(Misconfigured("mail server is over a quota", domain="example.org"))
CONFLICT = Failed(Conflict("the address is held by account 7 of bob@example.org"))
MADE = Provisioned(stalwart_account(mailbox()))


@dataclass
class World:
    """Whatever changes the rows of one person."""

    requests: PostgresRequests
    breakers: PostgresBreakers
    refusals: PostgresRefusals
    releases: PostgresReleases
    inspected: PostgresInspected
    operators: OperatorMoves
    found: PostgresMailboxRecords
    records: Records

    async def request(self, *outcomes: Outcome) -> Request:
        """A request whose attempts ended so."""
        request = await running(self.requests, mailbox(f"user-{uuid4().hex}"))
        for number, outcome in enumerate(outcomes):
            if number:
                request = await self.claimed(request)
            account = stalwart_account(request.mailbox) if isinstance(outcome, Provisioned) else None
            settled = await self.requests.settle(request, after_attempt(request, outcome), account)
            assert settled
            request = settled.request
        return request

    async def claimed(self, request: Request) -> Request:
        """Its next attempt runs, by a worker."""
        await self.records.make_due_in(0, request.identity_id)
        (claim,) = await self.requests.claim([request.identity_id], lease=30, exclusive=True)
        assert claim.request
        return claim.request

    async def refused(self, identity_id: UUID, code: str = "reserved_name") -> None:
        refusal = Refusal(identity_id, "admin@example.org", code, "the name admin is reserved")
        await self.refusals.record([refusal], NOWHERE)

    async def missed(self, identity_id: UUID, *doubts: Doubt | None) -> None:
        for doubt in doubts:
            recorded = await self.inspected.recorded(identity_id)
            assert recorded
            await self.inspected.record([DoubtChange(recorded, doubt, "the mail server has no account")])

    async def record(self, identity_id: UUID) -> MailboxRecord:
        (record,) = await self.found.of([identity_id])
        return record

    async def shown(self, identity_id: UUID) -> Preparation:
        return preparation_of(await self.record(identity_id))


@pytest.fixture
def world(pool: Pool, requests: PostgresRequests, breakers: PostgresBreakers, records: Records) -> World:
    parts = PostgresRefusals(pool), PostgresReleases(pool), PostgresInspected(pool), OperatorMoves(pool)
    return World(requests, breakers, *parts, PostgresMailboxRecords(pool, now=SystemClock().now), records)


@pytest.mark.parametrize(
    ("outcomes", "kind"),
    [
        ([FAILED], WaitKind.FAILED),
        ([FAILED, FAILED], WaitKind.FAILED),
        ([THROTTLED], WaitKind.THROTTLED),
        ([FAILED, THROTTLED], WaitKind.THROTTLED),
        ([MISCONFIGURED], WaitKind.MISCONFIGURED),
        ([FAILED, Interrupted()], None),
        ([OUTAGE], None),  # and the breaker is closed
    ],
)
async def test_a_wait_has_the_cause_that_the_last_attempt_left(
    world: World, outcomes: list[Outcome], kind: WaitKind | None
) -> None:
    request = await world.request(*outcomes)
    shown = await world.shown(request.identity_id)
    assert (shown.state, shown.attempts, shown.retry) == (PreparationState.PREPARING, len(outcomes), request.retries)
    assert (shown.cause and shown.cause.kind) == kind
    assert shown.cause is None or shown.cause.since == request.enqueued_at
    assert shown.next_attempt_at == request.due_at
    # Whoever ends the wait ends its cause, too.
    await world.operators.retry([request.identity_id], actor="olga")
    assert (await world.shown(request.identity_id)).cause is None


async def test_a_wait_after_a_second_crash_shows_the_crash(world: World) -> None:
    request = await running(world.requests)
    await world.claimed(request)
    shown = await world.shown(request.identity_id)
    assert (shown.cause, [each.outcome for each in shown.history]) == (None, ["crashed"])
    await world.records.make_due_in(0, request.identity_id)
    assert (await world.shown(request.identity_id)).cause is not None, "the lease is over"
    await world.requests.claim([request.identity_id], lease=30, exclusive=True)
    shown = await world.shown(request.identity_id)
    assert shown.cause
    assert (shown.cause.kind, shown.attempts) == (WaitKind.CRASHED, 2)
    assert shown.next_attempt_at


@pytest.mark.parametrize(
    ("outcomes", "kind"),
    [
        ([FAILED, FAILED, FAILED, FAILED], FailureKind.OPERATOR),
        ([Failed(Permanent("mail server refused the mailbox (tooLarge): …"))], FailureKind.OPERATOR),
        ([CONFLICT], FailureKind.ADDRESS_TAKEN),
        ([FAILED, CONFLICT], FailureKind.ADDRESS_TAKEN),
    ],
)
async def test_a_dead_letter_shows_who_can_end_it_and_no_text_of_the_mail_server(
    world: World, outcomes: list[Outcome], kind: FailureKind
) -> None:
    request = await world.request(*outcomes)
    shown = await world.shown(request.identity_id)
    assert shown.failure
    assert (shown.state, shown.failure.kind, shown.failure.since) == (
        PreparationState.FAILED,
        kind,
        request.enqueued_at,
    )
    for secret in ("mail server", "bob@example.org", "answered"):
        assert secret not in repr(shown)


async def test_a_request_whose_address_another_identity_holds_shows_that(world: World) -> None:
    taken = (await world.request(MADE)).mailbox
    second = Mailbox(uuid4(), taken.email)
    assert await world.requests.refuse_held(second, origin=NOWHERE, action="accept")
    shown = await world.shown(second.identity_id)
    assert shown.failure
    assert (shown.state, shown.failure.kind) == (PreparationState.FAILED, FailureKind.ADDRESS_TAKEN)
    assert (shown.attempts, shown.history) == (0, ())


async def test_a_request_that_an_operator_buried_is_for_operators(world: World) -> None:
    request = await world.request(CONFLICT)
    await world.operators.retry([request.identity_id], actor="olga")
    await world.operators.bury([request.identity_id], actor="olga", reason="secret")
    shown = await world.shown(request.identity_id)
    assert shown.failure
    assert (shown.failure.kind, "olga" in repr(shown), "secret" in repr(shown)) == (FailureKind.OPERATOR, False, False)


async def test_ready_and_missing_mailboxes_show_when_they_were_asked_for_made_and_missed(world: World) -> None:
    request = await world.request(FAILED, MADE)
    record = await world.record(request.identity_id)
    shown = preparation_of(record)
    row = await world.records.request(request.identity_id)
    assert (shown.state, shown.requested_at, shown.ready_at) == (
        PreparationState.READY,
        row["created_at"],
        row["enqueued_at"],
    )
    assert [(each.attempt, each.outcome) for each in shown.history] == [(2, "success"), (1, "failed")]
    await world.missed(request.identity_id, Doubt.SUSPECTED)
    assert (await world.shown(request.identity_id)).state is PreparationState.READY
    await world.missed(request.identity_id, Doubt.MISSING)
    shown = await world.shown(request.identity_id)
    account = await world.records.account(request.identity_id)
    assert account
    assert shown.cause
    assert (shown.state, shown.cause.since) == (PreparationState.MISSING, account["missing_at"])
    await world.records.rows("DELETE FROM email_accounts")  # as after a restore of single tables
    assert (await world.shown(request.identity_id)).state is PreparationState.MISSING


async def test_a_refusal_is_read_only_where_it_may_be_shown(world: World) -> None:
    nobody, waiting, dead = uuid4(), await world.request(FAILED), await world.request(CONFLICT)
    for identity_id in (nobody, waiting.identity_id, dead.identity_id):
        assert (await world.record(identity_id)).refusal is None
        await world.refused(identity_id)
    found = await world.found.of([nobody, waiting.identity_id, dead.identity_id])
    assert [each.refusal and each.refusal.code for each in found] == ["reserved_name", None, "reserved_name"]
    assert [preparation_of(each).state for each in found] == ["refused", "preparing", "refused"]


async def test_the_history_holds_the_newest_attempts_of_no_other_person(world: World, records: Records) -> None:
    request = await world.request(*[THROTTLED] * 25)
    await world.request(FAILED)
    history = (await world.shown(request.identity_id)).history
    assert [each.attempt for each in history] == list(range(25, 25 - MAX_HISTORY, -1))
    logged = {row["attempt_count"]: row["created_at"] for row in await records.log(request.identity_id)}
    assert [each.at for each in history] == [logged[each.attempt] for each in history]


async def test_many_records_are_read_at_once(world: World) -> None:
    requests = [await world.request(FAILED), await world.request(MADE), await world.request(CONFLICT)]
    asked = [uuid4(), *(each.identity_id for each in requests), uuid4()]
    found = await world.found.of(asked)
    assert [each.identity_id for each in found] == asked
    states = ["none", "preparing", "ready", "failed", "none"]
    assert [preparation_of(each).state for each in found] == states
    assert [len(each.history) for each in found] == [0, 1, 1, 1, 0]


async def test_a_table_without_its_single_row_of_the_breaker_is_read_as_closed(world: World) -> None:
    request = await world.request(FAILED)
    await world.records.rows("DELETE FROM mail_server_breaker")
    assert (await world.shown(request.identity_id)).state is PreparationState.PREPARING
    assert await world.found.changed({request.identity_id: None})


# What an open stream must learn of


Change = Callable[[World, Request], Awaitable[object]]


async def settled(world: World, request: Request, outcome: Outcome) -> None:
    attempt = await world.claimed(request)
    account = stalwart_account(request.mailbox) if isinstance(outcome, Provisioned) else None
    await world.requests.settle(attempt, after_attempt(attempt, outcome), account)


async def closed(world: World, _: Request) -> None:
    await world.breakers.close(await world.breakers.read())


async def resumed(world: World, _: Request) -> None:
    await world.breakers.resume(await world.breakers.read(), actor="olga")


async def released(world: World, _: Request) -> None:
    await world.breakers.open(Cause.OUTAGE, "down")
    await world.breakers.close(await world.breakers.read())
    assert await world.releases.release("outage", 9, excluding=[])


async def after_lease(world: World, request: Request) -> None:
    await world.claimed(request)
    await world.records.make_due_in(0, request.identity_id)


def opened(cause: Cause) -> Change:
    return lambda world, _: world.breakers.open(cause, "down")


def paused(world: World, _: Request) -> Awaitable[object]:
    return world.breakers.pause("paused by olga: move", actor="olga", reason="move")


@pytest.mark.parametrize(
    ("before", "changes"),
    [
        (FAILED, [lambda world, request: world.claimed(request)]),
        (FAILED, [lambda world, request: settled(world, request, MADE)]),
        (FAILED, [lambda world, request: settled(world, request, FAILED)]),
        (FAILED, [after_lease]),
        (FAILED, [opened(Cause.OUTAGE), closed, opened(Cause.MISCONFIGURED), closed, paused, resumed]),
        (FAILED, [opened(Cause.OUTAGE), paused]),
        (OUTAGE, [released]),
        (FAILED, [lambda world, request: world.operators.retry([request.identity_id], actor="olga")]),
        (FAILED, [lambda world, request: world.operators.bury([request.identity_id], actor="olga", reason="x")]),
        (CONFLICT, [lambda world, request: world.operators.retry([request.identity_id], actor="olga")]),
        (CONFLICT, [lambda world, request: world.refused(request.identity_id)]),
        (
            MADE,
            [
                lambda world, request: world.missed(request.identity_id, Doubt.SUSPECTED, Doubt.MISSING),
                lambda world, request: world.operators.remake(request.identity_id, actor="olga"),
            ],
        ),
    ],
)
async def test_every_change_that_a_person_may_see_changes_the_version(
    world: World, before: Outcome, changes: list[Change]
) -> None:
    identity_id = (request := await world.request(before)).identity_id
    other = (await world.request(MADE)).identity_id
    known = await world.found.changed({identity_id: None, other: None})
    assert known.keys() == {identity_id, other}
    for change in changes:
        shown = await world.shown(identity_id)
        await change(world, request)
        assert (await world.shown(identity_id)).differs_from(shown), "this test could not fail"
        changed = await world.found.changed(known)
        assert changed.keys() == {identity_id}
        known = {**known, **changed}
        assert await world.found.changed(known) == {}


async def test_the_first_refusal_and_the_first_request_of_a_person_change_the_version(world: World) -> None:
    of = mailbox()
    known = await world.found.changed({of.identity_id: None})
    for change in (world.refused(of.identity_id), world.refused(of.identity_id, "no_address"), running_for(world, of)):
        await change
        changed = await world.found.changed(known)
        assert changed.keys() == {of.identity_id}
        known = changed


async def running_for(world: World, of: Mailbox) -> None:
    await running(world.requests, of)


async def test_probes_and_other_peoples_requests_change_no_version(world: World) -> None:
    request = await world.request(OUTAGE)
    await world.breakers.open(Cause.OUTAGE, "down")
    known = await world.found.changed({request.identity_id: None})
    await world.records.rows("UPDATE mail_server_breaker SET probe_at = now()")
    assert await world.breakers.take_probe()
    await world.request(MADE)
    await world.refused(uuid4())
    assert await world.found.changed(known) == {}

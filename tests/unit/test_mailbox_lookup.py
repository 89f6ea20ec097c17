"""A lookup of mailboxes: its requests, what it records, what happens if the mail server is unhealthy, and who looks up:
the inspection at its pace, and a person before their mailbox is served."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import cast
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from eventually import eventually
from fakes import FakeBreakers, FakeClock, uncalled
from lookup_fakes import AtServer, FakeLookupRecords
from mail_fakes import FakeAccounts, an_account
from postroom.domain.at_rest import AtRest
from postroom.domain.breaker import Cause
from postroom.domain.missing import Doubt, Recorded, Sighting
from postroom.errors import MailboxMissing, MailServerError, Misconfigured, Throttled, Transient
from postroom.mailboxes.ports import MailAccount
from postroom.mailboxes.verified_accounts import CACHE_SECONDS, JUST_NOW, OUTAGE_PAUSE, VerifiedAccounts
from postroom.ports import Leadership
from postroom.provisioning import inspection as inspection_module
from postroom.provisioning.inspection import AGAIN_EVERY, EVERY, FAILURE_PAUSE, PAGE_PAUSE, Inspection
from postroom.provisioning.mailbox_lookup import MOST, MOST_LOGGED, REFUSED_PAUSE, MailboxLookup
from postroom.provisioning.mailboxes_at_rest import MailboxesAtRest
from postroom.provisioning.ports import DoubtChange, InspectionProgress

UNKNOWN_KEY = Misconfigured("mail server does not know our key (401)", unauthorized=True)


class LookupWorld:
    def __init__(self) -> None:
        self.at_server, self.records, self.breakers = AtServer(), FakeLookupRecords(), FakeBreakers()
        self.clock = FakeClock()
        self.lookup = MailboxLookup(self.at_server, self.records, self.breakers, monotonic=self.clock.monotonic)


@pytest.fixture
def looking() -> LookupWorld:
    return LookupWorld()


async def test_lookup_records_only_changes(looking: LookupWorld) -> None:
    there, gone, found = Recorded(uuid4(), "a"), Recorded(uuid4(), "b"), Recorded(uuid4(), "c", Doubt.MISSING, 99)
    still = Recorded(uuid4(), "d", Doubt.MISSING, 99)
    looking.at_server.sightings = {"b": Sighting.MISSING, "d": Sighting.UNMARKED}
    with capture_logs() as logs:
        seen = await looking.lookup.look_up([there, gone, found, still], deadline=1)
    assert [seen[each.identity_id].sighting for each in (there, gone, found, still)] == [
        Sighting.PRESENT,
        Sighting.MISSING,
        Sighting.PRESENT,
        Sighting.UNMARKED,
    ]
    assert [(each.recorded, each.doubt) for each in looking.records.changes] == [(gone, Doubt.SUSPECTED), (found, None)]
    assert looking.at_server.asked == [{"a", "b", "c", "d"}], "one request for all"
    assert [line["event"] for line in logs] == ["1 mailboxes are at the mail server again"]


async def test_missing_mailboxes_are_logged_for_the_operator(looking: LookupWorld) -> None:
    gone = [Recorded(UUID(int=each), f"gone{each}", Doubt.SUSPECTED, 99) for each in range(MOST_LOGGED + 1)]
    looking.at_server.sightings = {each.account_id: Sighting.MISSING for each in gone}
    with capture_logs() as logs:
        await looking.lookup.look_up(gone, deadline=1)
    reported = [(line["log_level"], line["event"], line["identity_ids"]) for line in logs]
    named = [str(each.identity_id) for each in gone[:MOST_LOGGED]]
    assert reported == [
        ("error", f"{MOST_LOGGED + 1} mailboxes are missing at the mail server: postroom status", named)
    ]


@pytest.mark.parametrize("ill", [Transient("away"), Throttled("429"), Misconfigured("401", unauthorized=True)])
async def test_unavailable_mail_server_marks_no_mailbox_as_missing(looking: LookupWorld, ill: MailServerError) -> None:
    looking.at_server.ill = ill
    with pytest.raises(type(ill)):
        await looking.lookup.look_up([Recorded(uuid4(), "a", Doubt.SUSPECTED, 99)], deadline=1)
    assert looking.records.changes == []


async def test_mailbox_lookup_asks_nothing_while_the_breaker_is_open(looking: LookupWorld) -> None:
    await looking.breakers.open(Cause.PAUSED, "paused by olga")
    with pytest.raises(Transient):
        await looking.lookup.look_up([Recorded(uuid4(), "a")], deadline=1)
    assert looking.at_server.asked == []


async def test_rejected_key_is_used_by_lookups_a_few_times_a_day_and_stops_no_attempt(looking: LookupWorld) -> None:
    """Stalwart bans an address after 100 failed logins a day, and the inspection would use the key every 30 s."""
    looking.at_server.ill = UNKNOWN_KEY
    with capture_logs() as logs:
        for _ in range(4 * 24 * 120):
            with pytest.raises((Misconfigured, Transient)):
                await looking.lookup.look_up([Recorded(uuid4(), "a")], deadline=1)
            looking.clock.seconds += 30
    assert len(looking.at_server.asked) == 9, "after 0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5, 55.5 and 79.5 hours"
    assert [line["log_level"] for line in logs] == ["error"] * 9
    assert looking.breakers.openings == []


async def test_lookup_that_is_refused_for_another_reason_is_repeated(looking: LookupWorld) -> None:
    """It is no failed login, and bans nobody."""
    looking.at_server.ill = Misconfigured("mail server forbids it (403)")
    for _ in range(2):
        with pytest.raises(Misconfigured):
            await looking.lookup.look_up([Recorded(uuid4(), "a")], deadline=1)


@pytest.mark.parametrize("cured_by", ["its turn", "the breaker"])
async def test_lookups_go_on_once_the_key_is_accepted_again(looking: LookupWorld, cured_by: str) -> None:
    """The breaker closed since, after a probe or by `postroom resume`: the key is known again."""
    looking.at_server.ill = UNKNOWN_KEY
    for _ in range(2):
        with pytest.raises(Misconfigured):
            await looking.lookup.look_up([Recorded(uuid4(), "a")], deadline=1)
        looking.clock.seconds += REFUSED_PAUSE
    looking.at_server.ill = None
    if cured_by == "the breaker":
        looking.breakers.changed_at += timedelta(seconds=1)
    else:
        looking.clock.seconds += REFUSED_PAUSE
    await looking.lookup.look_up([Recorded(uuid4(), "a")], deadline=1)
    looking.at_server.ill = UNKNOWN_KEY
    for _ in range(2):
        with pytest.raises(Misconfigured):
            await looking.lookup.look_up([Recorded(uuid4(), "a")], deadline=1)
        looking.clock.seconds += REFUSED_PAUSE


# The inspection looks up all mailboxes at its pace, and looks up again those that it did not find


class FakeInspected(FakeLookupRecords):
    """Mailboxes on record, by identity. Recorded lookups change them."""

    def __init__(self, number: int, clock: FakeClock) -> None:
        super().__init__()
        ids = [UUID(int=each) for each in range(1, number + 1)]
        self.rows = {each: Recorded(each, f"id{each.int}") for each in ids}
        self.clock = clock
        self.after_id: UUID | None = None
        self.due_at = 0.0
        self.passes = 0

    async def progress(self) -> InspectionProgress:
        return InspectionProgress(self.after_id, self.due_at - self.clock.monotonic(), None)

    async def page(self, after_id: UUID | None, limit: int) -> Sequence[Recorded]:
        return [row for each, row in self.rows.items() if after_id is None or each > after_id][:limit]

    async def doubtful(self, after_id: UUID | None, limit: int) -> Sequence[Recorded]:
        rows = [row for row in self.rows.values() if row.doubt and (after_id is None or row.identity_id > after_id)]
        return rows[:limit]

    async def advance(self, after_id: UUID | None, *, due_in: float) -> None:
        self.after_id, self.due_at = after_id, self.clock.monotonic() + due_in
        self.passes += after_id is None

    async def record(self, changes: Sequence[DoubtChange]) -> tuple[set[UUID], set[UUID]]:
        for each in changes:
            identity_id = each.recorded.identity_id
            self.rows[identity_id] = replace(self.rows[identity_id], doubt=each.doubt)
        return await super().record(changes)

    def grow_older(self, seconds: float) -> None:
        self.clock.seconds += seconds
        for each, row in self.rows.items():
            if row.doubt:
                self.rows[each] = replace(row, suspected_for=row.suspected_for + seconds)


class NoneAtRest:
    async def read(self, identity_ids: Sequence[UUID]) -> Sequence[AtRest]:
        return []

    holders = correct = uncalled


class InspectionWorld:
    def __init__(self, number: int) -> None:
        self.clock, self.at_server = FakeClock(), AtServer()
        self.inspected = FakeInspected(number, self.clock)
        self.inspection = Inspection(
            MailboxLookup(self.at_server, self.inspected, FakeBreakers()),
            self.inspected,
            MailboxesAtRest(NoneAtRest(), follows=False, announce=lambda _: None),
            cast(Leadership, None),
            uniform=lambda low, high: (low + high) / 2,
            monotonic=self.clock.monotonic,
        )

    async def go_on(self, seconds: float) -> None:
        ends = self.clock.seconds + seconds
        while self.clock.seconds < ends:
            self.inspected.grow_older(max(0.01, min(await self.inspection.step(), ends - self.clock.seconds)))


async def test_inspection_looks_up_every_mailbox_once_an_hour_page_by_page() -> None:
    world = InspectionWorld(2 * MOST + 7)
    await world.go_on(5 * PAGE_PAUSE)
    assert [len(each) for each in world.at_server.asked] == [MOST, MOST, 7]
    assert world.inspected.passes == 1
    await world.go_on(EVERY + 5 * PAGE_PAUSE)
    assert len(world.at_server.asked) == 6


async def test_inspection_continues_where_a_killed_process_stopped() -> None:
    world = InspectionWorld(MOST + 1)
    world.inspected.after_id = UUID(int=MOST)
    await world.go_on(5)
    assert world.at_server.asked == [{f"id{MOST + 1}"}]


async def test_mailbox_not_found_is_looked_up_again_and_missing_within_75_seconds() -> None:
    world = InspectionWorld(3)
    world.at_server.sightings["id2"] = Sighting.MISSING
    await world.go_on(59)
    assert world.inspected.rows[UUID(int=2)].doubt is Doubt.SUSPECTED
    await world.go_on(60 + AGAIN_EVERY + PAGE_PAUSE - 59)
    assert world.inspected.rows[UUID(int=2)].doubt is Doubt.MISSING
    assert [each.doubt for each in world.inspected.rows.values()] == [None, Doubt.MISSING, None]


async def test_missing_mailbox_that_is_back_is_found_within_seconds() -> None:
    world = InspectionWorld(1)
    world.at_server.sightings["id1"] = Sighting.UNMARKED
    await world.go_on(90)
    assert world.inspected.rows[UUID(int=1)].doubt is Doubt.MISSING
    world.at_server.sightings.clear()
    await world.go_on(AGAIN_EVERY + PAGE_PAUSE)
    assert world.inspected.rows[UUID(int=1)].doubt is None


async def test_many_missing_mailboxes_do_not_stop_the_inspection_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    size = 10
    monkeypatch.setattr(inspection_module, "MOST", size)
    world = InspectionWorld(60 * size)
    world.at_server.sightings = dict.fromkeys((f"id{each}" for each in range(1, 60 * size + 1)), Sighting.MISSING)
    await world.go_on(70)
    asked = len(world.at_server.asked)
    world.inspected.due_at, world.inspected.after_id = 0, None
    world.inspection._again_at, world.inspection._again_after = 0, None
    await world.go_on(10)
    assert world.inspected.after_id
    assert world.inspected.after_id.int >= 8 * size, "every second page is a page of all mailboxes"
    assert len(world.at_server.asked) - asked <= 10 / PAGE_PAUSE + 1, "the pace holds"


@pytest.mark.parametrize(("ill", "pause"), [(Transient("away"), FAILURE_PAUSE), (Throttled("429", retry_after=90), 90)])
async def test_inspection_pauses_while_the_mail_server_does_not_answer(
    ill: Transient | Throttled, pause: float
) -> None:
    world = InspectionWorld(3)
    world.at_server.ill = ill
    await world.go_on(pause + 0.2)
    assert await world.inspection.step() == pytest.approx(0.3)
    assert (len(world.at_server.asked), world.inspected.after_id, world.inspected.passes) == (1, None, 0)
    world.at_server.ill = None
    await world.go_on(3)
    assert world.inspected.passes == 1


# No mailbox is served before a lookup has found it at the mail server, with the identity's mark


class World:
    def __init__(self, *more: MailAccount) -> None:
        self.alice = an_account()
        self.at_server, self.records, self.clock = AtServer(), FakeLookupRecords(), FakeClock()
        lookup = MailboxLookup(self.at_server, self.records, FakeBreakers())
        known = FakeAccounts(self.alice, *more)
        self.accounts = VerifiedAccounts(known, lookup, monotonic=self.clock.monotonic)

    async def of_alice(self) -> MailAccount | None:
        return await self.accounts.of(self.alice.identity_id)


@pytest.fixture
def world() -> World:
    return World()


async def test_identity_without_a_mailbox_is_not_looked_up(world: World) -> None:
    assert await world.accounts.of(UUID(int=1)) is None
    assert world.at_server.asked == []


async def test_successful_mailbox_lookup_is_trusted_for_ten_minutes(world: World) -> None:
    for _ in range(3):
        assert await world.of_alice() == world.alice
        world.clock.seconds += CACHE_SECONDS / 3 - 1
    assert len(world.at_server.asked) == 1
    world.clock.seconds += 3
    assert await world.of_alice() == world.alice
    assert len(world.at_server.asked) == 2


@pytest.mark.parametrize("sighting", [Sighting.MISSING, Sighting.UNMARKED])
async def test_missing_or_unmarked_mailbox_is_not_served_and_is_suspected(world: World, sighting: Sighting) -> None:
    world.at_server.sightings["bv"] = sighting
    with pytest.raises(MailboxMissing):
        await world.of_alice()
    assert [each.doubt for each in world.records.changes] == [Doubt.SUSPECTED]


async def test_mailbox_that_vanished_is_noticed_at_the_next_lookup(world: World) -> None:
    assert await world.of_alice()
    world.at_server.sightings["bv"] = Sighting.MISSING
    world.clock.seconds += CACHE_SECONDS
    with pytest.raises(MailboxMissing):
        await world.of_alice()


async def test_a_mail_server_that_does_not_answer_locks_no_person_out_and_is_not_asked_again_at_once(
    world: World,
) -> None:
    world.at_server.ill = Transient("away")
    for _ in range(5):
        assert await world.of_alice() == world.alice
    assert len(world.at_server.asked) == 1
    world.clock.seconds += OUTAGE_PAUSE
    assert await world.of_alice() == world.alice
    assert len(world.at_server.asked) == 2


async def test_access_by_account_id_is_rejected_if_the_account_cannot_be_verified(world: World) -> None:
    """The id may belong to another person by now."""
    world.at_server.ill = Misconfigured("mail server forbids it")
    with pytest.raises(Misconfigured):
        await world.accounts.require(world.alice)


async def test_access_by_account_id_verifies_the_account_again_unless_just_verified(world: World) -> None:
    await world.of_alice()
    await world.accounts.require(world.alice)
    assert len(world.at_server.asked) == 1
    world.clock.seconds += JUST_NOW
    world.at_server.sightings["bv"] = Sighting.UNMARKED
    with pytest.raises(MailboxMissing):
        await world.accounts.require(world.alice)


async def test_concurrent_account_checks_share_a_few_lookups() -> None:
    """Stalwart allows our key four requests at a time, and provisioning needs them."""
    people = [MailAccount(uuid4(), f"user-{number}@example.org", f"id{number}") for number in range(1200)]
    world = World(*people)
    world.at_server.gate.clear()
    coming = [asyncio.create_task(world.accounts.of(each.identity_id)) for each in people]
    await eventually(lambda: len(world.at_server.asked) == 1, "the lookup for the first request")
    await asyncio.sleep(0)
    world.at_server.gate.set()
    assert await asyncio.gather(*coming) == people
    assert len(world.at_server.asked) <= 4
    assert set().union(*world.at_server.asked) == {each.account_id for each in people}
    asked = len(world.at_server.asked)
    world.clock.seconds += OUTAGE_PAUSE
    assert [await world.accounts.of(each.identity_id) for each in people] == people
    assert len(world.at_server.asked) == asked, "each account was looked up"


async def test_cancelled_waiter_leaves_the_shared_lookup_to_others(world: World) -> None:
    world.at_server.gate.clear()
    first, second = (asyncio.create_task(world.of_alice()) for _ in range(2))
    await eventually(lambda: world.at_server.asked != [], "the lookup")
    first.cancel()
    world.at_server.gate.set()
    assert await second == world.alice

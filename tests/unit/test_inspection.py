"""The inspection looks up all mailboxes at its pace, and looks up again those that it did not find."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast
from uuid import UUID

import pytest

from fakes import FakeBreakers, FakeClock
from lookup_fakes import AtServer, FakeLookupRecords
from postroom.domain.missing import Doubt, Recorded, Sighting
from postroom.errors import Throttled, Transient
from postroom.ports import Leadership
from postroom.provisioning import inspection as inspection_module
from postroom.provisioning.inspection import AGAIN_EVERY, EVERY, FAILURE_PAUSE, PAGE_PAUSE, Inspection
from postroom.provisioning.mailbox_lookup import MOST, MailboxLookup
from postroom.provisioning.ports import DoubtChange, InspectionProgress


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


class World:
    def __init__(self, number: int) -> None:
        self.clock, self.at_server = FakeClock(), AtServer()
        self.inspected = FakeInspected(number, self.clock)
        self.inspection = Inspection(
            MailboxLookup(self.at_server, self.inspected, FakeBreakers()),
            self.inspected,
            cast(Leadership, None),
            uniform=lambda low, high: (low + high) / 2,
            monotonic=self.clock.monotonic,
        )

    async def go_on(self, seconds: float) -> None:
        ends = self.clock.seconds + seconds
        while self.clock.seconds < ends:
            self.inspected.grow_older(max(0.01, min(await self.inspection.step(), ends - self.clock.seconds)))


async def test_inspection_looks_up_every_mailbox_once_an_hour_page_by_page() -> None:
    world = World(2 * MOST + 7)
    await world.go_on(5 * PAGE_PAUSE)
    assert [len(each) for each in world.at_server.asked] == [MOST, MOST, 7]
    assert world.inspected.passes == 1
    await world.go_on(EVERY + 5 * PAGE_PAUSE)
    assert len(world.at_server.asked) == 6


async def test_inspection_continues_where_a_killed_process_stopped() -> None:
    world = World(MOST + 1)
    world.inspected.after_id = UUID(int=MOST)
    await world.go_on(5)
    assert world.at_server.asked == [{f"id{MOST + 1}"}]


async def test_mailbox_not_found_is_looked_up_again_and_missing_within_75_seconds() -> None:
    world = World(3)
    world.at_server.sightings["id2"] = Sighting.MISSING
    await world.go_on(59)
    assert world.inspected.rows[UUID(int=2)].doubt is Doubt.SUSPECTED
    await world.go_on(60 + AGAIN_EVERY + PAGE_PAUSE - 59)
    assert world.inspected.rows[UUID(int=2)].doubt is Doubt.MISSING
    assert [each.doubt for each in world.inspected.rows.values()] == [None, Doubt.MISSING, None]


async def test_missing_mailbox_that_is_back_is_found_within_seconds() -> None:
    world = World(1)
    world.at_server.sightings["id1"] = Sighting.UNMARKED
    await world.go_on(90)
    assert world.inspected.rows[UUID(int=1)].doubt is Doubt.MISSING
    world.at_server.sightings.clear()
    await world.go_on(AGAIN_EVERY + PAGE_PAUSE)
    assert world.inspected.rows[UUID(int=1)].doubt is None


async def test_many_missing_mailboxes_do_not_stop_the_inspection_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    size = 10
    monkeypatch.setattr(inspection_module, "MOST", size)
    world = World(60 * size)
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
    world = World(3)
    world.at_server.ill = ill
    await world.go_on(pause + 0.2)
    assert await world.inspection.step() == pytest.approx(0.3)
    assert (len(world.at_server.asked), world.inspected.after_id, world.inspected.passes) == (1, None, 0)
    world.at_server.ill = None
    await world.go_on(3)
    assert world.inspected.passes == 1

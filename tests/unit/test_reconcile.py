"""Reconcile with models of PostgreSQL and Redis: what it corrects, what it must not change, and when it runs."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from fakes import START, AlwaysLeader, FakeClock, request_of
from postroom.domain.member import RetryJob
from postroom.domain.request import Request, State
from postroom.process.telemetry import REGISTRY
from postroom.retry import reconcile as reconcile_module
from postroom.retry.reconcile import CHECK_AT_MOST, CHECK_EVERY, FULL_PASS_EVERY, WINDOW, Corrections, Reconcile
from simulation.virtual_time import in_virtual_time

UNREADABLE = "what is this?"


def member_of(request: Request) -> str:
    return RetryJob.of(request).to_json()


class Rows:
    """The waiting requests, two per page; reading page `away_at_page` fails.

    `fresh` are rows as a second read returns them (None: the row no longer exists); `moving` were settled a moment ago.
    """

    def __init__(self, requests: list[Request]) -> None:
        self.requests = requests
        self.running = 0
        self.away_at_page: int | None = None
        self.fresh: dict[UUID, Request | None] = {}
        self.moving: set[UUID] = set()
        self.windows: list[tuple[float, float, int]] = []
        self.quiet: set[float] = set()
        self.reads: list[int] = []
        self.counted = 0

    async def counts(self) -> tuple[int, int]:
        self.counted += 1
        return len(self.requests), self.running

    async def window(self, earliest: float, latest: float, limit: int) -> Sequence[Request]:
        self.windows.append((earliest, latest, limit))
        return self.requests

    async def pages(self, size: int) -> AsyncIterator[Sequence[Request]]:
        for number, start in enumerate(range(0, len(self.requests), 2)):
            if number == self.away_at_page:
                raise ConnectionError("lost in the middle")
            yield self.requests[start : start + 2]

    async def read_many(self, identity_ids: Sequence[UUID], *, quiet: float) -> dict[object, tuple[Request, bool]]:
        self.quiet.add(quiet)
        self.reads.append(len(identity_ids))
        rows = {**{each.identity_id: each for each in self.requests}, **self.fresh}
        return {key: (row, key not in self.moving) for key in identity_ids if (row := rows.get(key))}


class Members:
    """`errors` are raised first, one at the end of each full pass; `lengths` are returned instead of the true ones."""

    def __init__(self) -> None:
        self.errors: list[Exception] = []
        self.lengths: list[int] = []
        self.held: set[str] = set()
        self.epoch = False
        self.is_of_another_installation = False
        self.windows: list[tuple[float, float, int]] = []

    async def has_epoch(self) -> bool:
        if self.is_of_another_installation:
            raise ConnectionError("the members are those of another installation")
        return self.epoch

    async def set_epoch(self) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.epoch = True

    async def length(self) -> int:
        return self.lengths.pop(0) if self.lengths else len(self.held)

    async def window(self, earliest: float, latest: float, limit: int) -> Sequence[str]:
        self.windows.append((earliest, latest, limit))
        return sorted(self.held)

    async def pages(self, size: int) -> AsyncIterator[Sequence[str]]:
        held = sorted(self.held)
        for start in range(0, len(held), size):
            yield held[start : start + size]

    async def absent(self, requests: Sequence[Request]) -> list[Request]:
        return [each for each in requests if member_of(each) not in self.held]

    async def add(self, requests: Sequence[Request]) -> int:
        before = len(self.held)
        self.held |= {member_of(each) for each in requests}
        return len(self.held) - before

    async def remove(self, members: Sequence[str]) -> int:
        before = len(self.held)
        self.held -= set(members)
        return before - len(self.held)


class World:
    """Five waiting requests with their members, unless Redis is `empty`."""

    def __init__(self, *, empty: bool = False) -> None:
        self.requests = five_waiting()
        self.rows, self.members, self.clock = Rows(self.requests), Members(), FakeClock()
        self.members.held = set() if empty else self.right
        self.leadership = AlwaysLeader()
        self.reconcile = Reconcile(
            self.rows, self.members, self.leadership, self.clock, failures=(ConnectionResetError,)
        )

    @property
    def right(self) -> set[str]:
        return {member_of(each) for each in self.requests}

    async def correct(self, way: str) -> Corrections:
        return await (self.reconcile.check() if way == "check" else self.reconcile.full_pass())


def five_waiting() -> list[Request]:
    due_at = START + timedelta(seconds=60)
    return [request_of(uuid4(), state=State.WAITING, holder=None, due_at=due_at) for _ in range(5)]


BOTH_WAYS = pytest.mark.parametrize("way", ["check", "full pass"])


async def test_aborted_full_reconcile_does_not_mark_redis_complete() -> None:
    world = World(empty=True)
    world.rows.away_at_page = 1
    with pytest.raises(ConnectionError):
        await world.reconcile.step()
    assert (world.members.epoch, len(world.members.held)) == (False, 2)
    world.rows.away_at_page = None
    assert await world.reconcile.step() == Corrections(added=3)
    assert world.members.epoch


async def test_redis_that_lost_its_data_gets_one_full_reconcile_at_the_next_turn() -> None:
    world = World(empty=True)
    assert await world.reconcile.step() == Corrections(added=5)
    assert await world.reconcile.step() == Corrections()
    assert world.rows.windows == world.members.windows == [(*WINDOW, CHECK_AT_MOST)]
    world.members.held, world.members.epoch = set(), False
    assert await world.reconcile.step() == Corrections(added=5)
    assert len(world.rows.windows) == 1


async def test_set_of_another_installation_is_not_changed_even_when_a_full_pass_is_due() -> None:
    world = World()
    world.members.held = others = {member_of(request_of())}
    world.members.is_of_another_installation = True
    with pytest.raises(ConnectionError):
        await world.reconcile.step()
    assert (world.members.held, world.members.epoch) == (others, False)


@BOTH_WAYS
async def test_reconcile_corrects_nothing_if_nothing_is_wrong(way: str) -> None:
    world = World()
    assert await world.correct(way) == Corrections()
    assert world.members.held == world.right
    assert world.rows.reads == ([] if way == "check" else [5]), "no row is read again if nothing differs"


@pytest.mark.parametrize(("lost", "strange"), [(1, [UNREADABLE, member_of(request_of())]), (0, [UNREADABLE]), (1, [])])
@BOTH_WAYS
async def test_reconcile_adds_missing_members_and_removes_stray_ones(way: str, lost: int, strange: list[str]) -> None:
    world = World()
    world.members.held = {*sorted(world.right)[lost:], *strange}
    assert await world.correct(way) == Corrections(lost, len(strange))
    assert world.members.held == world.right
    assert world.rows.quiet == {5.0}


@BOTH_WAYS
async def test_reconcile_leaves_requests_that_changed_a_moment_ago(way: str) -> None:
    """A settle writes PostgreSQL first and Redis afterwards. In between the two differ, and nothing is wrong."""
    world = World()
    absent, doubled = world.requests[0], world.requests[1]
    stale = member_of(replace(doubled, enqueued_at=START - timedelta(seconds=1)))
    world.members.held = (world.right - {member_of(absent)}) | {stale}
    held = set(world.members.held)
    world.rows.moving = {absent.identity_id, doubled.identity_id}
    assert await world.correct(way) == Corrections()
    assert world.members.held == held
    world.rows.moving = set()
    assert await world.correct(way) == Corrections(added=1, removed=1)


@pytest.mark.parametrize(
    "change",
    [{"state": State.RUNNING}, {"state": State.DEAD}, {"enqueued_at": START + timedelta(microseconds=1)}, None],
    ids=["runs", "is dead", "waits again", "is deleted"],
)
@BOTH_WAYS
async def test_reconcile_adds_no_member_for_a_request_that_has_changed(way: str, change: dict[str, Any] | None) -> None:
    world = World()
    absent = world.requests[0]
    world.members.held.discard(member_of(absent))
    world.rows.fresh = {absent.identity_id: replace(absent, **change) if change else None}
    assert await world.correct(way) == Corrections()


@pytest.mark.parametrize(
    ("state", "removed"), [(State.RUNNING, 0), (State.WAITING, 0), (State.PROVISIONED, 1), (State.DEAD, 1)]
)
@BOTH_WAYS
async def test_member_without_a_listed_row_is_removed_unless_its_request_runs_or_waits(
    way: str, state: State, removed: int
) -> None:
    """The worker removes the member of a running request. A request that has begun to wait in the meantime has a right
    to its member."""
    world = World()
    other = request_of(state=state)
    world.members.held.add(member_of(other))
    world.rows.fresh = {other.identity_id: other}
    assert await world.correct(way) == Corrections(removed=removed)
    assert (member_of(other) in world.members.held) is (removed == 0)


async def test_full_reconcile_holds_one_page_in_memory_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A million rows and members at once took 500 MiB, and the service may be limited to 512 MiB."""
    monkeypatch.setattr(reconcile_module, "PAGE", 2)
    world = World()
    world.members.held |= {f"{UNREADABLE} {number}" for number in range(4)} | {member_of(request_of())}
    removed: list[int] = []
    remove = world.members.remove

    async def remove_noted(members: Sequence[str]) -> int:
        removed.append(len(members))
        return await remove(members)

    world.members.remove = remove_noted
    assert await world.reconcile.full_pass() == Corrections(removed=5)
    assert world.members.held == world.right
    assert max(removed) <= 2
    assert max(world.rows.reads) <= 2


@BOTH_WAYS
async def test_member_in_the_format_of_another_version_is_kept_and_not_duplicated(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile_module, "PAGE", 2)
    world = World()
    world.members.held = {member.replace(",", ", ") for member in world.right}
    held = set(world.members.held)
    assert await world.correct(way) == Corrections()
    assert world.members.held == held


async def test_existing_member_is_not_counted_as_added() -> None:
    """A member that a worker postponed is outside the compared window. That is no error."""
    world = World()

    async def nothing_in_the_window(earliest: float, latest: float, limit: int) -> Sequence[str]:
        return []

    world.members.window = nothing_in_the_window
    assert await world.reconcile.check() == Corrections()


async def test_reconcile_compares_everything_at_start_and_hourly_and_a_window_in_between() -> None:
    world = World()
    checks = []
    for seconds in (0, 0, FULL_PASS_EVERY - 1, 1, 1):
        world.clock.seconds += seconds
        await world.reconcile.step()
        checks.append(len(world.rows.windows))
    assert checks == [0, 1, 2, 2, 3]


@pytest.mark.parametrize(
    ("lengths", "running", "differ"),
    [
        ([4] * 4, 0, True),
        ([5] * 4, 0, False),
        ([6] * 4, 0, True),
        ([4] * 4, 2, True),
        ([7] * 4, 2, False),
        ([8] * 4, 2, True),
        ([4, 5, 4, 5], 0, False),  # now and then
    ],
)
async def test_counts_that_differ_twice_cause_a_full_reconcile_pass(
    lengths: list[int], running: int, differ: bool
) -> None:
    """A member stays while its request runs: there may be as many more members than waiting rows as there are running
    requests."""
    world = World()
    await world.reconcile.step()
    world.rows.running, world.members.lengths = running, lengths
    checks = []
    for _ in range(4):
        await world.reconcile.step()
        checks.append(len(world.rows.windows))
    assert checks == ([1, 1, 2, 2] if differ else [1, 2, 3, 4])


def corrected(direction: str) -> float:
    return REGISTRY.get_sample_value("postroom_reconcile_corrections_total", {"direction": direction}) or 0


@pytest.mark.parametrize(("lost", "strange"), [(2, 1), (1, 0), (0, 1)])
async def test_reconcile_counts_corrections_by_direction_and_logs_them_once(lost: int, strange: int) -> None:
    world = World()
    await world.reconcile.step()
    world.members.held = {*sorted(world.right)[lost:], *[UNREADABLE][:strange]}
    before = corrected("added"), corrected("removed")
    with capture_logs() as logs:
        await world.reconcile.step()
        await world.reconcile.step()
    assert (corrected("added"), corrected("removed")) == (before[0] + lost, before[1] + strange)
    assert logs == [{"event": "Reconcile corrected Redis", "log_level": "warning", "added": lost, "removed": strange}]


async def test_full_reconcile_logs_what_it_compared_and_corrected() -> None:
    world = World()
    world.members.held = world.right - {member_of(world.requests[0])} | {UNREADABLE, f"{UNREADABLE} Again"}
    pages = world.rows.pages

    async def slow_pages(size: int) -> AsyncIterator[Sequence[Request]]:
        world.clock.seconds += 1.23456
        async for page in pages(size):
            yield page

    world.rows.pages = slow_pages
    with capture_logs() as logs:
        await world.reconcile.full_pass()
    assert logs == [
        {
            "event": "Reconcile compared all waiting requests",
            "log_level": "info",
            "compared": 5,
            "added": 1,
            "removed": 2,
            "seconds": 1.23,
        }
    ]


@in_virtual_time
async def test_reconcile_counts_logs_and_retries_unavailable_redis_without_showing_its_url() -> None:
    world, stop = World(), asyncio.Event()
    world.members.errors = [ConnectionResetError("redis://:secret@127.0.0.1")]
    asyncio.get_running_loop().call_later(CHECK_EVERY + 1, stop.set)
    before = REGISTRY.get_sample_value("postroom_redis_errors_total") or 0
    with capture_logs() as logs:
        await world.reconcile.run(stop)
    assert (world.members.epoch, world.leadership.led) == (True, ["reconcile"] * 2), "the turn is made nevertheless"
    assert REGISTRY.get_sample_value("postroom_redis_errors_total") == before + 1
    assert logs[0] == {
        "event": "Reconcile waits for Redis",
        "log_level": "warning",
        "error": "ConnectionResetError",
    }

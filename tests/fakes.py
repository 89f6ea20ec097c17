"""The ports in memory, as simple as their contract allows; the results of external servers are scripted."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from postroom.domain.breaker import Breaker, Cause, CreatesFail
from postroom.domain.mailbox import Mailbox, StalwartAccount
from postroom.domain.request import Move, Request, State, Status
from postroom.errors import DatabaseUnavailable, MailServerError, Unstorable
from postroom.ports import Claim, ClaimResult, Due, DueEntry, DuePosition, Settled

UNSTORABLE = "the mail server's response cannot be stored as text"
START = datetime(2026, 3, 1, tzinfo=UTC)


def request_of(identity_id: UUID | None = None, **fields: Any) -> Request:
    """A running request for alice@example.org, changed by `fields`."""
    usual = Request(
        identity_id=identity_id or uuid4(),
        email="alice@example.org",
        display_name=None,
        state=State.RUNNING,
        due_at=START,
        holder=uuid4(),
        attempts=1,
        retries=0,
        crashes=0,
        postponed=0,
        outcome_unknown=False,
        waits_for=None,
        enqueued_at=START,
        last_error=None,
        reason=None,
    )
    return replace(usual, **fields)


class FakeClock:
    """A clock that advances only when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


async def uncalled(*_: Any, **__: Any) -> Any:
    """Replaces the methods of a port that no test calls."""
    raise NotImplementedError


async def our_installation() -> str:
    """Its id, as PostgreSQL has it."""
    return "ours"


class FakeRequests:
    """`email_requests` in memory. A waiting request is claimed if its `due_at` is not after `now`.

    The next `unavailable` calls fail as if PostgreSQL could not be reached. `breaker_open` blocks claims, `claimed_at`
    are their times, and `settled` is what was written.
    """

    def __init__(self, *requests: Request, now: Callable[[], datetime] = lambda: START) -> None:
        self.rows = {request.identity_id: request for request in requests}
        self.now = now
        self.unavailable = 0
        self.breaker_open = False
        self.claims: list[tuple[UUID, ...]] = []
        self.claimed_at: list[float] = []
        self.settled: list[tuple[Request, Move, StalwartAccount | None]] = []
        self.locked: set[UUID] = set()
        """rows that another open transaction has locked"""
        self.unstorable = False
        """as if PostgreSQL refused the texts of an outcome"""
        self.gone = False
        """as if the row had been deleted"""
        self.late = False
        """as if another holder had taken over"""

    async def claim(
        self, identity_ids: Sequence[UUID], *, lease: float, exclusive: bool = False, limit: int | None = None
    ) -> list[Claim]:
        self._reach()
        self.claims.append(tuple(identity_ids))
        self.claimed_at.append(asyncio.get_running_loop().time())
        self.left = len(identity_ids) if limit is None else limit
        return [self._claim(identity_id, lease, exclusive) for identity_id in identity_ids]

    def _claim(self, identity_id: UUID, lease: float, exclusive: bool) -> Claim:
        row = self.rows.get(identity_id)
        if row is None:
            return Claim(identity_id, ClaimResult.UNKNOWN, None, None)
        due_in = (row.due_at - self.now()).total_seconds() if row.due_at else None
        if row.state in (State.PROVISIONED, State.DEAD):
            return Claim(identity_id, ClaimResult(row.state), row, due_in)
        if self.breaker_open:
            return Claim(identity_id, ClaimResult.BREAKER, row, due_in)
        runs = row.state is State.RUNNING
        if (due_in or 0) > (0 if runs else 0.05):
            return Claim(identity_id, ClaimResult(row.state), row, due_in)
        if (runs or row.crashes) and not exclusive:
            return Claim(identity_id, ClaimResult.EXCLUSIVE, row, due_in)
        if self.left <= 0 or identity_id in self.locked:
            return Claim(identity_id, ClaimResult.WAITING, row, due_in)
        self.left -= 1
        due_at = self.now() + timedelta(seconds=lease)
        row = replace(row, state=State.RUNNING, holder=uuid4(), attempts=row.attempts + 1, due_at=due_at)
        self.rows[identity_id] = row
        return Claim(identity_id, ClaimResult.GRANTED, row, due_in, crashed=runs or row.crashes > 0)

    async def settle(self, request: Request, move: Move, account: StalwartAccount | None) -> Settled | None:
        self._reach()
        if self.unstorable and move.error != UNSTORABLE:
            raise Unstorable("DataError")
        self.settled.append((request, move, account))
        if self.gone:
            return None
        if self.late:
            return Settled(self.rows[request.identity_id], None, Status.LATE)
        row = replace(
            request,
            state=move.state,
            holder=None,
            retries=move.retries,
            crashes=0,
            postponed=move.postponed,
            waits_for=move.waits_for,
            due_at=None if move.delay is None else self.now() + timedelta(seconds=move.delay),
            enqueued_at=request.enqueued_at + timedelta(microseconds=1),
            last_error=move.error,
            reason=move.reason,
            outcome_unknown=move.outcome_unknown,
        )
        self.rows[request.identity_id] = row
        return Settled(row, uuid4() if account else None, move.status)

    def _reach(self) -> None:
        if self.unavailable > 0:
            self.unavailable -= 1
            raise DatabaseUnavailable("PostgreSQL cannot be reached")

    accept = read = refuse_held = revive = follow_address = settle_change = uncalled


@dataclass(frozen=True)
class Hang:
    """A response that never comes."""


Scripted = StalwartAccount | Exception | Hang | None


class FakeMailServer:
    """`creates` and `finds` are the results in order; without a script a create succeeds.

    `ill` is the result of `health_check`, `makes_none` of `create_probe`; `seconds` is how long a call takes, by name.
    `asked` names each call, `alongside` counts the creates that ran when one began, itself included; while there is a
    `gate`, creates wait for it.
    """

    def __init__(
        self,
        *,
        creates: Sequence[Scripted] = (),
        finds: Sequence[Scripted] = (),
        ill: MailServerError | None = None,
        makes_none: MailServerError | None = None,
    ) -> None:
        self.creates = list(creates)
        self.finds = list(finds)
        self.ill = ill
        self.makes_none = makes_none
        self.health_check_hangs = False
        self.create_probe_hangs = False
        self.seconds: dict[str, float] = {}
        self.asked: list[str] = []
        self.deadlines: list[float] = []
        self.running = 0
        self.alongside: dict[UUID, int] = {}
        self.started: list[float] = []
        self.gate: asyncio.Event | None = None

    async def create(self, mailbox: Mailbox, *, deadline: float) -> StalwartAccount:
        self.asked.append("create")
        self.deadlines.append(deadline)
        self.started.append(asyncio.get_running_loop().time())
        self.running += 1
        self.alongside[mailbox.identity_id] = self.running
        try:
            await asyncio.sleep(self.seconds.get("create", 0))
            if self.gate:
                await self.gate.wait()
            made = await _play(self.creates.pop(0)) if self.creates else StalwartAccount("k", mailbox.email)
        finally:
            self.running -= 1
        assert made is not None
        return made

    async def find(self, mailbox: Mailbox, *, deadline: float) -> StalwartAccount | None:
        self.asked.append("find")
        self.deadlines.append(deadline)
        return await _play(self.finds.pop(0)) if self.finds else None

    async def health_check(self) -> MailServerError | None:
        self.asked.append("health_check")
        if self.health_check_hangs:
            await asyncio.Event().wait()
        await asyncio.sleep(self.seconds.get("health_check", 0))
        return self.ill

    async def create_probe(self) -> MailServerError | None:
        self.asked.append("create_probe")
        if self.create_probe_hangs:
            await asyncio.Event().wait()
        await asyncio.sleep(self.seconds.get("create_probe", 0))
        return self.makes_none


async def _play(result: Scripted) -> StalwartAccount | None:
    if isinstance(result, Hang):
        await asyncio.Event().wait()
    if isinstance(result, Exception):
        raise result
    assert not isinstance(result, Hang)
    return result


class FakeBreakers:
    """The breaker row. `probes_left` is how many probes are due, of creates, too."""

    def __init__(self, *, is_open: bool = False, probes_left: int = 1000) -> None:
        self.is_open = is_open
        self.probes_left = probes_left
        self.unavailable = 0
        self.changed_at = START
        self.openings: list[tuple[Cause, str]] = []
        self.reads = 0
        self.closed = 0
        self.creates: CreatesFail | None = None
        self.is_slow = False
        self.slowed_down: list[float] = []

    async def read(self) -> Breaker:
        self.reads += 1
        if self.unavailable > 0:
            self.unavailable -= 1
            raise DatabaseUnavailable("PostgreSQL cannot be reached")
        slow_until = START if self.is_slow else None
        return Breaker(self.is_open, Cause.OUTAGE, None, self.changed_at, 5.0, None, self.creates, slow_until)

    async def slow_down(self, seconds: float) -> None:
        if self.unavailable > 0:
            self.unavailable -= 1
            raise DatabaseUnavailable("PostgreSQL cannot be reached")
        self.slowed_down.append(seconds)

    async def open(self, cause: Cause, error: str) -> None:
        if self.unavailable > 0:
            self.unavailable -= 1
            raise DatabaseUnavailable("PostgreSQL cannot be reached")
        self.is_open = True
        self.openings.append((cause, error))

    async def take_probe(self) -> Breaker | None:
        if not self.is_open or self.probes_left == 0:
            return None
        self.probes_left -= 1
        return await self.read()

    async def close(self, breaker: Breaker) -> bool:
        if breaker.changed_at != self.changed_at:
            return False
        self.is_open = False
        self.closed += 1
        return True

    async def creates_fail(self, error: str) -> bool:
        before, self.creates = self.creates, CreatesFail(error, START, START, is_recent=True)
        return before is None

    async def take_create_probe(self) -> CreatesFail | None:
        if self.is_open or self.probes_left == 0:
            return None
        self.probes_left -= 1
        return self.creates

    async def creates_work(self, fault: CreatesFail) -> bool:
        before, self.creates = self.creates, None
        return before is not None


class FakeRetryIndex:
    """Records the calls to the retry index."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.replaced: list[tuple[Request, list[str]]] = []
        self.restored: list[tuple[str, datetime]] = []
        self.removed: list[str] = []
        self.added: list[Request] = []

    async def replace(self, request: Request, members: Sequence[str]) -> None:
        self.replaced.append((request, list(members)))

    async def restore(self, member: str, due_at: datetime) -> None:
        self.restored.append((member, due_at))

    async def remove(self, members: Sequence[str]) -> None:
        self.calls.append("remove")
        self.removed += members

    async def add(self, requests: Sequence[Request]) -> None:
        self.calls.append("add")
        self.added += requests


class AlwaysLeader:
    """A leadership without competitors. `led` are the names, in order."""

    def __init__(self) -> None:
        self.led: list[str] = []

    @asynccontextmanager
    async def lead(self, name: str) -> AsyncGenerator[bool]:
        self.led.append(name)
        yield True


class FakeDueQueue:
    """Returns `queue` from its front, at most `limit` at a time; `errors` are raised first. `at`: call times."""

    def __init__(self, *entries: DueEntry) -> None:
        self.queue = list(entries)
        self.errors: list[Exception] = []
        self.limits: list[int] = []
        self.at: list[float] = []
        self.behind: list[DuePosition | None] = []
        self.next_in: float | None = None

    async def due(self, limit: int) -> Due:
        self.limits.append(limit)
        self.at.append(asyncio.get_running_loop().time())
        if self.errors:
            raise self.errors.pop(0)
        found, self.queue = self.queue[:limit], self.queue[limit:]
        return Due(found, 0.0 if self.queue else self.next_in)


class FakeOverdue(FakeDueQueue):
    """Like PostgreSQL, it returns an entry again until a test removes it from `queue`."""

    async def due(self, limit: int, *, after: DuePosition | None = None) -> Due:
        self.limits.append(limit)
        self.behind.append(after)
        if self.errors:
            raise self.errors.pop(0)
        start = 1 + [_position(each) for each in self.queue].index(after) if after else 0
        found = self.queue[start : start + limit]
        return Due(found, self.next_in, _position(found[-1]) if found else None)


def _position(entry: DueEntry) -> DuePosition:
    assert entry.identity_id
    return START, entry.identity_id

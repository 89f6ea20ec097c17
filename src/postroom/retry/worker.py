"""The retry worker: sleeps until a request is due, claims it, attempts it, and starts over.

Any number of workers may run, inside the service or in separate processes: the claim decides which worker runs what.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from uuid import UUID

from cachetools import TTLCache

from postroom.domain.backoff import MAX_RETRIES
from postroom.domain.member import RetryJob
from postroom.domain.request import Request, Status
from postroom.errors import DatabaseUnavailable
from postroom.ports import Claim, ClaimResult, Clock, Due, DueEntry, Requests, RetryIndex, Settled
from postroom.process.pause import pause
from postroom.process.telemetry import ATTEMPTS, DATABASE_ERRORS, LATENESS_SECONDS, log
from postroom.provisioning.attempt import FINISH_WITHIN, STOPPED, Attempts
from postroom.provisioning.slots import Slots
from postroom.retry.due_source import DueSource
from postroom.retry.probe import Probe

LONGEST_SLEEP = 3.0
EARLY = 0.05
"""Seconds to wake before the due time: the claim grants that much, and the clocks may differ by as much."""
BREAKER_PAUSE = 1.0
PROBE_INTERVAL = 5.0
"""Seconds between reads of the breaker: it must close even while no request is due."""
SHORTEST_SLEEP = 0.005
LEASE_ENDS_SOON = 1.0
"""If the lease of a running request ends within so many seconds, the request is claimed again at its end."""
DATABASE_PAUSE = 0.5
LOCKED_PAUSE = 5.0
"""Seconds before the next claim of a request that must run exclusively and whose row was locked."""
MOST_LOCKED = 1000
NO_SLOT = "no slot was free within its lease"


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """All in seconds, except `pace`: attempts that a worker starts per second, 0 for no limit."""

    lease: float = 30.0
    pace: float = 10.0
    drain: float = 15.0


class Worker:
    """`beat` is called in each iteration."""

    def __init__(
        self,
        requests: Requests,
        attempts: Attempts,
        retry_index: RetryIndex,
        due_source: DueSource,
        probe: Probe,
        slots: Slots,
        clock: Clock,
        limits: WorkerLimits,
        *,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self._requests = requests
        self._attempts = attempts
        self._retry_index = retry_index
        self._due_source = due_source
        self._probe = probe
        self._slots = slots
        self._clock = clock
        self._limits = limits
        self.beat = beat
        self._event = asyncio.Event()
        self._stopped = asyncio.Event()
        self._has_started = False
        self._running: dict[UUID, asyncio.Task[Settled | None]] = {}
        self._exclusive: dict[UUID, list[str]] = {}
        self._locked = TTLCache[UUID, None](MOST_LOCKED, LOCKED_PAUSE, clock.monotonic)
        """requests that must run exclusively, and whose row was locked"""
        self._own_due: dict[UUID, float] = {}
        """when to claim requests that Redis will not return in time"""
        self._next_start = 0.0
        self._next_probe = 0.0
        self._processed = 0

    def wake(self, first: UUID | None = None) -> None:
        """A request is due now: poll without waiting. `first` goes before all that were due earlier."""
        if first and self._has_started:
            self._own_due[first] = self._clock.monotonic()
        self._event.set()

    def stop(self) -> None:
        """Claim nothing more; `run` returns after the drain."""
        self._stopped.set()
        self._event.set()

    async def run(self) -> None:
        """Run until `stop` (or cancellation); wait while PostgreSQL is unavailable.

        After `stop` it ends within the drain, `FINISH_WITHIN` and a second, even if PostgreSQL, Redis or the mail
        server hangs."""
        log.info("Email provisioning retry worker started")
        self._has_started = True
        polling = asyncio.create_task(self._poll_until_stopped())
        try:
            await pause(None, polling, self._stopped)
        finally:
            self.stop()
            await self._drain(polling)
        if polling.done() and not polling.cancelled():
            polling.result()

    async def _poll_until_stopped(self) -> None:
        while not self._stopped.is_set():
            self.beat()
            try:
                seconds = await self._step()
            except DatabaseUnavailable as error:
                DATABASE_ERRORS.labels(where="worker").inc()
                log.warning("Worker waits for PostgreSQL", error=str(error))
                self._due_source.poll_now()
                seconds = DATABASE_PAUSE
            await self._sleep(seconds)

    async def _step(self) -> float:
        """Poll once and start what may run. Returns the seconds until the next poll."""
        if self._exclusive:
            await self._run_exclusive()  # only one of them, then the others go on
        if self._clock.monotonic() >= self._next_probe:
            self._next_probe = self._clock.monotonic() + PROBE_INTERVAL
            if not await self._probe.closed():
                return await self._wait_for_the_breaker()
        free = self._slots.limit - len(self._running)
        if free <= 0:
            return LONGEST_SLEEP  # the end of a running attempt wakes us
        began = self._clock.monotonic()
        if began < self._next_start:
            return self._next_start - began
        limit = 1 if self._limits.pace else free
        early = self._take_own_due(limit)
        due = await self._due_source.due(limit - len(early)) if len(early) < limit else Due((), 0.0)
        entries = [*early, *due.entries]
        if not entries:
            return max(SHORTEST_SLEEP, self._next_in(due))
        results = await self._claim(entries, limit)
        if ClaimResult.BREAKER in results:
            return await self._wait_for_the_breaker()
        if self._limits.pace and ClaimResult.GRANTED in results:
            # Counted from the start of the poll: else the time of Redis and PostgreSQL would slow down the drain.
            self._next_start = began + 1 / self._limits.pace
        if results & {ClaimResult.GRANTED, ClaimResult.EXCLUSIVE} or self._due_source.nothing_claimed(due):
            return 0.0  # there may be more, also behind rows that other processes have locked
        return max(EARLY, self._next_in(due))

    async def _claim(self, entries: Sequence[DueEntry], limit: int) -> set[ClaimResult]:
        await self._retry_index.remove([each.member for each in entries if each.member and not each.identity_id])
        members: dict[UUID, list[str]] = {}
        for each in entries:
            if each.identity_id and each.identity_id not in self._running:
                members.setdefault(each.identity_id, []).extend([each.member] if each.member else [])
        if not members:
            return set()
        before = self._clock.monotonic()
        claims = await self._requests.claim(list(members), lease=self._limits.lease, limit=limit)
        return {await self._act_on(claim, members[claim.identity_id], before) for claim in claims}

    async def _act_on(self, claim: Claim, members: list[str], before: float) -> ClaimResult:
        match claim:
            case Claim(result=ClaimResult.GRANTED, request=Request() as request, due_in=float() as due_in):
                LATENESS_SECONDS.observe(max(0.0, -due_in))
                self._start(request, members, before, due_in)
            case Claim(result=ClaimResult.EXCLUSIVE):
                if claim.identity_id in self._locked:
                    return ClaimResult.WAITING
                self._exclusive[claim.identity_id] = members
            case Claim(result=ClaimResult.WAITING, request=Request() as request, due_in=float() as due_in):
                await self._not_due(request, members, due_in)
            case Claim(result=ClaimResult.PROVISIONED | ClaimResult.DEAD | ClaimResult.UNKNOWN):
                await self._retry_index.remove(members)
            case Claim(result=ClaimResult.RUNNING, due_in=float() as due_in) if due_in < LEASE_ENDS_SOON:
                # Redis postponed it by a lease when that lease began, which may be ending now, its holder dead.
                self._own_due[claim.identity_id] = self._clock.monotonic() + due_in
            case _:
                pass  # running elsewhere, locked, refused, or the breaker is open: its member becomes due again
        return claim.result

    async def _not_due(self, request: Request, members: list[str], due_in: float) -> None:
        """PostgreSQL's clock decides. Stale members are removed; the true one gets its score back, or we wait here."""
        true_member = RetryJob.of(request).to_json()
        await self._retry_index.remove([member for member in members if member != true_member])
        if due_in > self._limits.lease and request.due_at:
            await self._retry_index.restore(true_member, request.due_at)
        elif due_in > 0:
            self._own_due[request.identity_id] = self._clock.monotonic() + due_in - EARLY
        # Else it was due and not claimed: its row is locked, or this poll has claimed enough others.

    def _take_own_due(self, limit: int) -> list[DueEntry]:
        now = self._clock.monotonic()
        due = [identity_id for identity_id, at in self._own_due.items() if at <= now][:limit]
        for identity_id in due:
            del self._own_due[identity_id]
        return [DueEntry(identity_id) for identity_id in due]

    def _next_in(self, due: Due) -> float:
        early = min(self._own_due.values(), default=inf) - self._clock.monotonic()
        return early if due.next_in is None else min(early, due.next_in - EARLY)

    def _start(self, request: Request, members: Sequence[str], before: float, due_in: float) -> None:
        if request.attempts > 1:
            log.info(
                f"Retrying provisioning for {request.email} (attempt {max(1, request.retries)}/{MAX_RETRIES})",
                identity_id=str(request.identity_id),
            )
        task = asyncio.create_task(self._attempt(request, members, before, due_in))
        self._running[request.identity_id] = task
        task.add_done_callback(lambda _: self._ended(request.identity_id))

    async def _attempt(self, request: Request, members: Sequence[str], before: float, due_in: float) -> Settled | None:
        members = list({*members, RetryJob.of(request).to_json()})
        ends, lease_ends = self._ends(before)
        if due_in > 0:
            # It was claimed a little early, so that the commit is over at its due time. Wait for that time.
            await pause(due_in, self._stopped)
        if not await self._acquire_slot(ends):
            why = STOPPED if self._stopped.is_set() else NO_SLOT
            return await self._attempts.release(request, why, lease_ends=lease_ends, members=members)
        try:
            return await self._attempts.run(request, ends=ends, lease_ends=lease_ends, members=members)
        finally:
            self._slots.release()

    def _ends(self, before: float) -> tuple[float, float]:
        """The end of an attempt, and of its lease, which began after `before`: a third of the lease is for the health
        check and the settle."""
        return before + self._limits.lease * 2 / 3, before + self._limits.lease

    async def _acquire_slot(self, ends: float) -> bool:
        """False if none becomes free before `ends`, or the worker stops first."""
        if self._stopped.is_set():
            return False
        acquiring = asyncio.create_task(self._slots.acquire(within=ends - self._clock.monotonic()))
        await pause(None, acquiring, self._stopped)
        acquiring.cancel()  # no effect if it is done
        await asyncio.wait([acquiring])
        return not acquiring.cancelled() and acquiring.result()

    def _ended(self, identity_id: UUID) -> None:
        task = self._running.pop(identity_id)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, DatabaseUnavailable):
            DATABASE_ERRORS.labels(where="worker").inc()  # nothing was claimed; it becomes due again
        elif error:
            log.error("Attempt broke; its lease will run out", identity_id=str(identity_id), exc_info=error)
        self._processed += 1
        if not self._running:
            log.info(f"Processed {self._processed} retry jobs")
            self._processed = 0
        self._event.set()

    async def _run_exclusive(self) -> None:
        """Run a request that crashed before while no other runs, so that it cannot crash others with it."""
        identity_id, members = self._exclusive.popitem()
        task = asyncio.create_task(self._attempt_exclusively(identity_id, members))
        self._running[identity_id] = task
        task.add_done_callback(lambda _: self._ended(identity_id))
        while not task.done() and not self._stopped.is_set():
            self.beat()
            await self._sleep(LONGEST_SLEEP)  # the end of the attempt wakes us, and so does a stop

    async def _attempt_exclusively(self, identity_id: UUID, members: list[str]) -> None:
        async with self._slots.all():  # waits for all attempts of this process, also those of this worker
            before = self._clock.monotonic()
            if self._stopped.is_set():
                return
            for claim in await self._requests.claim([identity_id], lease=self._limits.lease, exclusive=True):
                _count_crash(claim)
                if claim.result is ClaimResult.GRANTED and claim.request:
                    log.warning(
                        "Running a request exclusively: an attempt ended without an outcome", email=claim.request.email
                    )
                    ends, lease_ends = self._ends(before)
                    await self._attempts.run(claim.request, ends=ends, lease_ends=lease_ends, members=members)
                elif claim.result is ClaimResult.REFUSED or (claim.due_in is not None and claim.due_in <= 0):
                    # Its row is locked or refused: without a pause it would be claimed in a loop, with all slots taken.
                    self._locked[identity_id] = None
                elif claim.request:
                    await self._retry_index.replace(claim.request, members)

    async def _wait_for_the_breaker(self) -> float:
        while not self._stopped.is_set() and not await self._probe.closed():
            self.beat()
            await self._sleep(BREAKER_PAUSE)
        self._due_source.poll_now()
        return 0.0

    async def _sleep(self, seconds: float) -> None:
        await pause(min(seconds, LONGEST_SLEEP), self._event)
        self._event.clear()

    async def _drain(self, polling: asyncio.Task[None]) -> None:
        """Let a claim that is under way and the attempts end; interrupt those that have not ended within the drain.
        A cancellation may not be delivered, so every wait has a time limit."""
        ends = self._clock.monotonic() + self._limits.drain
        await asyncio.wait([polling], timeout=self._limits.drain)
        if running := list(self._running.values()):
            await asyncio.wait(running, timeout=max(0.0, ends - self._clock.monotonic()))
        late = [task for task in (polling, *self._running.values()) if not task.done()]
        for task in late:
            task.cancel()
        if late:
            _, left = await asyncio.wait(late, timeout=FINISH_WITHIN + 1)
            if left:
                log.error("Attempts did not end with the worker; their leases will run out", attempts=len(left))


def _count_crash(claim: Claim) -> None:
    if claim.crashed:
        ATTEMPTS.labels(status=Status.CRASHED).inc()
        log.error("Attempt ended without an outcome", identity_id=str(claim.identity_id))

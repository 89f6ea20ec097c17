"""Reconcile: makes Redis agree with PostgreSQL. One leader does it; without faults it corrects nothing.

    check      every 30 s: what comes due in 1 to 90 s, and the total counts
    full pass  at the start, when Redis has lost its data (no epoch key), when the counts differ twice, and hourly

It corrects a difference only after a fresh read of a row that has not changed for 5 s: a settle writes PostgreSQL first
and Redis afterwards, and a correction in between would act on a race, not on an error.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from postroom.domain.comparison import Key, foreign, key_of, key_of_member, missing, written_otherwise
from postroom.domain.request import Request, State
from postroom.ports import Clock, Leadership, RetryMembers, WaitingRequests
from postroom.process.heartbeats import Beat, unheard
from postroom.process.leader_loop import run_as_leader
from postroom.process.telemetry import CORRECTIONS, REDIS_ERRORS, log

CHECK_EVERY = 30.0
FULL_PASS_EVERY = 3600.0
WINDOW = (1.0, 90.0)
"""Seconds from now in which rows and members are compared by each check."""
CHECK_AT_MOST = 2000
"""Rows and members of one check, so that it takes milliseconds; the full pass compares all."""
QUIET = 5.0
PAGE = 1000
"""Rows or members of one page of the full pass: while they are parsed, this process answers no hook."""


@dataclass(frozen=True, slots=True)
class Corrections:
    """Members that were added and removed."""

    added: int = 0
    removed: int = 0

    def __add__(self, other: "Corrections") -> "Corrections":
        return Corrections(self.added + other.added, self.removed + other.removed)


class Reconcile:
    """`failures` are the exceptions by which Redis calls fail; `beat` is called in each iteration."""

    def __init__(
        self,
        waiting: WaitingRequests,
        members: RetryMembers,
        leadership: Leadership,
        clock: Clock,
        *,
        failures: tuple[type[Exception], ...],
        beat: Beat = unheard,
    ) -> None:
        self._waiting = waiting
        self._members = members
        self._leadership = leadership
        self._clock = clock
        self._failures = failures
        self._beat = beat
        self._full_pass_at = clock.monotonic()
        self._differed = False

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop`; wait while Redis or PostgreSQL is unavailable."""

        async def step() -> float:
            try:
                await self.step()
            except self._failures as error:
                REDIS_ERRORS.inc()
                log.warning("Reconcile waits for Redis", error=type(error).__name__)
            return CHECK_EVERY

        await run_as_leader("reconcile", self._leadership, step, stop, every=CHECK_EVERY, beat=self._beat)

    async def step(self) -> Corrections:
        """One check, or a full pass if one is due."""
        now = self._clock.monotonic()
        is_complete = await self._members.has_epoch()  # first: the members of another installation are left alone
        if now >= self._full_pass_at or not is_complete or await self._counts_differ_twice():
            corrections = await self.full_pass()
            self._full_pass_at = now + FULL_PASS_EVERY
        else:
            corrections = await self.check()
        if corrections.added or corrections.removed:
            log.warning("Reconcile corrected Redis", added=corrections.added, removed=corrections.removed)
        return corrections

    async def check(self) -> Corrections:
        """Compare what comes due soon."""
        rows = await self._waiting.window(*WINDOW, CHECK_AT_MOST)
        members = await self._members.window(*WINDOW, CHECK_AT_MOST)
        return await self._correct(missing(rows, members), foreign(rows, members))

    async def full_pass(self) -> Corrections:
        """Compare all waiting requests, in both directions; at its end Redis is known to be complete (the epoch key).

        A page at a time: a million members and rows together would need more memory than the service may have.
        """
        started = self._clock.monotonic()
        removed, represented = await self._members_against_rows()
        added, compared = await self._rows_against_members(represented)
        await self._members.set_epoch()
        log.info(
            "Reconcile compared all waiting requests",
            compared=compared,
            added=added.added,
            removed=removed.removed,
            seconds=round(self._clock.monotonic() - started, 2),
        )
        return added + removed

    async def _members_against_rows(self) -> tuple[Corrections, set[Key]]:
        """Remove the members that stand for no request.

        Also returns the keys of requests whose member another version of Postroom wrote: they are not missing.
        """
        corrections, represented = Corrections(), set[Key]()
        async for page in self._members.pages(PAGE):
            self._beat()
            identities = {key[0] for key in map(key_of_member, page) if key}
            rows = (await self._waiting.read_many(list(identities), quiet=QUIET)).values()
            waiting = [request for request, _ in rows if request.state is State.WAITING]
            others = written_otherwise(waiting, page)
            unmatched = foreign(waiting, others)
            represented |= {key for key in map(key_of_member, others) if key} - set(map(key_of_member, unmatched))
            corrections += await self._correct([], unmatched)
        return corrections, represented

    async def _rows_against_members(self, represented: set[Key]) -> tuple[Corrections, int]:
        """Add the missing members. Also returns how many rows were compared."""
        corrections, compared = Corrections(), 0
        async for page in self._waiting.pages(PAGE):
            self._beat()
            absent = [request for request in await self._members.absent(page) if key_of(request) not in represented]
            corrections += await self._correct(absent, [])
            compared += len(page)
        return corrections, compared

    async def _counts_differ_twice(self) -> bool:
        """A member stays while its request runs, so there may be more members than waiting rows."""
        waiting, running = await self._waiting.counts()
        differ = not waiting <= await self._members.length() <= waiting + running
        twice = differ and self._differed
        self._differed = differ and not twice
        return twice

    async def _correct(self, absent: Sequence[Request], unmatched: Sequence[str]) -> Corrections:
        identities = {request.identity_id for request in absent}
        keys = {member: key_of_member(member) for member in unmatched}
        identities |= {key[0] for key in keys.values() if key}
        if not identities and not unmatched:
            return Corrections()
        fresh = await self._waiting.read_many(list(identities), quiet=QUIET)
        added = await self._members.add([request for request in absent if _still_waits(request, fresh)])
        removed = await self._members.remove(
            [member for member, key in keys.items() if key is None or _stands_for_nothing(key, fresh)]
        )
        CORRECTIONS.labels(direction="added").inc(added)
        CORRECTIONS.labels(direction="removed").inc(removed)
        return Corrections(added, removed)


Fresh = dict[object, tuple[Request, bool]]


def _still_waits(request: Request, fresh: Fresh) -> bool:
    found = fresh.get(request.identity_id)
    return found is not None and found[1] and found[0].state is State.WAITING and key_of(found[0]) == key_of(request)


def _stands_for_nothing(key: tuple[object, object], fresh: Fresh) -> bool:
    """The worker removes the member of a running request, and the settle that of a request that has just moved."""
    found = fresh.get(key[0])
    if found is None:
        return True
    request, quiet = found
    return (
        quiet and request.state is not State.RUNNING and not (request.state is State.WAITING and key_of(request) == key)
    )

"""Release: requests that wait for the mail server or for a domain run as soon as that is well again, not when their
time comes.

A standing look, not an event: whoever ends a cause needs to tell nobody, so nothing is missed by a process that dies.
One leader looks each second.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from cachetools import TTLCache

from postroom.domain.member import RetryJob
from postroom.domain.slow_start import LONGEST_REST, SlowStart
from postroom.leader_loop import run_as_leader
from postroom.ports import Clock, Leadership, Releases, RetryIndex
from postroom.telemetry import RELEASED, log

LOOK_EVERY = 1.0
WRITTEN_OFF = 30.0
"""Seconds after which a released request counts as failed: it may be locked, and nobody else must wait for it."""
LEAD_FOR = 60.0
"""Seconds after which another process may lead."""
REMEMBERED = 24 * 3600.0
"""Seconds in which a request that failed once more after its release is released by no mailbox of others: it is refused
for its own sake, and would otherwise be tried with each of them. Its own time, and an operator's word, still come."""
MOST_REMEMBERED = 1000


@dataclass(slots=True)
class _Course:
    """How far the release of one cause is."""

    ended_at: datetime | None
    failed: TTLCache[UUID, None]
    """who failed again"""
    pace: SlowStart = field(default_factory=SlowStart)
    released: set[UUID] = field(default_factory=set[UUID])
    released_at: float = 0.0


class Release:
    """`wake` rouses the worker of this process; `beat` is called each time it goes round."""

    def __init__(
        self,
        releases: Releases,
        retry_index: RetryIndex,
        leadership: Leadership,
        clock: Clock,
        *,
        wake: Callable[[], None],
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self._releases = releases
        self._retry_index = retry_index
        self._leadership = leadership
        self._clock = clock
        self._wake = wake
        self._beat = beat
        self._courses: dict[str, _Course] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`. What this process knows from an earlier lead it goes on with: a rest outlasts the lead."""

        async def turn() -> float:
            await self.turn()
            return LOOK_EVERY

        await run_as_leader(
            "release",
            self._leadership,
            turn,
            stop,
            every=LOOK_EVERY,
            lead_for=LEAD_FOR,
            monotonic=self._clock.monotonic,
            beat=self._beat,
        )

    async def turn(self) -> int:
        """Look once at every cause. Returns how many requests were released."""
        return sum([await self._look(cause, ended_at) for cause, ended_at in (await self._releases.causes()).items()])

    async def _look(self, cause: str, ended_at: datetime | None) -> int:
        course = self._courses.get(cause)
        if course is None or course.ended_at != ended_at:
            failed = TTLCache[UUID, None](MOST_REMEMBERED, REMEMBERED, self._clock.monotonic)
            course = self._courses[cause] = _Course(ended_at, failed)
        if course.released:
            await self._see_what_became(course)
        elif self._clock.monotonic() - course.released_at > LONGEST_REST:
            course.pace = SlowStart()  # this is another trouble than the last one
        if self._clock.monotonic() - course.released_at < course.pace.rest:
            return 0
        room = course.pace.room(len(course.released))
        released = await self._releases.release(cause, room, but=course.failed)
        if not released:
            return 0
        course.released |= {each.request.identity_id for each in released}
        course.released_at = self._clock.monotonic()
        # All in two calls, since a silent Redis takes its whole time-out for each. The new members come first: of two
        # for one request the claim grants one, and without any it would wait for the fallback poll.
        await self._retry_index.add([each.request for each in released])
        await self._retry_index.remove([RetryJob.of(each.before).to_json() for each in released])
        RELEASED.inc(len(released))
        log.info(f"Released {len(released)} requests", waited_for=cause)
        self._wake()
        return len(released)

    async def _see_what_became(self, course: _Course) -> None:
        under_way, made = await self._releases.progress(course.released)
        course.failed.update(dict.fromkeys(course.released - under_way - made))
        course.released = under_way
        if made:
            course.pace = course.pace.after_success()
        elif not under_way or self._clock.monotonic() - course.released_at > WRITTEN_OFF:
            course.pace = course.pace.after_failure()
            course.released = set()

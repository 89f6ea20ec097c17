"""Release: requests that wait for the mail server or for a domain run as soon as it is healthy again, before their due
time.

It polls instead of receiving events, so a process that ends a cause and dies leaves nothing undone. One leader polls
each second.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from cachetools import TTLCache

from postroom.domain.member import RetryJob
from postroom.domain.request import CHANGES
from postroom.domain.slow_start import LONGEST_PAUSE, SlowStart
from postroom.ports import Clock, Leadership, Releases, RetryIndex
from postroom.process.heartbeats import Beat, unheard
from postroom.process.leader_loop import run_as_leader
from postroom.process.telemetry import RELEASED, log

POLL_EVERY = 1.0
FAILED_AFTER = 30.0
"""Seconds after which a released request counts as failed: it may be locked, and others must not wait for it."""
LEAD_FOR = 60.0
"""Seconds after which another process may lead."""
REMEMBERED = 24 * 3600.0
"""Seconds for which a request that failed again after its release is not released by the success of others: the refusal
concerns the request itself, and it would be tried with each of them. Its due time and `postroom retry` still apply."""
MOST_REMEMBERED = 1000
CHANGES_REMEMBERED = 60.0
"""Seconds for which a change probe counts."""


@dataclass(slots=True)
class _CauseRelease:
    """How far the release of one cause is."""

    ended_at: datetime | None
    failed: TTLCache[UUID, None]
    """the identities whose request failed again"""
    pace: SlowStart = field(default_factory=SlowStart)
    released: set[UUID] = field(default_factory=set[UUID])
    released_at: float = 0.0


class Probes(Protocol):
    async def probe_if_due(self) -> None:
        """Probe creates, if they fail and that is due: requests wait for a success. Raises `DatabaseUnavailable`."""
        ...

    async def changes_work(self) -> bool:
        """Probe changes: requests wait for their success."""
        ...


class Release:
    """`wake` wakes our worker; `beat` is called in each iteration."""

    def __init__(
        self,
        releases: Releases,
        retry_index: RetryIndex,
        leadership: Leadership,
        clock: Clock,
        probes: Probes,
        *,
        wake: Callable[[], None],
        beat: Beat = unheard,
    ) -> None:
        self._releases = releases
        self._retry_index = retry_index
        self._leadership = leadership
        self._clock = clock
        self._probes = probes
        self._changes = TTLCache[str, bool](1, CHANGES_REMEMBERED, clock.monotonic)
        self._wake = wake
        self._beat = beat
        self._causes: dict[str, _CauseRelease] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop`. The state of an earlier leadership is kept: a pause may outlast it."""

        async def step() -> float:
            await self.step()
            return POLL_EVERY

        await run_as_leader(
            "release",
            self._leadership,
            step,
            stop,
            every=POLL_EVERY,
            lead_for=LEAD_FOR,
            monotonic=self._clock.monotonic,
            beat=self._beat,
        )

    async def step(self) -> int:
        """Poll every cause once. Returns how many requests were released."""
        await self._probes.probe_if_due()
        return sum([await self._poll(cause, ended_at) for cause, ended_at in (await self._releases.causes()).items()])

    async def _poll(self, cause: str, ended_at: datetime | None) -> int:
        state = self._causes.get(cause)
        if state is None or state.ended_at != ended_at:
            failed = TTLCache[UUID, None](MOST_REMEMBERED, REMEMBERED, self._clock.monotonic)
            state = self._causes[cause] = _CauseRelease(ended_at, failed)
        if state.released:
            await self._update(state)
        elif self._clock.monotonic() - state.released_at > LONGEST_PAUSE:
            state.pace = SlowStart()  # the cause has come back since
        if self._clock.monotonic() - state.released_at < state.pace.pause:
            return 0
        if cause == CHANGES and not await self._do_changes_work():
            return 0
        capacity = state.pace.capacity(len(state.released))
        released = await self._releases.release(cause, capacity, excluding=state.failed)
        if not released:
            return 0
        state.released |= {each.request.identity_id for each in released}
        state.released_at = self._clock.monotonic()
        # All in two calls, since a silent Redis takes the full time-out for each. The new members come first: of two
        # for one request the claim grants one, and without any the request would wait for the fallback poll.
        await self._retry_index.add([each.request for each in released])
        await self._retry_index.remove([RetryJob.of(each.before).to_json() for each in released])
        RELEASED.inc(len(released))
        log.info(f"Released {len(released)} requests", waited_for=cause)
        self._wake()
        return len(released)

    async def _do_changes_work(self) -> bool:
        if (known := self._changes.get(CHANGES)) is None:
            known = self._changes[CHANGES] = await self._probes.changes_work()
        return known

    async def _update(self, state: _CauseRelease) -> None:
        under_way, made = await self._releases.progress(state.released)
        state.failed.update(dict.fromkeys(state.released - under_way - made))
        state.released = under_way
        if made:
            state.pace = state.pace.after_success()
        elif not under_way or self._clock.monotonic() - state.released_at > FAILED_AFTER:
            state.pace = state.pace.after_failure()
            state.released = set()

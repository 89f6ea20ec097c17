"""Brings back the times that are further away than any rule puts them.

PostgreSQL's clock was ahead when they were written, by minutes or a year, and was then put right: without this, a
person would wait for their mailbox, and the sweep and the probe for their turn, until then.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from postroom.domain.backoff import LONGEST_DELAY_AFTER_CRASHES, LONGEST_RETRY_AFTER, MISCONFIGURED_DELAY
from postroom.domain.breaker import CREATE_PROBE_INTERVAL, LONGEST_INTERVAL, LONGEST_SLOW
from postroom.ports import Leadership
from postroom.process.heartbeats import unheard
from postroom.process.leader_loop import run_as_leader
from postroom.process.telemetry import FAR_TIMES, log
from postroom.provisioning import inspection, sweep

EVERY = 60.0
SPARE = 60.0
"""Seconds beyond the rule: a lease may be longer than usual, and a statement take its time."""

MOST_LOGGED = 20


class Times(Protocol):
    async def bring_back(
        self, within: Mapping[str, float], *, lease: float, spare: float
    ) -> Sequence[tuple[str, UUID | None]]:
        """Bring back each kind of time that is more than so many seconds `within` from now; a running request is due
        at the end of a `lease`. An hour is within reach, but not for a request that was written more than `spare`
        seconds after now; nor is half an hour for a probe whose interval is shorter by that. Returns the kind of each,
        and of a request the identity. Raises `DatabaseUnavailable`."""
        ...


class FarTimes:
    """`sweep_every` is the time between two sweeps, `lease` that of an attempt, in seconds."""

    def __init__(self, times: Times, leadership: Leadership, *, sweep_every: float, lease: float) -> None:
        self._times = times
        self._leadership = leadership
        self._within = within(sweep_every=sweep_every, lease=lease)
        self._lease = lease

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop`. It has no heartbeat, since nothing depends on it while the clock is right."""
        await run_as_leader("far_times", self._leadership, self.step, stop, every=EVERY, beat=unheard)

    async def step(self) -> float:
        found = await self._times.bring_back(self._within, lease=self._lease, spare=SPARE)
        for what, number in Counter(what for what, _ in found).items():
            FAR_TIMES.labels(what=what).inc(number)
            identities = [str(identity_id) for each, identity_id in found if each == what and identity_id]
            log.warning(
                "A time was further away than it can be, and was brought back: was the clock of PostgreSQL ahead?",
                what=what,
                count=number,
                identities=identities[:MOST_LOGGED],
            )
        return EVERY


def within(*, sweep_every: float, lease: float) -> dict[str, float]:
    """The longest that each kind of time can be away, by its rule, in seconds."""
    longest = {
        "request": max(LONGEST_DELAY_AFTER_CRASHES, LONGEST_RETRY_AFTER, MISCONFIGURED_DELAY, lease),
        "probe": LONGEST_INTERVAL,
        "slow": LONGEST_SLOW,
        "create_probe": CREATE_PROBE_INTERVAL,
        "sweep": max(sweep_every * (1 + sweep.JITTER), sweep.LONGEST_PAUSE),
        "inspection": inspection.EVERY * (1 + inspection.JITTER),
    }
    return {what: seconds + SPARE for what, seconds in longest.items()}

"""How fast a backlog of jobs that do nothing is run: by one worker process, and by two.

From the moment when every worker has started its first to the last start: what a worker needs to boot is not in it.
Ours is told twice: the worker as it is, which settles one by one, and by hundreds (`batched`).
"""

import asyncio

from benchmarks.contenders import BEST, DEFAULTS, OURS, Contender, rounds
from benchmarks.course import Course
from benchmarks.figures import Row, median_and_range
from benchmarks.form import Form
from benchmarks.lane import Event, Lane
from benchmarks.measures.batched import drain_batched
from benchmarks.servers import Servers

MOST_SECONDS = 60.0
BATCHED = "batched by 100"
PACED = 100
"""Jobs of a drain at our default pace, ten a second: enough to show it."""


async def measure(servers: Servers, form: Form, course: Course) -> list[Row]:
    rates: dict[tuple[str, str, int], list[float]] = {}
    planned = [
        (contender, kind)
        for number, contenders in enumerate(rounds(form.drain_runs))
        for contender in contenders
        for kind in _kinds(contender, everything=number == 0 or form.name == "full")
    ]
    course.expect(len(planned))
    for contender, (setting, workers) in planned:
        rate = await course.step(
            f"{contender.name}, {setting}, {workers}", _run(servers, contender, setting, workers, form)
        )
        if rate is not None:
            rates.setdefault((contender.name, setting, workers), []).append(rate)
    return [
        {"contender": name, "setting": setting, "workers": workers, "a second": median_and_range(found)}
        for (name, setting, workers), found in rates.items()
    ]


def _kinds(contender: Contender, *, everything: bool) -> list[tuple[str, int]]:
    """In the short form only the strongest setting is repeated."""
    if not contender.best:  # ten each 30 s: there is nothing to measure
        return []
    repeated = [(BEST, 1), (BATCHED, 1)] if contender is OURS else [(BEST, 1)]
    return [*repeated, (BEST, 2), (DEFAULTS, 1), (DEFAULTS, 2)] if everything else repeated


async def _run(servers: Servers, contender: Contender, setting: str, workers: int, form: Form) -> float:
    if setting == BATCHED:
        async with Lane(servers, contender, BEST) as lane:
            return await drain_batched(servers, lane, form.drain)
    paced = contender is OURS and setting == DEFAULTS
    async with Lane(servers, contender, setting) as lane:
        return await drain(lane, min(PACED, form.drain) if paced else form.drain, workers)


async def drain(lane: Lane, jobs: int, workers: int) -> float:
    """Starts a second while `jobs` are drained."""
    await lane.client("enqueue", "--n", str(jobs), "--together", "20")
    await asyncio.gather(*(lane.work() for _ in range(workers)))
    await lane.until(lambda events: sum(event.what == "start" for event in events) >= jobs, MOST_SECONDS)
    return rate_of(lane.starts())


def rate_of(starts: list[Event]) -> float:
    """Starts a second, from the moment when all workers work."""
    first: dict[str, float] = {}
    for event in starts:
        first.setdefault(event.worker, event.at)
    begun = max(first.values())
    counted = [event.at for event in starts if event.at >= begun]
    seconds = max(counted) - begun
    return (len(counted) - 1) / seconds if seconds else 0.0

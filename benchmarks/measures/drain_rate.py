"""How fast one worker process, and two, run a backlog of jobs that do nothing.

The time counts from the moment at which every worker has started its first job, without the time that workers need to
boot. Ours is measured twice: the worker as it is, which settles requests one by one, and in batches (`batched`).
"""

import asyncio

from benchmarks.contenders import BEST, DEFAULTS, OURS, Contender, rounds
from benchmarks.deployment import Deployment, Event
from benchmarks.figures import Row, median_and_range
from benchmarks.measures.batched import drain_batched
from benchmarks.scale import Scale
from benchmarks.servers import Servers
from benchmarks.steps import Steps

MOST_SECONDS = 60.0
BATCHED = "batched by 100"
PACED = 100
"""Jobs drained at our default pace of ten a second; enough to show it."""


async def measure(servers: Servers, scale: Scale, steps: Steps) -> list[Row]:
    rates: dict[tuple[str, str, int], list[float]] = {}
    planned = [
        (contender, kind)
        for number, contenders in enumerate(rounds(scale.drain_runs))
        for contender in contenders
        for kind in _kinds(contender, everything=number == 0 or scale.name == "full")
    ]
    steps.expect(len(planned))
    for contender, (setting, workers) in planned:
        rate = await steps.run(
            f"{contender.name}, {setting}, {workers}", _run(servers, contender, setting, workers, scale)
        )
        if rate is not None:
            rates.setdefault((contender.name, setting, workers), []).append(rate)
    return [
        {"contender": name, "setting": setting, "workers": workers, "a second": median_and_range(found)}
        for (name, setting, workers), found in rates.items()
    ]


def _kinds(contender: Contender, *, everything: bool) -> list[tuple[str, int]]:
    """Return the settings and numbers of workers. At the short scale, only the best setting is repeated."""
    if not contender.best:  # it runs ten jobs every 30 s, which needs no measurement
        return []
    repeated = [(BEST, 1), (BATCHED, 1)] if contender is OURS else [(BEST, 1)]
    return [*repeated, (BEST, 2), (DEFAULTS, 1), (DEFAULTS, 2)] if everything else repeated


async def _run(servers: Servers, contender: Contender, setting: str, workers: int, scale: Scale) -> float:
    if setting == BATCHED:
        async with Deployment(servers, contender, BEST) as deployment:
            return await drain_batched(servers, deployment, scale.drain)
    paced = contender is OURS and setting == DEFAULTS
    async with Deployment(servers, contender, setting) as deployment:
        return await drain(deployment, min(PACED, scale.drain) if paced else scale.drain, workers)


async def drain(deployment: Deployment, jobs: int, workers: int) -> float:
    """Return the starts a second while `jobs` are drained."""
    await deployment.client("enqueue", "--n", str(jobs), "--together", "20")
    await asyncio.gather(*(deployment.start_worker() for _ in range(workers)))
    await deployment.until(lambda events: sum(event.what == "start" for event in events) >= jobs, MOST_SECONDS)
    return rate_of(deployment.starts())


def rate_of(starts: list[Event]) -> float:
    """Return the starts a second, from the moment at which every worker has started a job."""
    first: dict[str, float] = {}
    for event in starts:
        first.setdefault(event.worker, event.at)
    begun = max(first.values())
    counted = [event.at for event in starts if event.at >= begun]
    seconds = max(counted) - begun
    return (len(counted) - 1) / seconds if seconds else 0.0

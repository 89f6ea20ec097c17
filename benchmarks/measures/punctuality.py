"""How long after its due time each delayed job starts. Jobs are due at random moments; one worker is running."""

import time

from benchmarks.contenders import Contender, rounds
from benchmarks.deployment import Deployment
from benchmarks.figures import Row, median_and_range, percentile
from benchmarks.scale import FULL, Scale
from benchmarks.servers import Servers
from benchmarks.steps import Steps

FIRST = 4.0
"""Seconds until the first job is due, so that all are enqueued by then."""

TOO_LATE = 1_000.0
"""Milliseconds. A contender that was later than that at p50 runs only once at the short scale."""


async def measure(servers: Servers, scale: Scale, steps: Steps) -> list[Row]:
    runs: dict[tuple[str, str], list[Row]] = {}
    planned = [
        (contender, setting)
        for contenders in rounds(scale.punctuality_runs)
        for contender in contenders
        for setting in contender.settings
    ]
    steps.expect(len(planned))
    for contender, setting in planned:
        known = runs.setdefault((contender.name, setting), [])
        if scale is not FULL and any(run["p50"] > TOO_LATE for run in known):
            steps.skip(f"{contender.name}, {setting}")
            continue
        found = await steps.run(f"{contender.name}, {setting}", _run(servers, contender, setting, scale))
        known += [found] if found else []
    return [{"contender": name, "setting": setting} | _over(found) for (name, setting), found in runs.items() if found]


async def _run(servers: Servers, contender: Contender, setting: str, scale: Scale) -> Row:
    async with Deployment(servers, contender, setting, longest_delay=FIRST + scale.spread) as deployment:
        await deployment.start_worker()
        await deployment.until_ready()
        asked = ("--first", str(FIRST), "--spread", str(scale.spread), "--together", "10")
        due: dict[str, float] = (await deployment.client("enqueue", "--n", str(scale.delayed), *asked))["due"]
        limit = FIRST + scale.spread + scale.start_within
        await deployment.until(lambda events: len(due.keys() & {each.key for each in events}) == len(due), limit)
        starts = {event.key: event.at for event in reversed(deployment.starts())}
        now = time.time()
    return lateness(due, starts, now)


def lateness(due: dict[str, float], starts: dict[str, float], now: float) -> Row:
    """Return how late each job first started, in milliseconds; negative is early. `off` is the absolute value.

    A job that has not started by `now` counts as late as it is now. Leaving it out would favour slow contenders.
    """
    late = [1000 * (starts.get(key, now) - at) for key, at in due.items()]
    off = [abs(each) for each in late]
    return {
        "p50": percentile(late, 50),
        "p99": percentile(late, 99),
        "max": max(late),
        "off p50": percentile(off, 50),
        "off p99": percentile(off, 99),
        "early, %": 100 * sum(each < 0 for each in late) / len(late),
        "n": len(due),
        "not started": len(due) - len(due.keys() & starts.keys()),
    }


def _over(runs: list[Row]) -> Row:
    counts = {name: sum(run[name] for run in runs) for name in ("n", "not started")}
    return {name: median_and_range([run[name] for run in runs]) for name in runs[0] if name not in counts} | counts

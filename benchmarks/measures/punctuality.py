"""Delayed jobs, due by chance: how long after its due time does each start? One worker, already up."""

import time

from benchmarks.contenders import Contender, rounds
from benchmarks.course import Course
from benchmarks.figures import Row, median_and_range, percentile
from benchmarks.form import FULL, Form
from benchmarks.lane import Lane
from benchmarks.servers import Servers

FIRST = 4.0
"""Seconds ahead of the first one: all are asked for by then."""

HOPELESS = 1_000.0
"""Milliseconds: who was later than that at p50 is not run again in the short form."""


async def measure(servers: Servers, form: Form, course: Course) -> list[Row]:
    runs: dict[tuple[str, str], list[Row]] = {}
    planned = [
        (contender, setting)
        for contenders in rounds(form.punctuality_runs)
        for contender in contenders
        for setting in contender.settings
    ]
    course.expect(len(planned))
    for contender, setting in planned:
        known = runs.setdefault((contender.name, setting), [])
        if form is not FULL and any(run["p50"] > HOPELESS for run in known):
            course.pass_over(f"{contender.name}, {setting}")
            continue
        found = await course.step(f"{contender.name}, {setting}", _run(servers, contender, setting, form))
        known += [found] if found else []
    return [{"contender": name, "setting": setting} | _over(found) for (name, setting), found in runs.items() if found]


async def _run(servers: Servers, contender: Contender, setting: str, form: Form) -> Row:
    async with Lane(servers, contender, setting, longest=FIRST + form.spread) as lane:
        await lane.work()
        await lane.ready()
        asked = ("--first", str(FIRST), "--spread", str(form.spread), "--together", "10")
        due: dict[str, float] = (await lane.client("enqueue", "--n", str(form.delayed), *asked))["due"]
        patience = FIRST + form.spread + form.patience
        await lane.until(lambda events: len(due.keys() & {each.key for each in events}) == len(due), patience)
        starts = {event.key: event.at for event in reversed(lane.starts())}
        now = time.time()
    return lateness(due, starts, now)


def lateness(due: dict[str, float], starts: dict[str, float], now: float) -> Row:
    """Of each job's first start, in milliseconds; negative is early. `off` takes early for as bad as late.

    What has not started by `now` is at least as late as it is now: leaving it out would flatter who is slow.
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

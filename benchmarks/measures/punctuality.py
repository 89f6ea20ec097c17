"""Delayed jobs, due by chance: how long after its due time does each start? One worker, already up.

A run is told in spells: the short form has one run of five, the full one five runs of one.
"""

import time

from benchmarks.contenders import Contender, rounds
from benchmarks.course import Course
from benchmarks.figures import Row, median_and_range, percentile
from benchmarks.form import Form
from benchmarks.lane import Lane
from benchmarks.servers import Servers

FIRST = 4.0
"""Seconds ahead of the first one: all are asked for by then."""


async def measure(servers: Servers, form: Form, course: Course) -> list[Row]:
    spells: dict[tuple[str, str], list[Row]] = {}
    planned = [
        (contender, setting)
        for contenders in rounds(form.punctuality_runs)
        for contender in contenders
        for setting in contender.settings
    ]
    course.expect(len(planned))
    for contender, setting in planned:
        found = await course.step(f"{contender.name}, {setting}", _run(servers, contender, setting, form))
        if found:
            spells.setdefault((contender.name, setting), []).extend(found)
    return [{"contender": name, "setting": setting} | _over(found) for (name, setting), found in spells.items()]


async def _run(servers: Servers, contender: Contender, setting: str, form: Form) -> list[Row]:
    """A row for each spell."""
    async with Lane(servers, contender, setting, longest=FIRST + form.spread) as lane:
        await lane.work()
        await lane.ready()
        asked = ("--first", str(FIRST), "--spread", str(form.spread), "--together", "10")
        due: dict[str, float] = (await lane.client("enqueue", "--n", str(form.delayed), *asked))["due"]
        patience = FIRST + form.spread + form.patience
        await lane.until(lambda events: len(due.keys() & {each.key for each in events}) == len(due), patience)
        starts = {event.key: event.at for event in reversed(lane.starts())}
        now = time.time()
    return [lateness(each, starts, now) for each in split(due, form.spells) if each]


def split(due: dict[str, float], spells: int) -> list[dict[str, float]]:
    """The jobs of each of so many equal parts of the time in which they come due."""
    begin, end = min(due.values()), max(due.values())
    parts: list[dict[str, float]] = [{} for _ in range(spells)]
    for key, at in due.items():
        parts[min(spells - 1, int((at - begin) / (end - begin or 1) * spells))][key] = at
    return parts


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


def _over(spells: list[Row]) -> Row:
    counts = {name: sum(spell[name] for spell in spells) for name in ("n", "not started")}
    return {
        name: median_and_range([each[name] for each in spells]) for name in spells[0] if name not in counts
    } | counts

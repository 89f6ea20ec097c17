"""kill -9 of a worker and all its processes, 1.5 s into a job of 4 s, and a successor at once: when does it run again?

All contenders at once, each with workers of its own: what they do meanwhile is wait. Once each.
"""

import asyncio
import time

from benchmarks.contenders import BEST, CONTENDERS, DEFAULTS, Contender
from benchmarks.course import Course
from benchmarks.figures import Row
from benchmarks.form import Form
from benchmarks.lane import Lane
from benchmarks.servers import Servers

TAKES = 4.0
KILLED_AFTER = 1.5
STARTS_WITHIN = 40.0


async def measure(servers: Servers, form: Form, course: Course) -> list[Row]:
    rows: list[Row | None] = []
    course.expect(sum(len(contender.settings) for contender in CONTENDERS))
    for setting in (DEFAULTS, BEST):
        asked = [contender for contender in CONTENDERS if setting in contender.settings]
        rows += await asyncio.gather(
            *(course.step(f"{each.name}, {setting}", _run(servers, each, setting, form.recovery_cap)) for each in asked)
        )
    return [row for row in rows if row]


async def _run(servers: Servers, contender: Contender, setting: str, cap: float) -> Row:
    found: Row = {"contender": contender.name, "setting": setting, "cap": cap}
    async with Lane(servers, contender, setting, longest=0) as lane:
        worker = await lane.work()
        await lane.ready()
        await lane.client("enqueue", "--n", "1", "--seconds", str(TAKES))
        if not await lane.until(lambda _: len(lane.starts()) == 1, STARTS_WITHIN):
            return found | {"seconds": None, "note": "the job did not start at all"}
        await asyncio.sleep(KILLED_AFTER)
        await lane.kill(worker)
        killed = time.time()
        await lane.work()
        again = await lane.until(lambda _: len(lane.starts()) == 2, cap)
        return found | {"seconds": round(lane.starts()[1].at - killed, 1) if again else None}

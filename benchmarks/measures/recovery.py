"""How long after kill -9 of its worker a job runs again. A new worker starts at once.

The worker and its child processes are killed 1.5 s into a job of 4 s, once for each contender and setting. All
contenders run at the same time, because they only wait.
"""

import asyncio
import time

from benchmarks.contenders import BEST, CONTENDERS, DEFAULTS, Contender
from benchmarks.deployment import Deployment
from benchmarks.figures import Row
from benchmarks.scale import Scale
from benchmarks.servers import Servers
from benchmarks.steps import Steps

TAKES = 4.0
KILLED_AFTER = 1.5
STARTS_WITHIN = 40.0


async def measure(servers: Servers, scale: Scale, steps: Steps) -> list[Row]:
    rows: list[Row | None] = []
    steps.expect(sum(len(contender.settings) for contender in CONTENDERS))
    for setting in (DEFAULTS, BEST):
        asked = [contender for contender in CONTENDERS if setting in contender.settings]
        rows += await asyncio.gather(
            *(steps.run(f"{each.name}, {setting}", _run(servers, each, setting, scale.recovery_cap)) for each in asked)
        )
    return [row for row in rows if row]


async def _run(servers: Servers, contender: Contender, setting: str, cap: float) -> Row:
    found: Row = {"contender": contender.name, "setting": setting, "cap": cap}
    async with Deployment(servers, contender, setting, longest_delay=0) as deployment:
        worker = await deployment.start_worker()
        await deployment.until_ready()
        await deployment.client("enqueue", "--n", "1", "--seconds", str(TAKES))
        if not await deployment.until(lambda _: len(deployment.starts()) == 1, STARTS_WITHIN):
            return found | {"seconds": None, "note": "the job did not start"}
        await asyncio.sleep(KILLED_AFTER)
        await deployment.kill_worker(worker)
        killed = time.time()
        await deployment.start_worker()
        again = await deployment.until(lambda _: len(deployment.starts()) == 2, cap)
        return found | {"seconds": round(deployment.starts()[1].at - killed, 1) if again else None}

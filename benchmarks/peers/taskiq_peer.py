"""taskiq with taskiq-redis: a stream with acknowledgements, and a scheduler next to the worker for delayed jobs."""
# pyright: reportMissingImports=false, reportFunctionMemberAccess=false

import os
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

from taskiq import TaskiqScheduler
from taskiq_redis import ListRedisScheduleSource, RedisStreamBroker

from benchmarks.peers import driver, record

URL = os.environ["BENCH_REDIS_URL"]
_BEST = os.environ.get("BENCH_TASKIQ_BEST") == "1"
_MORE: dict[str, Any] = {"idle_timeout": 10_000, "unacknowledged_lock_timeout": 10} if _BEST else {}

broker = RedisStreamBroker(URL, **_MORE)
source = ListRedisScheduleSource(URL)
scheduler = TaskiqScheduler(broker, [source])


@broker.task(task_name="job")
async def job(key: str, seconds: float, padding: str) -> None:
    await record.run(key, seconds)


class Taskiq(driver.Client):
    async def open(self) -> None:
        await broker.startup()
        await source.startup()

    async def close(self) -> None:
        await source.shutdown()
        await broker.shutdown()

    async def enqueue(self, key: str, due: float | None, seconds: float, padding: str) -> None:
        if due is None:
            await job.kiq(key, seconds, padding)
        else:
            await job.schedule_by_time(source, datetime.fromtimestamp(due, UTC), key, seconds, padding)

    def work(self, best: bool) -> None:
        environment = os.environ | ({"BENCH_TASKIQ_BEST": "1"} if best else {})
        taskiq, here = [sys.executable, "-m", "taskiq"], "benchmarks.peers.taskiq_peer"
        finer = ["--update-interval", "1", "--loop-interval", "0"] if best else []
        parts = [[*taskiq, "worker", f"{here}:broker", "--workers", "1", "--log-level", "ERROR"]]
        if os.environ.get("BENCH_WORKER", "1") == "1":  # only one scheduler may run
            parts.append([*taskiq, "scheduler", f"{here}:scheduler", "--log-level", "ERROR", *finer])
        for process in [subprocess.Popen(part, env=environment, stdin=subprocess.DEVNULL) for part in parts]:
            process.wait()


if __name__ == "__main__":
    driver.main(Taskiq)

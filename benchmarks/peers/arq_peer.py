"""arq: a job is a key of Redis and a member of a sorted set, which workers poll."""
# pyright: reportMissingImports=false

import os
from datetime import UTC, datetime
from typing import Any

from arq import create_pool
from arq.connections import RedisSettings
from arq.worker import Worker, func

from benchmarks.peers import driver, record


async def job(_context: dict[str, Any], key: str, seconds: float, _padding: str) -> None:
    await record.run(key, seconds)


class Arq(driver.Client):
    def __init__(self) -> None:
        self._settings = RedisSettings.from_dsn(os.environ["BENCH_REDIS_URL"])

    async def open(self) -> None:
        self._pool = await create_pool(self._settings)

    async def close(self) -> None:
        await self._pool.aclose()

    async def enqueue(self, key: str, due: float | None, seconds: float, padding: str) -> None:
        at = None if due is None else datetime.fromtimestamp(due, UTC)
        await self._pool.enqueue_job("job", key, seconds, padding, _job_id=key, _defer_until=at)

    def work(self, best: bool) -> None:
        more = {"poll_delay": 0.01, "job_timeout": 10, "max_jobs": 100} if best else {}
        Worker(functions=[func(job, name="job")], redis_settings=self._settings, **more).run()


if __name__ == "__main__":
    driver.main(Arq)

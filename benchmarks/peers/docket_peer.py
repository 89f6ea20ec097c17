"""docket (pydocket): jobs are in a sorted set and a stream of Redis."""
# pyright: reportMissingImports=false

import asyncio
import os
from datetime import UTC, datetime, timedelta

from docket import Docket, Worker

from benchmarks.peers import driver, record


async def job(key: str, seconds: float, padding: str) -> None:
    await record.run(key, seconds)


class DocketPeer(driver.Client):
    def __init__(self) -> None:
        self._docket = Docket(name="bench", url=os.environ["BENCH_REDIS_URL"])
        self._docket.register(job)

    async def open(self) -> None:
        await self._docket.__aenter__()

    async def close(self) -> None:
        await self._docket.__aexit__(None, None, None)

    async def enqueue(self, key: str, due: float | None, seconds: float, padding: str) -> None:
        when = None if due is None else datetime.fromtimestamp(due, UTC)
        await self._docket.add(job, when=when, key=key)(key, seconds, padding)

    def work(self, best: bool) -> None:
        asyncio.run(self._work(best))

    async def _work(self, best: bool) -> None:
        fine = timedelta(milliseconds=10)
        more = {
            "minimum_check_interval": fine,
            "scheduling_resolution": fine,
            "redelivery_timeout": timedelta(seconds=10),
            "concurrency": 50,  # with 100, its tasks use up the connections of its pool, and it hangs for 5 s
        }
        async with self._docket as docket, Worker(docket, **(more if best else {})) as worker:
            await worker.run_forever()


if __name__ == "__main__":
    driver.main(DocketPeer)

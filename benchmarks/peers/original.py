"""A plain loop: every 30 s it polls a sorted set, and runs at most ten jobs, one after another."""

import asyncio
import json
import os
import time
from typing import Any

from redis.asyncio import Redis

from benchmarks.peers import driver, record

KEY = "original:retry"
POLL_EVERY = 30.0
BATCH = 10


class Original(driver.Client):
    def __init__(self) -> None:
        self._redis = Redis.from_url(os.environ["BENCH_REDIS_URL"], decode_responses=True)

    async def open(self) -> None:
        await self._redis.ping()

    async def close(self) -> None:
        await self._redis.aclose()

    async def enqueue(self, key: str, due: float | None, seconds: float, padding: str) -> None:
        await self._redis.zadd(KEY, {json.dumps([key, seconds, padding]): due or time.time()})

    def work(self, best: bool) -> None:
        asyncio.run(self._work())

    async def _work(self) -> None:
        while True:
            due: list[Any] = await self._redis.zrangebyscore(KEY, 0, time.time(), start=0, num=BATCH)
            for member in due:
                await self._redis.zrem(KEY, member)
                key, seconds, _ = json.loads(member)
                await record.run(key, seconds)
            await asyncio.sleep(POLL_EVERY)


if __name__ == "__main__":
    driver.main(Original)

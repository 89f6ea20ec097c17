"""The loop that Postroom replaces: every 30 s it looks at a sorted set, takes ten at most, and runs one by one."""

import asyncio
import json
import os
import time
from typing import Any

from redis.asyncio import Redis

from benchmarks.peers import driver, record

KEY = "original:retry"
LOOK_EVERY = 30.0
AT_MOST = 10


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
            due: list[Any] = await self._redis.zrangebyscore(KEY, 0, time.time(), start=0, num=AT_MOST)
            for user in due:
                await self._redis.zrem(KEY, user)
                key, seconds, _ = json.loads(user)
                await record.run(key, seconds)
            await asyncio.sleep(LOOK_EVERY)


if __name__ == "__main__":
    driver.main(Original)

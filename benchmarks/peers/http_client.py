"""Clients of a webhook. They send what Kratos sends, whichever service is behind it.

    BENCH_URL=… BENCH_HOOK_KEY=… BENCH_STATUS=… python -m benchmarks.peers.http_client accept --clients 50 --seconds 2

BENCH_STATUS is the status of a hook whose request is stored.
"""

import asyncio
import os

import uvloop

from benchmarks.http_load import Connection, hook_body
from benchmarks.peers import driver


class HttpClient(driver.Client):
    async def open(self) -> None:
        self._url, self._key = os.environ["BENCH_URL"], os.environ["BENCH_HOOK_KEY"]
        self._stored = int(os.environ["BENCH_STATUS"])
        self._free: list[Connection] = []

    async def close(self) -> None:
        for connection in self._free:
            connection.close()

    async def accept(self, key: str) -> None:
        connection = self._free.pop() if self._free else await Connection.open(self._url)
        status = await connection.post(hook_body(key), self._key)
        if status != self._stored:
            raise RuntimeError(f"the webhook responded {status} instead of {self._stored}: the request is not stored")
        self._free.append(connection)

    def work(self, best: bool) -> None:
        raise NotImplementedError


if __name__ == "__main__":
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    driver.main(HttpClient)

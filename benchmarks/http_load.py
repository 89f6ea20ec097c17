"""A load generator for the webhook. It uses little CPU, because it shares two cores with the service that it measures.

    BENCH_HOOK_KEY=… python -m benchmarks.http_load URL HOOKS CLIENTS PREFIX

Prints the latencies as JSON.
"""

import asyncio
import json
import os
import sys
import time
from collections import Counter
from typing import Self
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

import uvloop

DOMAIN = "example.org"


class Connection:
    """A persistent connection that sends one request at a time."""

    def __init__(self, host: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._host = host
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, url: str) -> Self:
        parts = urlsplit(url)
        return cls(parts.netloc, *await asyncio.open_connection(parts.hostname, parts.port))

    async def post(self, body: bytes, key: str) -> int:
        """Send `body` to the webhook; return the status of the response."""
        self._writer.write(
            f"POST /internal/mail/provision HTTP/1.1\r\nHost: {self._host}\r\nX-Postroom-Key: {key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        await self._reader.readexactly(int(length))
        return int(head[9:12])

    def close(self) -> None:
        self._writer.close()


def hook_body(name: str) -> bytes:
    """Return what Kratos sends for the identity `name`, whose address is name@example.org."""
    email = f"{name}@{DOMAIN}"
    return json.dumps({"identity": {"id": str(uuid5(NAMESPACE_URL, email)), "traits": {"email": email}}}).encode()


async def main(url: str, hooks: int, clients: int, prefix: str) -> None:
    key = os.environ["BENCH_HOOK_KEY"]
    connections = [await Connection.open(url) for _ in range(clients)]
    for number, connection in enumerate(connections):
        await connection.post(hook_body(f"{prefix}warm{number}"), key)
    waiting = iter(range(hooks))
    latencies: list[float] = []
    statuses: Counter[int] = Counter()

    async def ask(connection: Connection) -> None:
        for number in waiting:
            body = hook_body(f"{prefix}{number}")
            begun = time.perf_counter()
            statuses[await connection.post(body, key)] += 1
            latencies.append(time.perf_counter() - begun)

    begun = time.perf_counter()
    await asyncio.gather(*(ask(connection) for connection in connections))
    seconds = time.perf_counter() - begun
    for connection in connections:
        connection.close()
    print(json.dumps({"seconds": seconds, "latencies": latencies, "statuses": statuses}))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))

"""What a worker did: lines of `start|end KEY SECONDS WORKER` in one file.

Written without a buffer, so that kill -9 of the worker takes nothing back.
"""

import asyncio
import os
import time
from functools import cache


@cache
def _file() -> int:
    return os.open(os.environ["BENCH_RECORD"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def write(event: str, key: str) -> None:
    line = f"{event} {key} {time.time():.6f} {os.environ.get('BENCH_WORKER', '1')}\n"
    os.write(_file(), line.encode())


async def run(key: str, seconds: float) -> None:
    """The job of every peer: nothing at all, or to take `seconds`."""
    write("start", key)
    if seconds:
        await asyncio.sleep(seconds)
    write("end", key)


def run_blocking(key: str, seconds: float) -> None:
    """The same where a worker has a process or thread for each job: it waits as such jobs do."""
    write("start", key)
    if seconds:
        time.sleep(seconds)
    write("end", key)

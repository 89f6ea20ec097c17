"""Records what a worker does, as lines of `start|end KEY UNIX_TIME WORKER` in one file.

Lines are written without a buffer, so that none is lost by kill -9 of the worker.
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
    """The job of every peer: sleep for `seconds`, which may be none."""
    write("start", key)
    if seconds:
        await asyncio.sleep(seconds)
    write("end", key)


def run_blocking(key: str, seconds: float) -> None:
    """The same job for workers that run each job in its own process or thread."""
    write("start", key)
    if seconds:
        time.sleep(seconds)
    write("end", key)

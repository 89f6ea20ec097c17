"""A program that a test uses, with all that it starts: nothing of it outlives its use."""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

_END_SECONDS = 5.0


@asynccontextmanager
async def program(*argv: str | Path, **more: Any) -> AsyncIterator[Process]:
    """`more`: of `asyncio.create_subprocess_exec`. What it writes is thrown away, unless `more` wants it."""
    options: dict[str, Any] = {"stdin": DEVNULL, "stdout": DEVNULL, "stderr": DEVNULL} | more
    process = await asyncio.create_subprocess_exec(*argv, start_new_session=True, **options)
    try:
        yield process
    finally:
        _signal(process, signal.SIGTERM)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _END_SECONDS)
        # A browser whose page hangs does not end by itself, and one that was killed leaves what it started.
        _signal(process, signal.SIGKILL)
        await process.wait()


def _signal(process: Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)

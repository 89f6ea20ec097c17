"""Each process records every 10 s that it is alive and the age of each loop's last iteration, for `postroom status`."""

import asyncio
import os
import socket
from collections.abc import Awaitable
from importlib.metadata import version
from typing import Literal
from uuid import uuid4

from postroom.errors import DatabaseUnavailable
from postroom.postgres.migrate import newest_revision
from postroom.postgres.processes import PostgresProcesses, ThisProcess
from postroom.process.heartbeats import LATE_AFTER, Heartbeats
from postroom.process.pause import pause
from postroom.process.telemetry import DATABASE_ERRORS

EVERY = 10.0
FINISH_WITHIN = 0.3
"""Seconds that deleting the row of this process may take; a row that remains shows when the process was last seen."""


class Presence:
    """Writes the row of this process. It has no heartbeat of its own, since nothing depends on it: while PostgreSQL is
    unavailable, the row is just not written."""

    def __init__(self, processes: PostgresProcesses, heartbeats: Heartbeats, kind: Literal["serve", "work"]) -> None:
        self._processes = processes
        self._heartbeats = heartbeats
        self._process = ThisProcess(
            uuid4(), socket.gethostname(), os.getpid(), kind, version("postroom"), newest_revision()
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop`."""
        while not stop.is_set():
            ages = self._heartbeats.ages()
            loops = {loop: {"age": round(age, 1), "late_after": LATE_AFTER[loop]} for loop, age in ages.items()}
            await _written(self._processes.record(self._process, loops))
            await pause(EVERY, stop)

    async def leave(self) -> None:
        """Delete the row: the process ends normally."""
        forgetting = asyncio.create_task(_written(self._processes.forget(self._process)))
        await asyncio.wait([forgetting], timeout=FINISH_WITHIN)


async def _written(writing: Awaitable[None]) -> None:
    try:
        await writing
    except DatabaseUnavailable:
        DATABASE_ERRORS.labels(where="presence").inc()

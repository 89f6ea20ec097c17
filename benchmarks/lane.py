"""One contender under one of its settings: its workers, its clients, and the record of what they did."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

from benchmarks.contenders import Contender
from benchmarks.servers import Servers, end
from postroom_sandbox.processes import Process

LOOK_EVERY = 0.05
READY_WITHIN = 60.0


@dataclass(frozen=True)
class Event:
    """`what` is start or end; `at` is the wall clock's."""

    what: str
    key: str
    at: float
    worker: str


class Lane:
    """By `async with`: begins with nothing waiting, ends every worker. `longest`: seconds of the longest delay."""

    def __init__(
        self,
        servers: Servers,
        contender: Contender,
        setting: str,
        *,
        longest: float = 60,
    ) -> None:
        self._servers = servers
        self.contender = contender
        self.setting = setting
        self._file = servers.data.folder("records") / uuid4().hex
        own = {"BENCH_RECORD": str(self._file), "BENCH_LONGEST": str(round(longest))}
        self._environment = servers.environment(contender, **own)
        self.workers: list[Process] = []
        self._watched: dict[Process, asyncio.Task[str]] = {}
        self._asked_ready = 0
        self.is_ready = False

    async def __aenter__(self) -> Self:
        await self._servers.clean(self.contender)
        # A client that asks for nothing: the schema, and a consumer group from which nothing gets lost.
        await self.client("enqueue", "--n", "0")
        return self

    async def __aexit__(self, *_: object) -> None:
        for worker in self.workers:
            await self.kill(worker)
        self._file.unlink(missing_ok=True)

    async def client(self, *arguments: str, **more: str) -> dict[str, Any]:
        process = await asyncio.create_subprocess_exec(
            self.contender.python,
            *("-m", self.contender.module, *arguments),
            env=self._environment | more,
            cwd=self._servers.data.path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await process.communicate()
        if process.returncode:
            raise RuntimeError(f"{self.contender.name}'s client {arguments}: {errors.decode()[-2000:]}")
        return json.loads(output.splitlines()[-1])

    async def work(self, **more: str) -> Process:
        """One more worker."""
        number = str(len(self.workers) + 1)
        worker = await self._servers.spawn(
            f"worker-{self.contender.name}",
            [self.contender.python, "-m", self.contender.module, "work", "--setting", self.setting],
            self._environment | {"BENCH_WORKER": number} | more,
        )
        self.workers.append(worker)
        self._watched[worker] = asyncio.create_task(worker.ended())
        return worker

    async def kill(self, worker: Process) -> None:
        """By kill -9, with all that it started."""
        if watching := self._watched.pop(worker, None):
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        await end(worker)

    async def ready(self) -> None:
        """Until the worker has run something."""
        if not self.contender.needs_acknowledgement:
            await asyncio.sleep(1)
            return
        self._asked_ready += 1
        prefix = f"ready{self._asked_ready}."
        await self.client("enqueue", "--n", "1", "--prefix", prefix)
        if not await self.until(lambda events: any(each.key.startswith(prefix) for each in events), READY_WITHIN):
            raise RuntimeError(f"{self.contender.name} did not start to work within {READY_WITHIN:g} s")

    async def until(self, condition: Callable[[list[Event]], bool], seconds: float) -> bool:
        """Whether the record meets `condition` within `seconds`. A worker that ended by itself is an error: its figure
        would be that of nobody at work."""
        ends = asyncio.get_running_loop().time() + seconds
        while not condition(self.events()):
            for watching in self._watched.values():
                if watching.done():
                    raise RuntimeError(watching.result())
            if asyncio.get_running_loop().time() > ends:
                return False
            await asyncio.sleep(LOOK_EVERY)
        return True

    def events(self) -> list[Event]:
        return read(self._file)

    def starts(self) -> list[Event]:
        """Of the measurement: without those that showed a worker to be ready."""
        return [event for event in self.events() if event.what == "start" and not event.key.startswith("ready")]


def read(file: Path) -> list[Event]:
    """What stands in a record; a last line that is being written is left out."""
    lines = file.read_text().splitlines(keepends=True) if file.exists() else []
    words = [line.split() for line in lines if line.endswith("\n")]
    return [Event(what, key, float(at), worker) for what, key, at, worker in words]

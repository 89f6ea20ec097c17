"""One contender, deployed for a measurement under one of its settings: workers, clients, and a record of its jobs."""

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

POLL_EVERY = 0.05
READY_WITHIN = 60.0


@dataclass(frozen=True)
class Event:
    """A job started or ended. `what` is start or end, and `at` is Unix time."""

    what: str
    key: str
    at: float
    worker: str


class Deployment:
    """Use it by `async with`: it starts with an empty queue and ends by killing its workers.

    `longest_delay`: the longest delay of a job, in seconds. Some contenders need to know it.
    """

    def __init__(
        self,
        servers: Servers,
        contender: Contender,
        setting: str,
        *,
        longest_delay: float = 60,
    ) -> None:
        self._servers = servers
        self.contender = contender
        self.setting = setting
        self._file = servers.data.folder("records") / uuid4().hex
        own = {"BENCH_RECORD": str(self._file), "BENCH_LONGEST_DELAY": str(round(longest_delay))}
        self._environment = servers.environment(contender, **own)
        self.workers: list[Process] = []
        self._watched: dict[Process, asyncio.Task[str]] = {}
        self._probes = 0
        self._is_supervised = False
        self.is_ready = False

    async def __aenter__(self) -> Self:
        await self._servers.clean(self.contender)
        # A client that enqueues nothing creates the schema, and the consumer group without which jobs would be lost.
        await self.client("enqueue", "--n", "0")
        return self

    async def __aexit__(self, *_: object) -> None:
        for worker in self.workers:
            await self.kill_worker(worker)
        self._file.unlink(missing_ok=True)

    async def client(self, *arguments: str) -> dict[str, Any]:
        """Run a client; return what it reports."""
        process = await asyncio.create_subprocess_exec(
            self.contender.python,
            *("-m", self.contender.module, *arguments),
            env=self._environment,
            cwd=self._servers.data.path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await process.communicate()
        if process.returncode:
            raise RuntimeError(f"client {arguments} of {self.contender.name} failed: {errors.decode()[-2000:]}")
        return json.loads(output.splitlines()[-1])

    async def start_worker(self, **more: str) -> Process:
        number = str(len(self.workers) + 1)
        worker = await self._servers.spawn(
            f"worker-{self.contender.name}",
            [self.contender.python, "-m", self.contender.module, "work", "--setting", self.setting],
            self._environment | {"BENCH_WORKER": number} | more,
        )
        self.workers.append(worker)
        self._watched[worker] = asyncio.create_task(worker.ended())
        return worker

    async def kill_worker(self, worker: Process) -> None:
        """Kill it and all its child processes with kill -9."""
        if watching := self._watched.pop(worker, None):
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        await end(worker)

    async def supervise(self) -> None:
        """Restart each worker that ends by itself, as a service manager would do. Runs until cancelled."""
        self._is_supervised = True
        while True:
            await asyncio.sleep(POLL_EVERY)
            for worker, watching in list(self._watched.items()):
                if watching.done():
                    del self._watched[worker]
                    await self.start_worker(BENCH_WORKER="1")

    async def until_ready(self) -> None:
        """Wait until the worker has run a job."""
        if not self.contender.needs_acknowledgement:
            await asyncio.sleep(1)
            return
        self._probes += 1
        prefix = f"ready{self._probes}."
        await self.client("enqueue", "--n", "1", "--prefix", prefix)
        if not await self.until(lambda events: any(each.key.startswith(prefix) for each in events), READY_WITHIN):
            raise RuntimeError(f"the worker of {self.contender.name} ran no job within {READY_WITHIN:g} s")

    async def until(self, condition: Callable[[list[Event]], bool], seconds: float) -> bool:
        """Wait until the record meets `condition`; return False if it does not within `seconds`.

        Raises `RuntimeError` if an unsupervised worker ended by itself: the figure would be that of no worker at all.
        """
        ends = asyncio.get_running_loop().time() + seconds
        while not condition(self.events()):
            for watching in self._watched.values():
                if watching.done() and not self._is_supervised:
                    raise RuntimeError(watching.result())
            if asyncio.get_running_loop().time() > ends:
                return False
            await asyncio.sleep(POLL_EVERY)
        return True

    def events(self) -> list[Event]:
        return read(self._file)

    def starts(self) -> list[Event]:
        """Return the starts of the measured jobs, without those that showed a worker to be ready."""
        return [event for event in self.events() if event.what == "start" and not event.key.startswith("ready")]


def read(file: Path) -> list[Event]:
    """Read a record, without a last line that is still being written."""
    lines = file.read_text().splitlines(keepends=True) if file.exists() else []
    words = [line.split() for line in lines if line.endswith("\n")]
    return [Event(what, key, float(at), worker) for what, key, at, worker in words]

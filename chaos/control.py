"""A child process that takes one order per line on its standard input and writes one result per line to its output.

It ends when its standard input ends. If the run is killed, the operating system closes that pipe.
"""

import asyncio
import inspect
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from postroom.errors import ConfigurationError

_LONGEST = 1 << 24
"""Bytes of a line: all hooks of a plan are one order."""
_GONE_WITHIN = 5.0


class Child:
    """`python -m MODULE`; everything but its results goes to `log`."""

    def __init__(self, module: str, log: Path) -> None:
        self._module = module
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._one_order = asyncio.Lock()

    @property
    def pid(self) -> int:
        return self._running.pid

    async def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", self._module),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                limit=_LONGEST,
                # Ctrl-C in the terminal reaches only the run, which then stops its children in order.
                start_new_session=True,
            )

    async def ask(self, order: str, *arguments: Any) -> Any:
        """The result of the order, once it is done. Raises ConfigurationError when the child has ended."""
        process = self._running
        assert process.stdin
        assert process.stdout
        async with self._one_order:
            try:
                process.stdin.write(json.dumps([order, *arguments]).encode() + b"\n")
                await process.stdin.drain()
                line = await process.stdout.readline()
            except ConnectionError:
                line = b""
        if not line:
            raise ConfigurationError(f"{self._module} has ended; {self._log} may say why")
        return json.loads(line)

    async def stop(self) -> None:
        """Close its standard input, and kill it if it does not end then."""
        if self._process is None:
            return
        assert self._process.stdin
        self._process.stdin.close()
        try:
            async with asyncio.timeout(_GONE_WITHIN):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    @property
    def _running(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise RuntimeError(f"{self._module} was never started")
        return self._process


async def obey(orders: Mapping[str, Callable[..., Any]]) -> None:
    """In the child: do each order, by its name, until standard input ends; then cancel those that are still running."""
    reader = asyncio.StreamReader(limit=_LONGEST)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)

    async def do(order: str, *arguments: Any) -> None:
        result = orders[order](*arguments)
        print(json.dumps(await result if inspect.isawaitable(result) else result), flush=True)

    running: list[asyncio.Task[None]] = []
    async with asyncio.TaskGroup() as group:
        while line := await reader.readline():
            running = [task for task in running if not task.done()]
            running.append(group.create_task(do(*json.loads(line))))
        for task in running:
            task.cancel()

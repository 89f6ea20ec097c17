"""The processes of a trial: they are started in order, watched, and stopped in reverse order."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import structlog

from postroom.errors import ConfigurationError

_logger = structlog.get_logger(__name__)

READY_WITHIN = 60.0
"""Seconds until a part is ready. 20 were too few on a busy machine, and after a crash PostgreSQL first replays its
write-ahead log."""

_ENDS_WITHIN = 300.0  # seconds for a process that does one thing
_POLL = 0.05  # seconds between two checks of something that sends no notification
_KILL = (signal.SIGKILL, 10.0)
_COLLECTED_WITHIN = 5.0

Probe = Callable[[], Awaitable[bool]]
StopStep = tuple[signal.Signals, float]


class Process:
    """One child process in a separate session: Ctrl-C in the terminal signals only the supervisor, which then stops its
    children in order.

    `log` collects its output; without it, the child inherits ours. `user` is the (uid, gid) to run as. With
    `until_eof`, its standard input is a pipe that closes when this process ends in any way. The child watches it
    (`end_with_parent`).
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        log: Path | None = None,
        cwd: Path | None = None,
        user: tuple[int, int] | None = None,
        until_eof: bool = False,
    ) -> None:
        self.name = name
        self._argv = argv
        self._env = env
        self._log = log
        self._cwd = cwd
        self._user = user
        self._until_eof = until_eof
        self._lifeline: int | None = None
        self._log_start = 0
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """The process id, once it is started."""
        return self._running.pid

    async def spawn(self) -> None:
        """Start the process. Raises ConfigurationError if it cannot be executed."""
        files: list[int] = []
        stdin: int = subprocess.DEVNULL
        output: int | None = None
        try:
            if self._until_eof:
                stdin, self._lifeline = os.pipe()
                files.append(stdin)
            if self._log:
                output = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
                files.append(output)
                self._log_start = os.fstat(output).st_size
            self._process = await asyncio.create_subprocess_exec(
                *self._argv,
                stdin=stdin,
                stdout=output,
                stderr=output,
                env=self._env,
                cwd=self._cwd,
                start_new_session=True,
                umask=0o077,
                **_identity(self._user),
            )
        except OSError as error:
            raise ConfigurationError(f"{self.name} cannot be started: {error}") from error
        finally:
            for file in files:
                os.close(file)

    async def until_ready(self, probe: Probe, seconds: float = READY_WITHIN) -> None:
        """Wait until `probe` returns True. Raises ConfigurationError with the last lines of the log if the process ends
        before, or after this number of seconds."""
        try:
            async with asyncio.timeout(seconds):
                while not await probe():
                    if self._running.returncode is not None:
                        raise ConfigurationError(await self.ended())
                    await asyncio.sleep(_POLL)
        except TimeoutError:
            raise ConfigurationError(self._late("was not ready", seconds)) from None

    async def succeed(self, seconds: float = _ENDS_WITHIN) -> None:
        """Wait for the end of the process. Raises ConfigurationError if its exit code is not 0, or after this number of
        seconds."""
        try:
            async with asyncio.timeout(seconds):
                code = await self._running.wait()
        except TimeoutError:
            raise ConfigurationError(self._late("did not end", seconds)) from None
        if code:
            raise ConfigurationError(await self.ended())

    async def ended(self) -> str:
        """Wait for the end of the process. Returns how it ended, with the last lines of its log."""
        code = await self._running.wait()
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        return f"{self.name} {how}{self._last_lines()}"

    async def stop(self, *steps: StopStep) -> None:
        """Send each signal in turn, and wait its number of seconds for the process to end. The last one is SIGKILL."""
        if self._process is not None:
            for number, seconds in (*steps, _KILL):
                if self._process.returncode is not None:
                    break
                self._process.send_signal(number)
                try:
                    async with asyncio.timeout(seconds):
                        await self._process.wait()
                except TimeoutError:
                    _logger.warning(f"{self.name} still runs {seconds:g} s after {number.name}")
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None

    @property
    def _running(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._process

    def _late(self, what: str, seconds: float) -> str:
        return f"{self.name} {what} within {seconds:g} s; if the machine is busy, try again later{self._last_lines()}"

    def _last_lines(self, count: int = 12) -> str:
        if self._log is None or not self._log.exists():
            return ""
        with self._log.open("rb") as file:
            file.seek(self._log_start)
            lines = file.read().decode(errors="replace").splitlines()[-count:]
        if not lines:
            return f"; it wrote nothing into {self._log}"
        return "".join([f"; the end of {self._log}:", *(f"\n    {line}" for line in lines)])


class Part(Protocol):
    """A part that a supervisor runs: a child process or an embedded server."""

    @property
    def name(self) -> str: ...
    async def start(self) -> None:
        """Return when it is ready. Raise ConfigurationError if it cannot start."""
        ...

    async def ended(self) -> str:
        """Return the reason when it has ended."""
        ...

    async def stop(self) -> None:
        """Stop it. Does nothing if it has ended or never ran."""
        ...


class ProcessPart:
    """A part that is one process. `stop_steps` stop it, and SIGKILL if they do not."""

    def __init__(self, name: str, *stop_steps: StopStep) -> None:
        self.name = name
        self._stop_steps = stop_steps
        self._process: Process | None = None

    @property
    def pid(self) -> int:
        """The process id, once it is started."""
        return self._running.pid

    async def ended(self) -> str:
        """Wait for the end of the process. Returns how it ended."""
        return await self._running.ended()

    async def stop(self) -> None:
        if self._process is not None:
            await self._process.stop(*self._stop_steps)

    async def _run(self, process: Process, ready: Probe, seconds: float = READY_WITHIN) -> None:
        """Start the process and wait until it is ready. Raises ConfigurationError."""
        self._process = process
        await process.spawn()
        await process.until_ready(ready, seconds)

    @property
    def _running(self) -> Process:
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._process


class PythonChild(ProcessPart):
    """A Python process of ours, which ends with its parent. `ready` checks whether it is ready."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        ready: Probe,
        *,
        env: Mapping[str, str] | None = None,
        log: Path | None = None,
        ready_within: float = READY_WITHIN,
        stop_within: float = 20,
    ) -> None:
        super().__init__(name, (signal.SIGTERM, stop_within))
        self._child = Process(name, [sys.executable, *arguments], env=env, log=log, until_eof=True)
        self._ready = ready
        self._ready_within = ready_within

    async def start(self) -> None:
        await self._run(self._child, self._ready, self._ready_within)


class Supervisor:
    """Runs parts until a signal arrives or one of them ends.

        async with Supervisor() as supervisor:
            await supervisor.start(postgres)
            await supervisor.start(service)
            await supervisor.wait()

    At SIGINT, SIGTERM or SIGHUP the block ends early without an error (`stopped_by` is the signal). If a part ends by
    itself, the block ends with a ConfigurationError that names it and the reason. In every case, all parts are stopped
    in reverse order, even if stopping one of them fails.
    """

    def __init__(self) -> None:
        self.stopped_by: signal.Signals | None = None
        self._failure: ConfigurationError | None = None
        self._stopping = False
        self._stack = AsyncExitStack()
        self._watchers: list[asyncio.Task[None]] = []
        self._body: asyncio.Task[Any] | None = None

    async def __aenter__(self) -> Self:
        self._body = asyncio.current_task()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self._on_signal, number)
        return self

    async def start(self, part: Part) -> None:
        """Start the part, wait until it is ready, and watch it from then on."""
        self._stack.push_async_callback(part.stop)
        await part.start()
        self._watchers.append(asyncio.create_task(self._watch(part)))

    async def wait(self) -> None:
        """Wait until the block ends."""
        await asyncio.get_running_loop().create_future()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        ours = self._stopping and isinstance(error, asyncio.CancelledError)
        self._stopping = True
        if ours and self._body is not None:
            self._body.uncancel()
        for watcher in self._watchers:
            watcher.cancel()
        await asyncio.gather(*self._watchers, return_exceptions=True)
        try:
            await self._stack.aclose()
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                asyncio.get_running_loop().remove_signal_handler(number)
        if ours and self._failure:
            raise self._failure from None
        return ours

    async def _watch(self, part: Part) -> None:
        reason = await part.ended()
        if not self._stopping:
            self._failure = ConfigurationError(f"{reason}\nThe trial stops, because it needs {part.name}.")
            self._end_body()

    def _on_signal(self, number: signal.Signals) -> None:
        if not self._stopping:
            self.stopped_by = number
            self._end_body()

    def _end_body(self) -> None:
        self._stopping = True
        if self._body is not None:
            self._body.cancel()


def _identity(user: tuple[int, int] | None) -> dict[str, Any]:
    """The arguments of `subprocess` to run a child as that uid and gid, in no other group."""
    return {} if user is None else {"user": user[0], "group": user[1], "extra_groups": []}


def end_with_parent() -> None:
    """End this process with SIGTERM, for a normal shutdown, when its standard input reaches its end.

    The parent holds the other end of that pipe. The system closes it even after `kill -9`, so that no child of a killed
    `postroom up` goes on running and keeps its port.
    """

    def watch() -> None:
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="end-with-parent", daemon=True).start()


async def stop_leftover(name: str, pid_file: Path, argument: str, gently: StopStep) -> None:
    """Stop the server that a killed parent left behind, if it still runs.

    The process counts as ours only if `argument` (the path of our data) is in its command line: the pid in the file may
    belong to another process by now.
    """
    pid = _pid_in(pid_file)
    if pid is None:
        return
    import psutil  # installed with the embedded servers only

    try:
        process = psutil.Process(pid)
        if process.status() != psutil.STATUS_ZOMBIE:
            if argument not in process.cmdline():
                return
            _logger.info(f"Stopping {name} (pid {pid}), left behind by a trial that was killed")
            await _end(process, (gently, _KILL))
        # A killed process exists as a zombie until it is reaped: PostgreSQL would not start beside its own zombie.
        if await _until(lambda: not psutil.pid_exists(pid), _COLLECTED_WITHIN):
            return
        ended = process.status() == psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return  # it has ended; or another user owns it, so it is not ours: ours have our uid, or we are root
    if not ended:
        raise ConfigurationError(f"{name} (pid {pid}) of an earlier trial cannot be stopped: kill it yourself")


async def _end(process: Any, steps: Sequence[StopStep]) -> None:
    for number, seconds in steps:
        process.send_signal(number)
        if await _until(lambda: not process.is_running() or process.status() == "zombie", seconds):
            return


async def _until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(_POLL)
    return True


def _pid_in(file: Path) -> int | None:
    words = file.read_text().split() if file.exists() else []
    # A server that was killed while it wrote leaves an empty file, or one that holds no number.
    return int(words[0]) if words and words[0].isdecimal() else None

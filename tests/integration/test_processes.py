"""The supervisor: if one process ends, all are stopped, in reverse order; and no process outlives a killed parent."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from eventually import eventually
from postroom.errors import ConfigurationError
from postroom_sandbox.processes import Part, Process, ProcessPart, PythonChild, Supervisor
from simulation.virtual_time import in_virtual_time

SILENT = "from postroom_sandbox.processes import end_with_parent; end_with_parent(); import signal; signal.pause()"
WAITS = SILENT.replace("import signal", "print('up', flush=True); import signal")
NEVER_STOPS = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()"

# A supervisor in a separate process, with two children that never end, and write nothing among its lines.
SUPERVISOR = f"""
import asyncio, json
from postroom_sandbox.processes import PythonChild, Supervisor

async def always():
    return True

async def run():
    async with Supervisor() as supervisor:
        children = [PythonChild(name, ["-c", {SILENT!r}], always) for name in ("first", "second")]
        for child in children:
            await supervisor.start(child)
        print(json.dumps([child.pid for child in children]), flush=True)
        await supervisor.wait()
    print("stopped by", supervisor.stopped_by.name, flush=True)

asyncio.run(run())
"""


class Logged(PythonChild):
    """A child with a log in the test's folder. It is ready when it has written "up" there."""

    def __init__(self, name: str, code: str, folder: Path, **limits: Any) -> None:
        self.log = folder / f"{name}.log"
        super().__init__(name, ["-c", code], self._is_up, log=self.log, **limits)

    async def _is_up(self) -> bool:
        return "up" in self.log.read_text()


async def supervise(*parts: Part, then: Callable[[], object] = lambda: None) -> None:
    async with Supervisor() as supervisor:
        for part in parts:
            await supervisor.start(part)
        then()
        await supervisor.wait()


def lives(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


@pytest.fixture
def supervisor_process() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, "-c", SUPERVISOR], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


async def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return await asyncio.to_thread(process.stdout.readline)


async def test_death_of_one_child_stops_all_and_the_error_includes_its_last_output(
    tmp_path: Path,
) -> None:
    healthy = Logged("healthy", WAITS, tmp_path)
    dying = Logged("dying", "print('last words', flush=True); " + WAITS, tmp_path)
    with pytest.raises(ConfigurationError, match=r"dying was killed by SIGKILL(?s:.*)last words(?s:.*)needs dying"):
        await supervise(healthy, dying, then=lambda: os.kill(dying.pid, signal.SIGKILL))
    assert not lives(healthy.pid)


async def test_child_that_exits_before_it_is_ready_is_reported_with_its_exit_code(tmp_path: Path) -> None:
    healthy = Logged("healthy", WAITS, tmp_path)
    broken = Logged("broken", "import sys; print('no such setting'); sys.exit(3)", tmp_path)
    with pytest.raises(ConfigurationError, match=r"broken ended with exit code 3(?s:.*)no such setting"):
        await supervise(healthy, broken)
    assert not lives(healthy.pid)


@pytest.mark.parametrize(
    ("code", "last"),
    [
        ("print('waiting for the disk', flush=True); " + SILENT, r"; the end of \S+:\n    waiting for the disk$"),
        (SILENT, r"; it wrote nothing into \S+$"),
    ],
    ids=["with words", "silent"],
)
async def test_child_that_hangs_before_it_is_ready_is_reported_with_what_it_wrote(
    tmp_path: Path, code: str, last: str
) -> None:
    log = tmp_path / "log"
    process = Process("the part", [sys.executable, "-c", code], log=log, until_eof=True)
    await process.spawn()
    try:
        if code != SILENT:
            await eventually(lambda: "waiting" in log.read_text(), "the child has written its words")
        with pytest.raises(ConfigurationError, match=rf"^the part was not ready within 0.1 s; .*{last}"):
            await process.until_ready(never, 0.1)
        with pytest.raises(ConfigurationError, match=rf"^the part did not end within 0.1 s; .*{last}"):
            await process.succeed(0.1)
    finally:
        await process.stop()


async def never() -> bool:
    return False


class Running(Process):
    """It never ends, and needs no process."""

    async def spawn(self) -> None:
        self._process = SimpleNamespace(returncode=None)  # pyright: ignore[reportAttributeAccessIssue]


@in_virtual_time
async def test_each_part_may_take_a_minute_until_it_is_ready() -> None:
    """On a busy machine, twenty seconds were too few for a Python that still loaded its modules."""
    loop = asyncio.get_running_loop()
    started = loop.time()

    async def after(seconds: float) -> bool:
        return loop.time() >= started + seconds

    await ProcessPart("slow")._run(Running("slow", []), lambda: after(59))
    started = loop.time()
    with pytest.raises(ConfigurationError, match=r"^slower was not ready within 60 s"):
        await ProcessPart("slower")._run(Running("slower", []), lambda: after(61))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_signal_stops_all_processes_in_reverse_order_without_an_error(number: signal.Signals) -> None:
    events: list[str] = []

    class Recorded:
        def __init__(self, name: str) -> None:
            self.name = name

        async def start(self) -> None:
            events.append(f"start {self.name}")

        async def ended(self) -> str:
            return await asyncio.get_running_loop().create_future()

        async def stop(self) -> None:
            events.append(f"stop {self.name}")

    async with Supervisor() as supervisor:
        await supervisor.start(Recorded("database"))
        await supervisor.start(Recorded("service"))
        os.kill(os.getpid(), number)
        await supervisor.wait()
    async with asyncio.timeout(1):  # the cancellation is complete: code after the block works as usual
        await asyncio.sleep(0)
    assert (task := asyncio.current_task())
    assert not task.cancelling()
    assert events == ["start database", "start service", "stop service", "stop database"]
    assert (supervisor.stopped_by, signal.getsignal(signal.SIGTERM)) == (number, signal.SIG_DFL)


async def test_part_that_fails_to_stop_does_not_keep_the_others_running(tmp_path: Path) -> None:
    class Stubborn(Logged):
        async def stop(self) -> None:
            await super().stop()
            raise ConfigurationError("stubborn")

    first, last = Logged("first", WAITS, tmp_path), Stubborn("last", WAITS, tmp_path)
    with pytest.raises(ConfigurationError, match="stubborn"):
        await supervise(first, last, then=lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert not lives(first.pid)


async def test_child_that_ignores_sigterm_is_killed_after_its_timeout(tmp_path: Path) -> None:
    child = Logged("deaf", NEVER_STOPS, tmp_path, stop_within=0.3)
    await child.start()
    await child.stop()
    assert "SIGKILL" in await child.ended()


async def test_python_children_end_when_their_parent_is_killed(
    supervisor_process: subprocess.Popen[str],
) -> None:
    children = json.loads(await line_of(supervisor_process))
    assert all(map(lives, children))
    supervisor_process.kill()
    await eventually(lambda: not any(map(lives, children)), "the children have ended")


async def test_ctrl_c_reaches_only_the_supervisor_which_exits_with_0(
    supervisor_process: subprocess.Popen[str],
) -> None:
    children = json.loads(await line_of(supervisor_process))
    assert all(os.getpgid(child) == child for child in children)
    supervisor_process.send_signal(signal.SIGINT)
    assert await line_of(supervisor_process) == "stopped by SIGINT\n"
    assert await asyncio.to_thread(supervisor_process.wait) == 0
    assert not any(map(lives, children))

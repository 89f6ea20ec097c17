"""The proxies, the load and the busy loops are separate processes, and end with the run."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from chaos.link import Link
from eventually import eventually
from postroom.errors import ConfigurationError
from postroom_sandbox.loopback import LOOPBACK


@pytest.fixture
def echo_port() -> int:
    """A server in a thread. It answers one connection with what it received."""
    server = socket.create_server((LOOPBACK, 0))

    def serve() -> None:
        with suppress(OSError), server, server.accept()[0] as connection:
            while data := connection.recv(100):
                connection.sendall(data)

    threading.Thread(target=serve, daemon=True).start()
    return server.getsockname()[1]


@pytest.fixture
async def link(tmp_path: Path, echo_port: int) -> AsyncIterator[Link]:
    link = Link(tmp_path / "link.log")
    await link.start()
    await link.lead_to(echo_port)
    yield link
    await link.stop()


async def test_chaos_link_forwards_while_the_run_itself_is_busy(link: Link) -> None:
    # Blocking calls: the event loop of this test does nothing meanwhile.
    with socket.create_connection((LOOPBACK, link.port), timeout=5) as client:
        client.sendall(b"hello")
        assert client.recv(100) == b"hello"


async def test_chaos_link_applies_the_requested_faults(link: Link) -> None:
    reader, writer = await asyncio.open_connection(LOOPBACK, link.port)
    await link.do("black_hole")
    writer.write(b"hello")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(100), 0.3)
    await link.do("pass_on")
    assert await asyncio.wait_for(reader.read(100), 5) == b"hello"
    await link.do("drop")
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(reader.read(100), 5)
    writer.close()


async def test_ended_chaos_link_is_reported(link: Link) -> None:
    os.kill(link.pid, signal.SIGKILL)
    with pytest.raises(ConfigurationError, match=r"chaos\.proxy has ended"):
        await link.do("drop")


RUN = """
import asyncio, sys
from pathlib import Path
from chaos.busy import BusyLoops
from chaos.link import Link
from chaos.load import LoadProcess

async def main():
    log = Path(sys.argv[1])
    for part in Link(log), LoadProcess(log, log, log), BusyLoops(1, log):
        await part.start()
    print("started", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_no_child_process_outlives_a_killed_chaos_run(tmp_path: Path) -> None:
    command = [sys.executable, "-c", RUN, str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as run:
        assert run.stdout
        assert run.stdout.readline() == b"started\n"
        children = psutil.Process(run.pid).children()
        assert len(children) == 3
        run.kill()
    await eventually(lambda: not any(map(_runs, children)), "proxy, load and busy loop have ended")


def _runs(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE

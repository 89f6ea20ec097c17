"""Stops the process: on a signal, when its parent ends, and at last by force."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from postroom.process.telemetry import log, write_last_lines


@asynccontextmanager
async def stopping(*, until_eof: bool) -> AsyncGenerator[asyncio.Event]:
    """An event that SIGTERM or SIGINT sets and, with `until_eof`, also the end of the parent process. A second signal
    ends the process at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, _signalled, each, stop)
    if until_eof:
        loop.add_reader(sys.stdin.fileno(), _at_eof, stop)
    try:
        yield stop
    finally:
        if until_eof:
            loop.remove_reader(sys.stdin.fileno())


def _signalled(number: signal.Signals, stop: asyncio.Event) -> None:
    if stop.is_set():
        _exit("Ended at once: second signal while stopping", 128 + number)
    stop.set()


def _at_eof(stop: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 1024):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        stop.set()


def end_within(seconds: float, code: int) -> None:
    """End the process with that exit code after `seconds`, even if it hangs: a thread needs no event loop."""
    timer = threading.Timer(seconds, _exit, ("Ended by force: the process hangs", code))
    timer.daemon = True
    timer.start()


def _exit(message: str, code: int) -> None:
    log.error(message, exit_code=code)
    write_last_lines()
    os._exit(code)

"""When a process stops, and that it does: by a signal, by its parent's end, and at last without asking anybody."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from postroom.telemetry import log

FINISH_WITHIN = 0.3
"""Seconds: a log that nobody reads must not keep the process alive."""


@asynccontextmanager
async def stopping(*, until_eof: bool) -> AsyncGenerator[asyncio.Event]:
    """An event that SIGTERM or SIGINT sets, or, with `until_eof`, the end of the process that started us. A second
    signal ends the process at once."""
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
        _exit("Ended at once: told to stop while stopping", 128 + number)
    stop.set()


def _at_eof(stop: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 1024):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        stop.set()


def end_within(seconds: float, code: int) -> None:
    """Whatever hangs then, the process ends with that exit code: from a thread, which needs no event loop."""
    timer = threading.Timer(seconds, _exit, ("Ended by force: something hangs", code))
    timer.daemon = True
    timer.start()


def _exit(words: str, code: int) -> None:
    teller = threading.Thread(target=log.error, args=(words,), kwargs={"exit_code": code}, daemon=True)
    teller.start()
    teller.join(FINISH_WITHIN)
    os._exit(code)

"""`python -m chaos.busy` keeps one core busy until its standard input ends or an hour has passed."""

import sys
import time
from pathlib import Path

from postroom_sandbox.processes import Process, end_with_parent

MOST = 32
_LONGEST = 3600.0


class BusyLoops:
    """`count` busy loops during a run, which make the machine as slow as a shared one can be."""

    def __init__(self, count: int, log: Path) -> None:
        command = [sys.executable, "-m", "chaos.busy"]
        self._processes = [Process(f"busy loop {n + 1}", command, log=log, until_eof=True) for n in range(count)]

    async def start(self) -> None:
        for process in self._processes:
            await process.spawn()

    async def stop(self) -> None:
        for process in self._processes:
            await process.stop()  # kill -9: nothing is lost with it


def main() -> None:
    end_with_parent()
    end = time.monotonic() + _LONGEST
    while time.monotonic() < end:
        pass


if __name__ == "__main__":
    main()

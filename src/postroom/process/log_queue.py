"""A queue behind the log, and the thread that writes it: a reader that stops reading must stop nothing else.

A journal that is restarted, a collector that hangs or a terminal on hold fills the pipe, and then each write waits. In
the event loop, one such write kept back every webhook, the health routes and the end of the process.

It is not the `QueueListener` of `logging`: that one takes records of `logging`, which cost a fifth of a webhook's time,
and its `stop` waits for the reader without a limit.
"""

import os
import select
import threading
from collections import deque
from collections.abc import Callable

MOST_WAITING = 4 * 1024 * 1024
"""Characters that wait; further lines are dropped. A busy service logs as many in a minute or two."""

MOST_AT_ONCE = 65_536
"""Characters of one write. Written one by one, the lines would let the two threads take turns at the interpreter."""


class LogQueue:
    """Where log lines are written to, each with its end by one `write`. Until `start` they are ignored.

    Lines that nobody reads in time, or that cannot be written because the disk is full or the reader is gone, are
    dropped. `count` is called with their number, and once lines are written again, `say` with the total. A full queue
    takes no line until it is empty, so that what `say` logs stands where the lines are missing.
    """

    def __init__(self, *, count: Callable[[int], None], say: Callable[[int], None]) -> None:
        self._started = False
        self._count = count
        self._say = say
        self._changed = threading.Condition()
        self._lines = deque[str]()
        self._waiting = 0
        """characters of `_lines`, and of those that are being written"""
        self._full = False
        self._dropped = 0
        """lines of which `say` was not called yet"""

    def start(self, fd: int) -> None:
        self._started = True
        threading.Thread(target=self._run, args=(fd,), name="log", daemon=True).start()

    def write(self, line: str) -> None:
        if not self._started:
            return
        with self._changed:
            self._full = self._full or self._waiting >= MOST_WAITING
            if self._full:
                self._drop(1)
            else:
                self._lines.append(line)
                self._waiting += len(line)
                self._changed.notify_all()

    def flush(self) -> None:
        """Nothing: the thread writes as soon as it can."""

    def drain(self, within: float) -> None:
        """Wait until all lines are written, at most `within` seconds: the process is about to end."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting, within)

    def _drop(self, lines: int) -> None:
        self._dropped += lines
        self._count(lines)

    def _run(self, fd: int) -> None:
        while True:
            lines = self._take()
            was_written = _write("".join(lines), fd)
            if dropped := self._settle(lines, was_written=was_written):
                self._say(dropped)
            with self._changed:  # now, or `drain` would return before that line is written
                self._waiting -= sum(map(len, lines))
                self._changed.notify_all()

    def _settle(self, lines: list[str], *, was_written: bool) -> int:
        """The number of dropped lines that may be said now."""
        with self._changed:
            if not was_written:
                self._drop(len(lines))
            if self._lines:
                return 0
            self._full = False
            dropped = self._dropped if was_written else 0
            self._dropped -= dropped
            return dropped

    def _take(self) -> list[str]:
        with self._changed:
            self._changed.wait_for(lambda: self._lines)
            lines = [self._lines.popleft()]
            size = len(lines[0])
            while self._lines and (size := size + len(self._lines[0])) <= MOST_AT_ONCE:
                lines.append(self._lines.popleft())
            return lines


def _write(text: str, fd: int) -> bool:
    left = text.encode("utf-8", "backslashreplace")
    try:
        while left:
            try:
                left = left[os.write(fd, left) :]
            except BlockingIOError:  # another program has made the pipe non-blocking
                poll = select.poll()
                poll.register(fd, select.POLLOUT)
                poll.poll()
    except OSError:
        return False
    return True

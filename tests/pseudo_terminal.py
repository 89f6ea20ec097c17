"""A terminal of some columns, and a command that runs on it in its own process."""

import fcntl
import os
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping


def shown_on_terminal(
    *words: str, columns: int, environment: Mapping[str, str], interrupt_at: str | None = None
) -> tuple[str, int]:
    """The output of `postroom …` and its exit code. Ctrl-C is sent once it has shown `interrupt_at`."""
    ours, its = os.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    command = [sys.executable, "-m", "postroom", *words]
    process = subprocess.Popen(command, stdin=its, stdout=its, stderr=its, env={"TERM": "xterm", **environment})
    os.close(its)
    shown = b""
    while chunk := _read(ours):
        shown += chunk
        if interrupt_at and interrupt_at.encode() in shown:
            process.send_signal(signal.SIGINT)
            interrupt_at = None
    os.close(ours)
    return shown.decode(), process.wait()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux reports so that the last writer has closed it
        return b""

"""A terminal of so many columns, and a command that runs on it as a process of its own."""

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
    """What `postroom …` shows, and its exit code. Once it has shown `interrupt_at`, it is sent what Ctrl-C sends."""
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
    except OSError:  # as Linux says that nobody writes to it any more
        return b""

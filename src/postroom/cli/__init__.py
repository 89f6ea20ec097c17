"""The command line: `app.py` and `operator_commands.py` say how it is typed. Errors are one line and exit code 2."""

import errno
import os
import sys
from io import TextIOWrapper
from pathlib import Path

import typer

from postroom.cli.app import app
from postroom.cli.control_characters import escape_control
from postroom.cli.usage_line import usage_line
from postroom.errors import PostroomError

_NOT_WRITTEN = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What happens to a file that a command's output is redirected to."""


def main() -> None:
    if sys.stdout is None:  # `>&-`
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 — until the process ends
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(
                errors="backslashreplace"
            )  # an address may hold characters that a Latin-1 terminal lacks
    try:
        sys.exit(app(sys.argv[1:] or ["--help"], standalone_mode=False))
    except typer.TyperException as error:
        _print_error(usage_line(error))
        sys.exit(error.exit_code)
    except PostroomError as error:
        _print_error(error.with_fix)
        sys.exit(2)
    except OSError as error:
        if error.errno not in _NOT_WRITTEN or error.filename is not None:
            raise
        _print_error(f"the output cannot be written: {error.strerror}")
        # What is left of it would fail once more when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(2)


def _print_error(message: str) -> None:
    print(f"postroom: {escape_control(message)}", file=sys.stderr)  # noqa: T201 — for the person who typed

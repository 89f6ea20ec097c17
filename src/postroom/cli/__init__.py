"""The command line: `app.py` says how each command is typed. Errors for people are one line and exit code 2."""

import sys

import typer

from postroom.cli.app import app
from postroom.errors import PostroomError


def main() -> None:
    try:
        sys.exit(app(sys.argv[1:] or ["--help"], standalone_mode=False))
    except typer.TyperException as error:
        # Typer itself would tell it in three lines.
        context = getattr(error, "ctx", None)
        told = " ".join(error.format_message().split())
        _tell(f"{told} See {context.command_path} --help" if context else told)
        sys.exit(error.exit_code)
    except PostroomError as error:
        _tell(str(error))
        sys.exit(2)


def _tell(error: str) -> None:
    print(f"postroom: {error}", file=sys.stderr)  # noqa: T201 — the answer to the person who typed

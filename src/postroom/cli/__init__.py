"""The command line. One file a group of commands; errors for people are one line and exit code 2."""

import sys

import typer

from postroom.cli.app import app
from postroom.errors import ConfigurationError, Refused, Unavailable


def main() -> None:
    try:
        sys.exit(app(standalone_mode=False))
    except typer.TyperException as error:
        # Typer itself would draw a box of five lines. The text is empty where it has shown the help instead.
        if told := error.format_message():
            context = getattr(error, "ctx", None)
            told = " ".join(told.split())
            _tell(f"{told} See {context.command_path} --help" if context else told)
        sys.exit(error.exit_code)
    except (ConfigurationError, Refused, Unavailable) as error:
        _tell(str(error))
        sys.exit(2)


def _tell(error: str) -> None:
    print(f"postroom: {error}", file=sys.stderr)  # noqa: T201 — the answer to the person who typed

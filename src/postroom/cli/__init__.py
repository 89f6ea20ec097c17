"""The command line. One file a group of commands; errors for people are one line and exit code 2."""

import sys

from postroom.cli.app import app
from postroom.errors import ConfigurationError, Refused, Unavailable


def main() -> None:
    try:
        app()
    except (ConfigurationError, Refused, Unavailable) as error:
        print(f"postroom: {error}", file=sys.stderr)  # noqa: T201 — the answer to the person who typed
        sys.exit(2)

"""`postroom serve` and `postroom work`: the processes of production."""

import sys
from collections.abc import Coroutine

from postroom import settings
from postroom.composition import process
from postroom.errors import ConfigurationError
from postroom.telemetry import configure_logging, log


def serve(*, until_eof: bool) -> None:
    _run(process.serve(_settings(), until_eof=until_eof))


def work(*, until_eof: bool) -> None:
    _run(process.work(_settings(), until_eof=until_eof))


def _run(main: Coroutine[None, None, int]) -> None:
    try:
        process.run(main)
    except ConfigurationError as error:
        # In the log, as all that it said before: whoever reads that finds no other line.
        log.error("Cannot run", error=str(error), fix=error.fix)
        sys.exit(2)


def _settings() -> settings.Settings:
    """Those of the environment; from here on log lines are written as they say."""
    found = settings.load()
    configure_logging(json=found.log_format == "json", level=found.log_level)
    return found

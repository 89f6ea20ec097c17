"""`postroom serve` and `postroom work`: the processes of production."""

import sys
from collections.abc import Coroutine

from postroom.composition import process
from postroom.errors import ConfigurationError
from postroom.process.telemetry import configure_logging, log
from postroom.settings.environment import load
from postroom.settings.settings import Settings


def serve(*, until_eof: bool) -> None:
    _run(process.serve(_settings(), until_eof=until_eof))


def work(*, until_eof: bool) -> None:
    _run(process.work(_settings(), until_eof=until_eof))


def _run(main: Coroutine[None, None, int]) -> None:
    try:
        process.run(main)
    except ConfigurationError as error:
        # In the log, like all earlier lines: a reader of the log sees nothing else.
        log.error("Cannot run", error=str(error), fix=error.fix)
        sys.exit(2)


def _settings() -> Settings:
    """The settings of the environment, by which the log is configured."""
    found = load()
    configure_logging(json=found.log_format == "json", level=found.log_level)
    return found

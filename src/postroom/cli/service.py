"""`postroom serve` and `postroom work`: the processes of production."""

from postroom import process, settings
from postroom.telemetry import configure_logging


def serve(*, until_eof: bool) -> None:
    process.run(process.serve(_settings(), until_eof=until_eof))


def work(*, until_eof: bool) -> None:
    process.run(process.work(_settings(), until_eof=until_eof))


def _settings() -> settings.Settings:
    """Those of the environment; from here on log lines are written as they say."""
    found = settings.load()
    configure_logging(json=found.log_format == "json", level=found.log_level)
    return found

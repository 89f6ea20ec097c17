"""Reports webhooks that are refused for their key: they store nothing, and whoever sends them may report it nowhere."""

import time
from collections.abc import Callable

from postroom.process.telemetry import log

LOG_EVERY = 60.0
"""Seconds between two log lines: anybody may send such webhooks, and a line for each would hide all others."""


class WrongKeys:
    """`sender` and `fix` are for the log: whose webhooks they are, and what to do."""

    def __init__(self, sender: str, fix: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._sender = sender
        self._fix = fix
        self._monotonic = monotonic
        self._logged_at: float | None = None
        self._unlogged = 0

    def count(self) -> None:
        self._unlogged += 1
        now = self._monotonic()
        if self._logged_at is None or now - self._logged_at >= LOG_EVERY:
            message = f"Refused webhooks of {self._sender}: their key is missing or wrong"
            log.warning(message, refused=self._unlogged, fix=self._fix)
            self._logged_at, self._unlogged = now, 0

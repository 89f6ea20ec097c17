"""The breaker's row in memory: the part of `SqlModel` that no request is in."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

Row = dict[str, Any]


class BreakerModel:
    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.breaker: Row = {
            "open": False,
            "cause": "outage",
            "error": None,
            "changed_at": now(),
            "interval": 5.0,
            "probe_at": None,
        }

    def _breaker_read(self) -> list[Row]:
        return [self.breaker | {"seconds_since": (self._now() - self.breaker["changed_at"]).total_seconds()}]

    def _breaker_open(self, cause: str, error: str, interval: float) -> list[Row]:
        known = self.breaker
        if known["open"] and not (known["cause"] != "unauthorized" and cause == "unauthorized"):
            return []
        now = self._now()
        at = now + timedelta(seconds=interval)
        changes = {"cause": str(cause), "error": error, "changed_at": now, "interval": interval, "probe_at": at}
        self.breaker = known | {"open": True} | changes
        return [{"singleton": True}]

    def _breaker_take_probe(self, interval: float, previous: float) -> list[Row]:
        known = self.breaker
        if not known["open"] or known["probe_at"] > self._now() or known["interval"] != previous:
            return []
        self.breaker = known | {"interval": interval, "probe_at": self._now() + timedelta(seconds=interval)}
        return [{"singleton": True}]

    def _breaker_close(self) -> list[Row]:
        if not self.breaker["open"]:
            return []
        self.breaker = self.breaker | {"open": False, "error": None, "changed_at": self._now(), "probe_at": None}
        return [{"singleton": True}]

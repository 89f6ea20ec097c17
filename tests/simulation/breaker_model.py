"""The breaker's row in memory: the statements of `PostgresBreakers`."""

from collections.abc import Callable
from datetime import datetime, timedelta

from simulation.request_rows import RequestRows, Row


class BreakerModel(RequestRows):
    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__(now)
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
        worse = known["cause"] in ("outage", "misconfigured") and str(cause) == "unauthorized"
        if known["open"] and not worse:
            return []
        now = self._now()
        at = now + timedelta(seconds=interval)
        changes = {"cause": str(cause), "error": error, "changed_at": now, "interval": interval, "probe_at": at}
        self.breaker = known | {"open": True} | changes
        return [{"singleton": True}]

    def _breaker_take_probe(self, interval: float, changed_at: datetime) -> list[Row]:
        known = self.breaker
        is_due = known["open"] and known["probe_at"] is not None and known["probe_at"] <= self._now()
        if not is_due or known["changed_at"] != changed_at:
            return []
        self.breaker = known | {"interval": interval, "probe_at": self._now() + timedelta(seconds=interval)}
        return [{"singleton": True}]

    def _breaker_close(self, changed_at: datetime) -> list[Row]:
        if not self.breaker["open"] or self.breaker["changed_at"] != changed_at:
            return []
        self.breaker = self.breaker | {"open": False, "error": None, "changed_at": self._now(), "probe_at": None}
        return [{"singleton": True}]

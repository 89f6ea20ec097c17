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
            "creates_error": None,
            "creates_changed_at": now(),
            "creates_probe_at": None,
            "slow_until": None,
        }
        self.create_faults = 0
        """how often creates began to fail"""

    def _breaker_read(self) -> list[Row]:
        seconds_since = (self._now() - self.breaker["changed_at"]).total_seconds()
        probe_at = self.breaker["creates_probe_at"]
        recently = None if probe_at is None else probe_at > self._now()
        slow_until = self.breaker["slow_until"] if self.is_slow() else None
        found = {"seconds_since": seconds_since, "creates_failed_recently": recently, "slow_until": slow_until}
        return [self.breaker | found]

    def is_slow(self) -> bool:
        slow_until = self.breaker["slow_until"]
        return slow_until is not None and slow_until > self._now()

    def _breaker_slow_down(self, seconds: float) -> list[Row]:
        until = self._now() + timedelta(seconds=seconds)
        self.breaker = self.breaker | {"slow_until": max(until, self.breaker["slow_until"] or until)}
        return []

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

    def _creates_fail(self, error: str, interval: float) -> list[Row]:
        is_new = self.breaker["creates_error"] is None
        probe_at = self._now() + timedelta(seconds=interval)
        self.breaker = self.breaker | {"creates_error": error, "creates_probe_at": probe_at}
        if is_new:
            self.breaker["creates_changed_at"] = self._now()
        self.create_faults += is_new
        return [{"is_new": is_new}]

    def _creates_take_probe(self, interval: float) -> list[Row]:
        known = self.breaker
        if known["creates_error"] is None or known["creates_probe_at"] > self._now() or known["open"]:
            return []
        self.breaker = known | {"creates_probe_at": self._now() + timedelta(seconds=interval)}
        names = ("creates_error", "creates_changed_at", "creates_probe_at")
        return [{name: self.breaker[name] for name in names} | {"creates_failed_recently": True}]

    def _creates_work(self, since: datetime) -> list[Row]:
        if self.breaker["creates_error"] is None or self.breaker["creates_changed_at"] != since:
            return []
        ended = {"creates_error": None, "creates_changed_at": self._now(), "creates_probe_at": None}
        self.breaker = self.breaker | ended
        return [{"singleton": True}]

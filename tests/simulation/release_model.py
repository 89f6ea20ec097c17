"""The causes that requests wait for, in memory: the statements of `PostgresReleases`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from simulation.breaker_model import BreakerModel
from simulation.request_rows import Row


class ReleaseModel(BreakerModel):
    def __init__(self, now: Any) -> None:
        super().__init__(now)
        self.resumed: dict[str, datetime] = {}

    def _waiting_for(self, cause: str) -> list[Row]:
        found = [row for row in self.requests.values() if row["waits_for"] == cause]
        return sorted(found, key=lambda row: row["enqueued_at"])

    def _release_causes(self) -> list[Row]:
        causes = sorted({row["waits_for"] for row in self.requests.values() if row["waits_for"]})
        return [{"waits_for": cause, "ended_at": self._last_ended_at(cause)} for cause in causes]

    def _last_ended_at(self, cause: str) -> datetime | None:
        if cause.startswith("domain:"):
            return self.resumed.get(cause.removeprefix("domain:"))
        return self.breaker["creates_changed_at" if cause == "creates" else "changed_at"]

    def _release(self, cause: str, limit: int, excluding: list[UUID], steps: list[str]) -> list[Row]:
        ended = self._ended_at(cause)
        waiting = [row for row in self._waiting_for(cause) if row["step"] in steps]
        chosen = [row for row in waiting if ended and row["enqueued_at"] < ended]
        free = [row for row in chosen if row["identity_id"] not in self.locked | set(excluding)]
        moved: list[Row] = []
        for row in free[:limit]:
            due_at = min(row["due_at"], self._now())
            changed = self._change(row, due_at=due_at, waits_for=None, enqueued_at=self._clock_timestamp())
            moved.append(changed | {"enqueued_before": row["enqueued_at"]})
        return moved

    def _ended_at(self, cause: str) -> datetime | None:
        if cause in ("outage", "misconfigured", "creates", "changes"):
            lasts = self.breaker["open"] or (cause == "creates" and self.breaker["creates_error"] is not None)
            return None if lasts else self._now()
        if not cause.startswith("domain:"):
            return None  # of a later version
        domain = cause.removeprefix("domain:")
        made = [row["created_at"] for row in self.accounts.values() if row["email"].split("@")[1] == domain]
        resumed = self.resumed.get(domain)
        return max([*made, *([resumed] if resumed else [])], default=None)

    def _release_progress(self, identity_ids: Sequence[UUID]) -> list[Row]:
        rows = [self.requests[each] for each in identity_ids if each in self.requests]
        now = self._now()
        return [
            {"identity_id": row["identity_id"], "made": row["state"] == "provisioned"}
            for row in rows
            if row["state"] in ("running", "provisioned") or (row["state"] == "waiting" and row["due_at"] <= now)
        ]

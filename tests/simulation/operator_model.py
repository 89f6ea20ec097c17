"""The operator's commands on a request, in memory."""

from abc import abstractmethod
from typing import Any
from uuid import UUID

from simulation.release_model import ReleaseModel, Row


class OperatorModel(ReleaseModel):
    @abstractmethod
    def _write(self, row: Row, action: str, status: str, **values: Any) -> None: ...

    def _operator_retry(self, identity_id: UUID, actor: str) -> list[Row]:
        row = self.requests.get(identity_id)
        if row is None or row["state"] not in ("waiting", "dead"):
            return []
        anew = {"retries": 0, "crashes": 0} if row["state"] == "dead" else {}
        enqueued_at = self._clock_timestamp()
        anew |= {"waits_for": None, "postponed": 0}
        moved = self._change(row, state="waiting", due_at=self._now(), reason=None, enqueued_at=enqueued_at, **anew)
        self._write(moved, "retry", "done", error_message=f"asked to try again; it was {row['state']}", actor=actor)
        return [moved]

    def _operator_bury(self, identity_id: UUID, actor: str, reason: str) -> list[Row]:
        row = self.requests.get(identity_id)
        if row is None or row["state"] != "waiting":
            return []
        message = f"buried by {actor}: {reason}"
        changes = {"state": "dead", "due_at": None, "waits_for": None, "reason": message}
        moved = self._change(row, enqueued_at=self._clock_timestamp(), **changes)
        self._write(moved, "bury", "done", error_message=reason, actor=actor)
        return [moved]

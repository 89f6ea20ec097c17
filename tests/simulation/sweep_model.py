"""The rows of the sweep, in memory: the statements of `PostgresSwept` and `PostgresRefusals`."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from simulation.operator_model import OperatorModel
from simulation.request_rows import Row


class SweepModel(OperatorModel):
    def __init__(self, now: Any) -> None:
        super().__init__(now)
        self.sweep: Row = {"token": None, "due_at": now(), "started_at": None, "finished_at": None}

    def _sweep_progress(self) -> list[Row]:
        return [self.sweep | {"due_in": self._seconds_until(self.sweep["due_at"])}]

    def _sweep_start_soon(self) -> list[Row]:
        if self.sweep["token"] is None and self.sweep["due_at"] > self._now():
            self.sweep["due_at"] = self._now()
        return []

    def _sweep_put_off(self, seconds: float) -> list[Row]:
        self.sweep["due_at"] = self._now() + timedelta(seconds=seconds)
        return []

    def _sweep_restart(self, seconds: float) -> list[Row]:
        self.sweep["token"] = None
        return self._sweep_put_off(seconds)

    def _sweep_store(
        self,
        identity_ids: list[UUID],
        emails: list[str],
        names: list[str | None],
    ) -> list[Row]:
        asked = list(zip(identity_ids, emails, names, strict=True))
        nothing: Row = {"identity_id": None}
        found: list[Row] = []
        for identity_id, email, _ in asked:
            row = self.requests.get(identity_id)
            if row and row["state"] != "dead" and (row["wanted_email"] or row["email"]) != email:
                found.append(nothing | {"asked_id": identity_id, "is_changed": True})
        for identity_id, email, name in [each for each in asked if each[0] not in self.requests]:
            asked_for = {"asked_id": identity_id, "is_changed": False}
            if self._is_held(email, identity_id) or identity_id in self.requests:
                found.append(nothing | asked_for)
                continue
            self._reserve(email, identity_id)
            row = self._new(identity_id, email, name, state="waiting", due_at=self._now())
            self._write(row, "sweep", "done")
            found.append(row | asked_for)
        return found

    def _sweep_advance(self, after: str | None, token: str | None, due_in: float) -> list[Row]:
        if self.sweep["token"] == after:
            started_at = self._now() if after is None else self.sweep["started_at"]
            finished_at = self._now() if token is None else self.sweep["finished_at"]
            due_at = self._now() + timedelta(seconds=due_in)
            self.sweep = {"token": token, "due_at": due_at, "started_at": started_at, "finished_at": finished_at}
        return []

    def _record_refusals(
        self,
        identity_ids: list[UUID | None],
        emails: list[str | None],
        codes: list[str],
        reasons: list[str],
        **_: Any,
    ) -> list[Row]:
        last = {
            each["kratos_identity_id"]: (each["email"], each["code"]) for each in self.log if each["action"] == "refuse"
        }
        for identity_id, email, code, reason in zip(identity_ids, emails, codes, reasons, strict=True):
            if identity_id is None or last.get(identity_id) != (email, code):
                row = {"identity_id": identity_id, "email": email, "attempts": 0}
                self._write(row, "refuse", "done", code=code, error_message=reason)
        return []

    def _last_refusal(self, identity_id: UUID) -> list[Row]:
        found = [each for each in self.log if each["kratos_identity_id"] == identity_id and each["action"] == "refuse"]
        return [
            {
                "identity_id": identity_id,
                "email": each["email"],
                "code": each["code"],
                "reason": each["error_message"],
                "refused_at": each["created_at"],
            }
            for each in found[-1:]
        ]

"""What an operator does to requests and to the breaker, in memory."""

from datetime import datetime
from uuid import UUID

from psycopg.errors import UniqueViolation

from simulation.release_model import ReleaseModel
from simulation.request_rows import Row

NO_REQUEST: Row = {"identity_id": None, "email": None, "attempts": 0}


class OperatorModel(ReleaseModel):
    def _operator_pause(self, message: str, actor: str, reason: str, interval: float) -> list[Row]:
        if self.breaker["open"] and self.breaker["cause"] == "paused":
            return []
        changes = {"cause": "paused", "error": message, "interval": interval, "probe_at": None}
        self.breaker = self.breaker | {"open": True, "changed_at": self._now()} | changes
        self._write(NO_REQUEST, "pause", "done", error_message=reason, actor=actor)
        return [{"singleton": True}]

    def _operator_resume(self, changed_at: datetime, actor: str, reason: str) -> list[Row]:
        resumed = self._breaker_close(changed_at)
        if resumed:
            self._write(NO_REQUEST, "resume", "done", error_message=reason, actor=actor)
        return resumed

    def _operator_resume_creates(self, since: datetime, actor: str) -> list[Row]:
        error = self.breaker["creates_error"]
        if not self._creates_work(since):
            return []
        self._write(NO_REQUEST, "resume", "done", error_message=f"creates failed: {error}", actor=actor)
        return [{"error": error}]

    def _resume_domain(self, domain: str, actor: str) -> list[Row]:
        self.resumed[domain] = self._clock_timestamp()
        message = f"requests that wait for {domain}"
        self._write(NO_REQUEST, "resume", "done", error_message=message, actor=actor)
        return [{"waiting": len(self._waiting_for(f"domain:{domain}"))}]

    def _operator_find(self, identity_ids: list[UUID]) -> list[Row]:
        rows = [self.requests[each] for each in identity_ids if each in self.requests]
        return [
            row
            | {
                "address": row["email"],
                "held_by": self._holder(row["email"], row["identity_id"]) if row["state"] == "dead" else None,
                "in_use": row["state"] == "dead" and row["step"] == "create" and row["identity_id"] in self.accounts,
                "takes": False,
            }
            for row in rows
        ]

    def _operator_retry(self, identity_ids: list[UUID], actor: str) -> list[Row]:
        chosen = self._unlocked(identity_ids, "waiting", "dead")
        chosen = [
            row
            for row in chosen
            if row["state"] == "waiting" or row["step"] == "change" or row["identity_id"] not in self.accounts
        ]
        dead = [row for row in chosen if row["state"] == "dead"]
        if len({row["email"] for row in dead}) < len(dead) or any(
            self._holder(row["email"], row["identity_id"]) for row in dead
        ):
            raise UniqueViolation("addresses_reserved")
        for row in dead:
            self._reserve(row["email"], row["identity_id"], self._role(row))
        return [self._retried(row, actor) for row in chosen]

    def _retried(self, row: Row, actor: str) -> Row:
        reset = {"retries": 0, "crashes": 0} if row["state"] == "dead" else {}
        enqueued_at = self._clock_timestamp()
        reset |= {"waits_for": None, "postponed": 0, "given_up": None}
        moved = self._change(row, state="waiting", due_at=self._now(), reason=None, enqueued_at=enqueued_at, **reset)
        self._write(moved, "retry", "done", error_message=f"asked to try again; it was {row['state']}", actor=actor)
        return moved

    def _operator_bury(self, identity_ids: list[UUID], actor: str, reason: str) -> list[Row]:
        return [self._buried(row, actor, reason) for row in self._unlocked(identity_ids, "waiting")]

    def _buried(self, row: Row, actor: str, reason: str) -> Row:
        message = f"buried by {actor}: {reason}"
        is_change = row["step"] == "change"
        changes = {"state": "dead", "due_at": None, "waits_for": None, "reason": message}
        changes |= {"given_up": row["goal"] if is_change else row["given_up"]}
        moved = self._change(row, enqueued_at=self._clock_timestamp(), **changes)
        (self._keep if is_change and moved["outcome_unknown"] else self._free)(moved)
        self._write(moved, "bury", "done", error_message=reason, actor=actor)
        return moved

    def _operator_dismiss(self, identity_ids: list[UUID], actor: str, reason: str) -> list[Row]:
        chosen = [row for row in self._unlocked(identity_ids, "dead") if row["dismissed_at"] is None]
        moved = [self._change(row, dismissed_at=self._now()) for row in chosen]
        for row in moved:
            self._write(row, "dismiss", "done", error_message=reason, actor=actor)
        return moved

    def _unlocked(self, identity_ids: list[UUID], *states: str) -> list[Row]:
        rows = [self.requests[each] for each in identity_ids if each in self.requests and each not in self.locked]
        return [row for row in rows if row["state"] in states]

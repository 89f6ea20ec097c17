"""The rows of the sweep, in memory: the statements of `PostgresSwept` and `PostgresRefusals`."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation

from simulation.operator_model import OperatorModel
from simulation.request_rows import Row


class SweepModel(OperatorModel):
    def __init__(self, now: Any) -> None:
        super().__init__(now)
        self.sweep: Row = {
            "token": None,
            "due_at": now(),
            "started_at": None,
            "finished_at": None,
            "census": None,
            "counted": None,
        }
        self.doubts: dict[tuple[UUID, str], Row] = {}

    def _sweep_progress(self) -> list[Row]:
        return [self.sweep | {"due_in": self._seconds_until(self.sweep["due_at"]), "read_at": self._clock_timestamp()}]

    def _sweep_compare(
        self, identity_ids: list[UUID], emails: list[str], names: list[str | None], **asked: Any
    ) -> list[Row]:
        unlike = set[UUID](asked["others"])
        for identity_id, email, name in zip(identity_ids, emails, names, strict=True):
            row = self.requests.get(identity_id)
            if row is None or (row["email"], row["display_name"]) != (email, name):
                unlike.add(identity_id)
        unlike |= {each for each, _ in self.doubts if asked["first_id"] <= each <= asked["last_id"]}
        in_range = [each for each in self.accounts if asked["above_id"] < each <= asked["up_to_id"]]
        listed = {*identity_ids, *asked["others"], *asked["unreadable"]}
        absent = sorted(
            each for each in in_range if each not in listed and self.accounts[each]["created_at"] < asked["asked_at"]
        )
        found = [self._compared(each, is_absent=False) for each in sorted(unlike)]
        found += [self._compared(each, is_absent=True) for each in absent[: asked["limit"]]]
        empty: Row = dict.fromkeys(found[0] if found else ())
        return [*found, empty | {"is_absent": False, "mailboxes": len(in_range), "absent": len(absent)}]

    def _compared(self, identity_id: UUID, *, is_absent: bool) -> Row:
        row = self.requests.get(identity_id)
        doubts = sorted((kind, each) for (who, kind), each in self.doubts.items() if who == identity_id)
        return {
            "identity_id": identity_id,
            "is_absent": is_absent,
            "email": row and row["email"],
            "display_name": row and row["display_name"],
            "because": None,
            "is_untried": row and row["attempts"] == 0,
            "is_dead": row and row["state"] == "dead",
            "has_mailbox": identity_id in self.accounts,
            "kinds": [kind for kind, _ in doubts] or None,
            "seen": [each["seen"] for _, each in doubts] or None,
            "newest": max((each["version"] for _, each in doubts if each["version"]), default=None),
            "mailboxes": None,
            "absent": None,
        }

    def _doubts_store(
        self, identity_ids: list[UUID], kinds: list[str], seen: list[str | None], **asked: Any
    ) -> list[Row]:
        read_at, before = asked["read_at"], dict(self.doubts)
        absent = {each for each, kind in zip(identity_ids, kinds, strict=True) if kind == "absent"}
        ended = set(zip(asked["ended_ids"], asked["ended_kinds"], strict=True))
        for key, old in before.items():
            if old["read_at"] < read_at and (key in ended or (key[0] in absent and key[1] != "absent")):
                del self.doubts[key]
        unstored = dict[str, int]()
        for identity_id, kind, said, version in sorted(zip(identity_ids, kinds, seen, asked["updated"], strict=True)):
            old = before.get((identity_id, kind))
            new: Row = {"seen": said, "version": version, "pass": asked["pass"] if kind == "absent" else None}
            if old is None and sum(1 for _, each in self.doubts if each == kind) >= asked["limit"]:
                unstored[kind] = unstored.get(kind, 0) + 1
            elif old is None or (old["read_at"] < read_at and any(old[name] != new[name] for name in new)):
                began: Row = old or {"since": self._now(), "found_by": asked["found_by"], "passes": 0}
                self.doubts[identity_id, kind] = began | new | {"read_at": read_at}
                if kind == "rename" and (old is None or old["seen"] != said):
                    row = self.requests[identity_id]
                    message = f"another address is wanted; the mailbox stays {row['email']}"
                    self._write(row, asked["action"], "done", email=said, error_message=message)
        return [{"kind": kind, "unstored": n} for kind, n in unstored.items()]

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
            if row and row["state"] != "dead" and row["attempts"] == 0 and row["email"] != email:
                found.append(nothing | {"asked_id": identity_id, "is_changed": True})
        absent = [each for each in asked if each[0] not in self.requests]
        if any(email in self.living and not self._owner(email, identity_id) for identity_id, email, _ in absent):
            raise UniqueViolation("email_requests_address")
        for identity_id, email, name in absent:
            asked_for = {"asked_id": identity_id, "is_changed": False}
            if self._owner(email, identity_id) or identity_id in self.requests:
                found.append(nothing | asked_for)
                continue
            self._reserve(email, identity_id)
            row = self._new(identity_id, email, name, state="waiting", due_at=self._now())
            self._write(row, "sweep", "done")
            found.append(row | asked_for)
        return found

    def _sweep_advance(self, after: str | None, token: str | None, due_in: float, **asked: Any) -> list[Row]:
        if self.sweep["token"] == after:
            started_at = self._now() if after is None else self.sweep["started_at"]
            finished_at = self._now() if token is None else self.sweep["finished_at"]
            due_at = self._now() + timedelta(seconds=due_in)
            self.sweep |= {"token": token, "due_at": due_at, "started_at": started_at, "finished_at": finished_at}
            self.sweep |= {name: asked[name].obj for name in ("census", "counted") if asked[name]}
            for (_, kind), doubt in self.doubts.items():
                if kind == "absent" and asked["pass"] and doubt["pass"] == asked["pass"]:
                    doubt["passes"] = min(doubt["passes"] + 1, asked["most"])
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

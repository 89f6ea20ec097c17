"""PostgreSQL in memory, below Postroom's adapters: each file of `postgres/sql` is a function of the same name.

`test_sql_model.py` proves that it does what the real statements do. Functions are atomic here, as one SQL statement
with its row locks is in PostgreSQL.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import Any
from uuid import UUID

from simulation.request_rows import Row, place_of
from simulation.sweep_model import SweepModel

UNREAD = ("have_goal", "given_up")
"""Columns of a request that no statement returns."""
EARLY = timedelta(milliseconds=50)
WITHOUT_OUTCOME = "the attempt ended without an outcome"


class SqlModel(SweepModel):
    """The statements of `PostgresRequests`, `PostgresWaiting` and `PostgresOverdueRequests`, and those of its bases."""

    def run(self, name: str, parameters: Mapping[str, Any] | None) -> list[Row]:
        """Execute `sql/<name>.sql`. Raises what psycopg raises for a broken constraint."""
        statement: Callable[..., list[Row]] = getattr(self, f"_{name}")
        found = statement(**parameters) if parameters else statement()
        return [{column: value for column, value in row.items() if column not in UNREAD} for row in found]

    # -- accept -------------------------------------------------------------------------------------------------

    def _accept(self, identity_id: UUID, email: str, display_name: str | None, **asked: Any) -> list[Row]:
        if identity_id in self.requests:
            return []
        self._reserve(email, identity_id)
        return [self._begin(None, identity_id=identity_id, email=email, display_name=display_name, **asked)]

    def _revive(self, identity_id: UUID, email: str, display_name: str | None, **asked: Any) -> list[Row]:
        row = self.requests.get(identity_id)
        if row is None or row["state"] != "dead" or row["step"] != "create" or row["email"] == email:
            return []
        if identity_id in self.accounts:
            return []
        self._reserve(email, identity_id)
        return [self._begin(row, identity_id=identity_id, email=email, display_name=display_name, **asked)]

    def _begin(self, old: Row | None, *, holder: UUID | None, lease: float, action: str, **asked: Any) -> Row:
        starts = holder is not None and not self.breaker["open"]
        values = {name: asked[name] for name in ("identity_id", "email", "display_name")} | {
            "state": "running" if starts else "waiting",
            "due_at": self._now() + timedelta(seconds=lease if starts else 0),
            "holder": holder if starts else None,
            "attempts": (old["attempts"] if old else 0) + starts,
            "retries": 0,
            "crashes": 0,
            "postponed": 0,
            "last_error": None,
            "reason": None,
            "enqueued_at": self._clock_timestamp(),
        }
        row = self._change(old, **values) if old else self._new(**values)
        self._write(row, "create" if starts else action, "pending" if starts else "done", holder=row["holder"])
        return row

    def _refuse_held(self, identity_id: UUID, email: str, display_name: str | None, **asked: Any) -> list[Row]:
        holder = self._holder(email, identity_id)
        if holder is None or identity_id in self.requests:
            return []
        reason = f"{asked['reason']}, {holder}"
        row = self._new(identity_id, email, display_name, state="dead", last_error=reason, reason=reason)
        self._write(row, asked["action"], "conflict", error_message=reason)
        return [row]

    def _follow_address(
        self, identity_id: UUID, email: str, display_name: str | None, *, action: str, **_: Any
    ) -> list[Row]:
        row = self.requests.get(identity_id)
        if row is None or row["state"] != "waiting" or row["attempts"] or row["email"] == email:
            return []
        if identity_id in self.accounts:
            return []
        self._reserve(email, identity_id)
        self._free(row)
        changed = self._change(row, email=email, display_name=display_name, enqueued_at=self._clock_timestamp())
        self._write(changed, action, "done", error_message=f"the address of the request is now {email}")
        return [changed]

    # -- read ---------------------------------------------------------------------------------------------------

    def _read(self, identity_id: UUID) -> list[Row]:
        row = self.requests.get(identity_id)
        account = self.accounts.get(identity_id)
        return [row | {"account_id": account["id"] if account else None, "doubt": None}] if row else []

    def _read_many(self, identity_ids: list[UUID], quiet: float, steps: list[str]) -> list[Row]:
        before = self._now() - timedelta(seconds=quiet)
        rows = [self.requests[each] for each in identity_ids if each in self.requests]
        rows = [row for row in rows if row["step"] in steps]
        return [row | {"quiet": row["enqueued_at"] < before} for row in rows]

    def _overdue(
        self, limit: int, grace: float, after_due: datetime | None, after_id: UUID | None, steps: list[str]
    ) -> list[Row]:
        now = self._now()
        latest = {"waiting": now - timedelta(seconds=grace), "running": now}
        live = takewhile(lambda row: row["due_at"] <= max(latest.values()), self._claimable(steps))
        due = (row for row in live if row["due_at"] <= latest[row["state"]])
        if after_due is not None and after_id is not None:
            due = (row for row in due if place_of(row) > (after_due, after_id))
        later = next((row["due_at"] for row in self._claimable(steps) if row["due_at"] > latest["waiting"]), None)
        next_in = self._seconds_until(later)
        found = [{"identity_id": row["identity_id"], "due_at": row["due_at"]} for row in islice(due, limit)]
        return [row | {"next_in": next_in} for row in found or [{"identity_id": None, "due_at": None}]]

    def _waiting_counts(self, steps: list[str]) -> list[Row]:
        states = [row["state"] for row in self._claimable(steps)]
        return [{"waiting": states.count("waiting"), "running": states.count("running")}]

    def _waiting_window(self, earliest: float, latest: float, limit: int, steps: list[str]) -> list[Row]:
        now = self._now()
        begin, end = now + timedelta(seconds=earliest), now + timedelta(seconds=latest)
        return [row for row in self._claimable(steps) if row["state"] == "waiting" and begin <= row["due_at"] <= end][
            :limit
        ]

    def _waiting_page(self, after_due: datetime, after_id: UUID, limit: int, steps: list[str]) -> list[Row]:
        after = (after_due, after_id)
        waiting = (row for row in self._claimable(steps) if row["state"] == "waiting")
        return [row for row in waiting if (row["due_at"], row["identity_id"]) > after][:limit]

    def _claimable(self, steps: list[str]) -> Iterator[Row]:
        return (row for row in self._live if row["step"] in steps)

    # -- claim and settle ---------------------------------------------------------------------------------------

    def _claim(self, identity_ids: list[UUID], holders: list[UUID], *, limit: int, **asked: Any) -> list[Row]:
        before = dict(zip(identity_ids, (self.requests.get(each) for each in identity_ids), strict=True))
        fresh = dict(zip(identity_ids, holders, strict=True))
        steps = asked.pop("steps")
        may_take = (row for row in before.values() if row and self._may_take(row, asked["exclusive"], steps))
        rows = sorted(may_take, key=place_of)
        moved = {row["identity_id"]: self._take(row, fresh[row["identity_id"]], **asked) for row in rows[:limit]}
        answers: list[Row] = []
        for identity_id, row in before.items():
            then = moved.get(identity_id)
            returned = then if then and then["state"] in ("waiting", "dead") else row
            again = returned is row and row is not None and row["holder"] == fresh[identity_id]
            due_at = self._now() + EARLY if again else returned["due_at"] if returned else None
            answers.append(
                (then or row or {"identity_id": None})
                | {
                    "asked_id": identity_id,
                    "result": self._answer(row, then, fresh[identity_id], asked["exclusive"], steps),
                    "crashed": bool(then and row and row["state"] == "running"),
                    "due_in": self._seconds_until(due_at),
                }
            )
        return answers

    def _may_take(self, row: Row, exclusive: bool, steps: list[str]) -> bool:
        now, crashed = self._now(), row["state"] == "running"
        is_due = (row["state"] == "waiting" and row["due_at"] <= now + EARLY) or (crashed and row["due_at"] <= now)
        is_free = row["identity_id"] not in self.locked
        return (
            not self.breaker["open"]
            and not self.is_slow()
            and row["step"] in steps
            and is_due
            and is_free
            and (exclusive or (not crashed and row["crashes"] == 0))
        )

    def _take(
        self,
        row: Row,
        holder: UUID,
        *,
        lease: float,
        exclusive: bool,
        crash_delay: float,
        longest_crash_delay: float,
        held: str,
    ) -> Row:
        now, crashed = self._now(), row["state"] == "running"
        owner = self._owner(row["email"], row["identity_id"]) if row["step"] == "create" else None
        runs = owner is None and (not crashed or row["crashes"] == 0)
        delay = min(crash_delay * 2.0 ** min(row["crashes"] - 1, 16), longest_crash_delay)
        moved = self._change(
            row,
            state="dead" if owner else "running" if runs else "waiting",
            holder=holder if runs else None,
            due_at=None if owner else now + timedelta(seconds=lease if runs else delay),
            attempts=row["attempts"] + runs,
            crashes=row["crashes"] + crashed,
            outcome_unknown=row["outcome_unknown"] or crashed,
            waits_for=None,
            enqueued_at=row["enqueued_at"] if runs else self._clock_timestamp(),
            last_error=WITHOUT_OUTCOME if crashed else row["last_error"],
            reason=f"{held}, {owner}" if owner else None,
        )
        if row["step"] == "create" and owner is None:
            self._reserve(row["email"], row["identity_id"], self._role(row))
        if crashed:
            self._write(row, row["step"], "crashed", error_message=WITHOUT_OUTCOME, holder=row["holder"])
        if runs:
            self._write(moved, row["step"], "pending", holder=holder)
        if owner:
            self._write(moved, "accept", "conflict", error_message=moved["reason"])
        return moved

    def _answer(self, row: Row | None, moved: Row | None, holder: UUID, exclusive: bool, steps: list[str]) -> str:
        if row and row["state"] == "running" and row["holder"] == holder:
            return "granted"
        if moved:
            return "granted" if moved["state"] == "running" else moved["state"]
        if row is None:
            return "unknown"
        if row["state"] in ("provisioned", "dead"):
            return row["state"]
        if row["step"] not in steps:
            return "unknown"
        if self.breaker["open"] or self.is_slow():
            return "breaker"
        ended = row["due_at"] <= self._now() and (row["state"] == "running" or row["crashes"] > 0)
        return "exclusive" if ended and not exclusive else row["state"]

    def _settle(self, identity_id: UUID, holder: UUID, **outcome: Any) -> list[Row]:
        row = self.requests.get(identity_id)
        if row is None or row["state"] != "running" or row["holder"] != holder:
            return []
        delay, error, reason = outcome["delay"], outcome["error"], outcome["reason"]
        settled = self._change(
            row,
            state=str(outcome["state"]),
            due_at=None if delay is None else self._now() + timedelta(seconds=delay),
            holder=None,
            retries=outcome["retries"],
            crashes=0,
            postponed=outcome["postponed"],
            waits_for=outcome["waits_for"],
            outcome_unknown=outcome["outcome_unknown"],
            enqueued_at=self._clock_timestamp(),
            last_error=error,
            reason=reason,
        )
        account_id = None
        if settled["state"] == "dead":
            self._free(settled)
        if settled["state"] == "provisioned":
            self._hold(settled)
            known = self.accounts.get(identity_id, {"id": outcome["account_id"], "created_at": self._now()})
            account_id = known["id"]
            at_stalwart = outcome["stalwart_account_id"]
            self.accounts[identity_id] = {
                "id": account_id,
                "created_at": known["created_at"],
                "email": row["email"],
                "stalwart_account_id": at_stalwart,
            }
        self._write(
            settled,
            settled["step"],
            str(outcome["status"]),
            error_message=reason or error,
            holder=holder,
            stalwart_account_id=outcome["stalwart_account_id"],
        )
        return [settled | {"account_id": account_id}]

    def _settle_late(self, identity_id: UUID, holder: UUID, **outcome: Any) -> list[Row]:
        mine = (each for each in self.log if (each["kratos_identity_id"], each["holder"]) == (identity_id, holder))
        if any(entry["status"] not in ("pending", "crashed") for entry in mine):
            return []
        row = {"identity_id": identity_id, "email": outcome["email"], "attempts": outcome["attempts"]}
        message = f"ended as {outcome['status']} after its lease: another attempt decides"
        at_stalwart = outcome["stalwart_account_id"]
        self._write(row, outcome["step"], "late", error_message=message, holder=holder, stalwart_account_id=at_stalwart)
        return [{"id": len(self.log)}]

"""PostgreSQL in memory, below Postroom's own adapters: each file of `postgres/sql` as a function of the same name.

`test_sql_model.py` proves that it does what the real statements do. Statements are atomic here, as one SQL statement
with its row locks is there.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import Any
from uuid import UUID

from psycopg.errors import CheckViolation, UniqueViolation

from simulation.breaker_model import BreakerModel, Row

EARLY = timedelta(milliseconds=50)
DIED = "the process died during the attempt"
MICROSECOND = timedelta(microseconds=1)
LIVE = ("waiting", "running")


def _place(row: Row) -> tuple[datetime, UUID]:
    """Its place in the index on `due_at`."""
    return row["due_at"], row["identity_id"]


class SqlModel(BreakerModel):
    """`requests` by identity, `accounts` by identity, the append-only `log`, and every `move` of a request."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__(now)
        self._last = now()
        self.requests: dict[UUID, Row] = {}
        self.accounts: dict[UUID, Row] = {}
        self.log: list[Row] = []
        self.moves: list[tuple[datetime, Row | None, Row]] = []
        self.living: dict[str, UUID] = {}
        """who holds an address: the partial unique index"""
        self.sweep: Row = {"token": None, "due_at": now()}
        self._live: list[Row] = []
        """waiting and running, in the order of the index on `due_at`"""

    def run(self, name: str, parameters: Mapping[str, Any] | None) -> list[Row]:
        """Execute `sql/<name>.sql`. Raises what psycopg raises for a broken constraint."""
        statement: Callable[..., list[Row]] = getattr(self, f"_{name}")
        return statement(**parameters) if parameters else statement()

    # -- rows ---------------------------------------------------------------------------------------------------

    def _clock_timestamp(self) -> datetime:
        """Never the same twice: two statements of a real server do not share a microsecond either."""
        self._last = max(self._now(), self._last + MICROSECOND)
        return self._last

    def _change(self, old: Row | None, **values: Any) -> Row:
        new = {**(old or {}), **values}
        self._check(new)
        identity_id = new["identity_id"]
        if new["state"] != "dead" and self.living.get(new["email"], identity_id) != identity_id:
            raise UniqueViolation("email_requests_address")
        if old and old["state"] != "dead":
            del self.living[old["email"]]
        if new["state"] != "dead":
            self.living[new["email"]] = identity_id
        self.requests[identity_id] = new
        self.moves.append((self._now(), old, new))
        if old and old["state"] in LIVE:
            del self._live[bisect_left(self._live, _place(old), key=_place)]
        if new["state"] in LIVE:
            insort(self._live, new, key=_place)
        return new

    @staticmethod
    def _check(row: Row) -> None:
        state = row["state"]
        if (
            (state in LIVE) != (row["due_at"] is not None)
            or (state == "running") != (row["holder"] is not None)
            or (state == "dead") != (row["reason"] is not None)
            or not (0 <= row["retries"] <= 3 and 0 <= row["crashes"] <= 3)
        ):
            raise CheckViolation(f"email_requests: {row}")

    def _new(self, identity_id: UUID, email: str, display_name: str | None, **values: Any) -> Row:
        usual: Row = {
            "identity_id": identity_id,
            "email": email,
            "wanted_email": None,
            "display_name": display_name,
            "due_at": None,
            "holder": None,
            "attempts": 0,
            "retries": 0,
            "crashes": 0,
            "outcome_unknown": False,
            "enqueued_at": self._clock_timestamp(),
            "last_error": None,
            "reason": None,
        }
        return self._change(None, **usual | values)

    def _write(self, row: Row, action: str, status: str, **values: Any) -> None:
        usual: Row = {
            "kratos_identity_id": row["identity_id"],
            "email": row["email"],
            "attempt_count": row["attempts"],
            "holder": None,
            "error_message": None,
            "stalwart_account_id": None,
        }
        self.log.append(usual | {"action": action, "status": status, "created_at": self._now()} | values)

    def _seconds_until(self, then: datetime | None) -> float | None:
        return None if then is None else (then - self._now()).total_seconds()

    # -- accept -------------------------------------------------------------------------------------------------

    def _accept(self, identity_id: UUID, email: str, display_name: str | None, **asked: Any) -> list[Row]:
        if identity_id in self.requests or email in self.living:
            return []
        return [self._begin(None, identity_id=identity_id, email=email, display_name=display_name, **asked)]

    def _revive(self, identity_id: UUID, email: str, display_name: str | None, **asked: Any) -> list[Row]:
        row = self.requests.get(identity_id)
        if row is None or row["state"] != "dead" or row["email"] == email:
            return []
        return [self._begin(row, identity_id=identity_id, email=email, display_name=display_name, **asked)]

    def _begin(self, old: Row | None, *, holder: UUID | None, lease: float, action: str, **asked: Any) -> Row:
        starts = holder is not None and not self.breaker["open"]
        values = {name: asked[name] for name in ("identity_id", "email", "display_name")} | {
            "state": "running" if starts else "waiting",
            "due_at": self._now() + timedelta(seconds=lease if starts else 0),
            "holder": holder if starts else None,
            "attempts": (old["attempts"] if old else 0) + starts,
            "wanted_email": None,
            "retries": 0,
            "crashes": 0,
            "last_error": None,
            "reason": None,
            "enqueued_at": self._clock_timestamp(),
        }
        row = self._change(old, **values) if old else self._new(**values)
        self._write(row, "create" if starts else action, "pending" if starts else "done", holder=row["holder"])
        return row

    def _refuse_held(self, identity_id: UUID, email: str, display_name: str | None, **asked: Any) -> list[Row]:
        if self.living.get(email, identity_id) == identity_id or identity_id in self.requests:
            return []
        reason = asked["reason"]
        row = self._new(identity_id, email, display_name, state="dead", last_error=reason, reason=reason)
        self._write(row, asked["action"], "conflict", error_message=reason)
        return [row]

    def _follow_address(self, identity_id: UUID, email: str, display_name: str | None, **_: Any) -> list[Row]:
        row = self.requests.get(identity_id)
        if row is None or row["state"] == "dead" or (row["wanted_email"] or row["email"]) == email:
            return []
        if row["attempts"] == 0:
            changes = {"email": email, "display_name": display_name, "wanted_email": None}
            changed = self._change(row, **changes, enqueued_at=self._clock_timestamp())
        else:
            changed = self._change(row, wanted_email=None if row["email"] == email else email)
        another = f"another address is wanted; the mailbox stays {changed['email']}"
        told = another if changed["wanted_email"] else f"the address of the request is now {email}"
        self._write(changed, "accept", "done", email=email, error_message=told)
        return [changed]

    def _record_refusal(self, identity_id: UUID | None, email: str | None, why: str, **_: Any) -> list[Row]:
        row = {"identity_id": identity_id, "email": email, "attempts": 0}
        self._write(row, "refuse", "done", error_message=why)
        return []

    # -- read ---------------------------------------------------------------------------------------------------

    def _read(self, identity_id: UUID) -> list[Row]:
        row = self.requests.get(identity_id)
        account = self.accounts.get(identity_id)
        return [row | {"account_id": account["id"] if account else None}] if row else []

    def _read_many(self, identity_ids: list[UUID], quiet: float) -> list[Row]:
        before = self._now() - timedelta(seconds=quiet)
        rows = [self.requests[each] for each in identity_ids if each in self.requests]
        return [row | {"quiet": row["enqueued_at"] < before} for row in rows]

    def _overdue(self, limit: int, grace: float) -> list[Row]:
        now = self._now()
        latest = {"waiting": now - timedelta(seconds=grace), "running": now}
        live = takewhile(lambda row: row["due_at"] <= max(latest.values()), self._live)
        due = (row for row in live if row["due_at"] <= latest[row["state"]])
        return [{"identity_id": row["identity_id"]} for row in islice(due, limit)]

    def _next_due(self) -> list[Row]:
        return [{"next_in": self._seconds_until(self._live[0]["due_at"]) if self._live else None}]

    def _waiting_counts(self) -> list[Row]:
        waiting = sum(row["state"] == "waiting" for row in self._live)
        return [{"waiting": waiting, "running": len(self._live) - waiting}]

    def _waiting_window(self, earliest: float, latest: float, limit: int) -> list[Row]:
        now = self._now()
        begin, end = now + timedelta(seconds=earliest), now + timedelta(seconds=latest)
        return [row for row in self._live if row["state"] == "waiting" and begin <= row["due_at"] <= end][:limit]

    def _waiting_page(self, after_due: datetime, after_id: UUID, limit: int) -> list[Row]:
        after = (after_due, after_id)
        waiting = (row for row in self._live if row["state"] == "waiting")
        return [row for row in waiting if (row["due_at"], row["identity_id"]) > after][:limit]

    # -- claim and settle ---------------------------------------------------------------------------------------

    def _claim(
        self,
        identity_ids: list[UUID],
        holders: list[UUID],
        lease: float,
        *,
        alone: bool,
        max_crashes: int,
        crash_delay: float,
    ) -> list[Row]:
        answers: list[Row] = []
        for identity_id, holder in zip(identity_ids, holders, strict=True):
            row = self.requests.get(identity_id)
            moved = self._take(row, holder, lease, alone, max_crashes, crash_delay) if row else None
            told = moved if moved and moved["state"] == "waiting" else row
            due_at = told["due_at"] if told else None
            answer = self._answer(row, moved, holder, alone)
            nothing = {"identity_id": None}
            answers.append(
                (moved or row or nothing)
                | {"asked_id": identity_id, "answer": answer, "due_in": self._seconds_until(due_at)}
            )
        return answers

    def _take(
        self, row: Row, holder: UUID, lease: float, alone: bool, max_crashes: int, crash_delay: float
    ) -> Row | None:
        now, crashed = self._now(), row["state"] == "running"
        is_due = (row["state"] == "waiting" and row["due_at"] <= now + EARLY) or (crashed and row["due_at"] <= now)
        if self.breaker["open"] or not is_due or not (alone or (not crashed and row["crashes"] == 0)):
            return None
        if not crashed or row["crashes"] == 0:
            state, due_at = "running", now + timedelta(seconds=lease)
        elif row["crashes"] + 1 < max_crashes:
            state, due_at = "waiting", now + timedelta(seconds=crash_delay)
        else:
            state, due_at = "dead", None
        moved = self._change(
            row,
            state=state,
            holder=holder if state == "running" else None,
            due_at=due_at,
            attempts=row["attempts"] + (state == "running"),
            crashes=row["crashes"] + crashed,
            outcome_unknown=row["outcome_unknown"] or crashed,
            enqueued_at=row["enqueued_at"] if state == "running" else self._clock_timestamp(),
            last_error=DIED if crashed else row["last_error"],
            reason=f"{row['crashes'] + 1} processes died during its attempts" if state == "dead" else None,
        )
        if crashed:
            error = moved["reason"] or DIED
            self._write(row, "create", "crashed", error_message=error, holder=row["holder"])
        if state == "running":
            self._write(moved, "create", "pending", holder=holder)
        return moved

    def _answer(self, row: Row | None, moved: Row | None, holder: UUID, alone: bool) -> str:
        if row and row["state"] == "running" and row["holder"] == holder:
            return "granted"
        if moved:
            return "granted" if moved["state"] == "running" else moved["state"]
        if row is None:
            return "unknown"
        if row["state"] in ("provisioned", "dead"):
            return row["state"]
        if self.breaker["open"]:
            return "breaker"
        ended = row["due_at"] <= self._now() and (row["state"] == "running" or row["crashes"] > 0)
        return "alone" if ended and not alone else row["state"]

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
            outcome_unknown=outcome["outcome_unknown"],
            enqueued_at=self._clock_timestamp(),
            last_error=error,
            reason=reason,
        )
        account_id = None
        if settled["state"] == "provisioned":
            known = self.accounts.get(identity_id, {"id": outcome["account_id"]})
            account_id = known["id"]
            at_stalwart = outcome["stalwart_account_id"]
            self.accounts[identity_id] = {
                "id": account_id,
                "email": row["email"],
                "stalwart_account_id": at_stalwart,
            }
        self._write(
            settled,
            "create",
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
        told = f"ended as {outcome['status']} after its lease: another attempt decides"
        at_stalwart = outcome["stalwart_account_id"]
        self._write(row, "create", "late", error_message=told, holder=holder, stalwart_account_id=at_stalwart)
        return [{"id": len(self.log)}]

    def _postpone_domain(self, domain: str, seconds: float) -> list[Row]:
        until = self._now() + timedelta(seconds=seconds)
        rows = [
            row
            for row in self._live
            if row["state"] == "waiting" and row["due_at"] <= until and row["email"].split("@")[1] == domain
        ]
        return [{"identity_id": self._change(row, due_at=until)["identity_id"]} for row in rows]

    # -- operator -----------------------------------------------------------------------------------------------

    def _operator_retry(self, identity_id: UUID, actor: str) -> list[Row]:
        row = self.requests.get(identity_id)
        if row is None or row["state"] not in ("waiting", "dead"):
            return []
        anew = {"retries": 0, "crashes": 0} if row["state"] == "dead" else {}
        enqueued_at = self._clock_timestamp()
        moved = self._change(row, state="waiting", due_at=self._now(), reason=None, enqueued_at=enqueued_at, **anew)
        self._write(moved, "retry", "done", error_message=f"asked to try again; it was {row['state']}", actor=actor)
        return [moved | {"old_state": row["state"]}]

    def _operator_bury(self, identity_id: UUID, actor: str, reason: str) -> list[Row]:
        row = self.requests.get(identity_id)
        if row is None or row["state"] != "waiting":
            return []
        told = f"buried by {actor}: {reason}"
        moved = self._change(row, state="dead", due_at=None, enqueued_at=self._clock_timestamp(), reason=told)
        self._write(moved, "bury", "done", error_message=reason, actor=actor)
        return [moved]

    # -- sweep --------------------------------------------------------------------------------------------------

    def _sweep_progress(self) -> list[Row]:
        return [{"token": self.sweep["token"], "due_in": self._seconds_until(self.sweep["due_at"])}]

    def _sweep_start_soon(self) -> list[Row]:
        if self.sweep["token"] is None and self.sweep["due_at"] > self._now():
            self.sweep["due_at"] = self._now()
        return []

    def _sweep_put_off(self, seconds: float) -> list[Row]:
        self.sweep["due_at"] = self._now() + timedelta(seconds=seconds)
        return []

    def _sweep_store(
        self,
        identity_ids: list[UUID],
        emails: list[str],
        names: list[str | None],
        token: str | None,
        due_in: float,
    ) -> list[Row]:
        asked = zip(identity_ids, emails, names, strict=True)
        absent = [each for each in asked if each[0] not in self.requests]
        found: list[Row] = []
        for identity_id, email, name in absent:
            if email in self.living or identity_id in self.requests:
                found.append({"absent_id": identity_id, "identity_id": None})
                continue
            row = self._new(identity_id, email, name, state="waiting", due_at=self._now())
            self._write(row, "sweep", "done")
            found.append(row | {"absent_id": identity_id})
        self.sweep = {"token": token, "due_at": self._now() + timedelta(seconds=due_in)}
        return found

    def _sweep_refusals(self, identity_ids: list[UUID], emails: list[str | None], reasons: list[str]) -> list[Row]:
        known = {(each["kratos_identity_id"], each["email"]) for each in self.log if each["action"] == "refuse"}
        for identity_id, email, why in zip(identity_ids, emails, reasons, strict=True):
            if (identity_id, email) not in known:
                self._record_refusal(identity_id, email, why)
        return []

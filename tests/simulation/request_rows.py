"""The rows of `email_requests` and its audit in memory, with the constraints, triggers and indexes of the tables."""

from bisect import bisect_left, insort
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.errors import CheckViolation, UniqueViolation

Row = dict[str, Any]

MICROSECOND = timedelta(microseconds=1)
LIVE = ("waiting", "running")


def place_of(row: Row) -> tuple[datetime, UUID]:
    """Its position in the index on `due_at`."""
    return row["due_at"], row["identity_id"]


class RequestRows:
    """`requests` by identity, `accounts` by identity, the append-only `log`, and every `move` of a request."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._last = now()
        self.requests: dict[UUID, Row] = {}
        self.accounts: dict[UUID, Row] = {}
        self.log: list[Row] = []
        self.moves: list[tuple[datetime, Row | None, Row]] = []
        self.living: dict[str, UUID] = {}
        """the identity that has an address: the partial unique index"""
        self.addresses: dict[str, tuple[UUID, str]] = {}
        """whose an address is, and its role; no row is `leaving`, so there is one for each address"""
        self.locked: set[UUID] = set()
        """rows that another open transaction has locked"""
        self.erased: set[UUID] = set()
        self._live: list[Row] = []
        """waiting and running, in the order of the index on `due_at`"""

    def _clock_timestamp(self) -> datetime:
        """The time, never the same twice: two statements of a real server do not share a microsecond either."""
        self._last = max(self._now(), self._last + MICROSECOND)
        return self._last

    def _change(self, old: Row | None, **values: Any) -> Row:
        new = {**(old or {}), **values}
        if new["state"] != "dead":
            new["dismissed_at"] = None  # by a trigger
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
            del self._live[bisect_left(self._live, place_of(old), key=place_of)]
        if new["state"] in LIVE:
            insort(self._live, new, key=place_of)
        return new

    @staticmethod
    def _check(row: Row) -> None:
        state = row["state"]
        if (
            (state in LIVE) != (row["due_at"] is not None)
            or (state == "running") != (row["holder"] is not None)
            or (state == "dead") != (row["reason"] is not None)
            or (row["waits_for"] is not None and state != "waiting")
            or not (0 <= row["retries"] <= 3 and row["crashes"] >= 0)
        ):
            raise CheckViolation(f"email_requests: {row}")

    def _new(self, identity_id: UUID, email: str, display_name: str | None, **values: Any) -> Row:
        usual: Row = {
            "identity_id": identity_id,
            "email": email,
            "display_name": display_name,
            "due_at": None,
            "holder": None,
            "attempts": 0,
            "retries": 0,
            "crashes": 0,
            "postponed": 0,
            "outcome_unknown": False,
            "waits_for": None,
            "enqueued_at": self._clock_timestamp(),
            "last_error": None,
            "reason": None,
            "dismissed_at": None,
            "step": "create",
            "goal": 0,
            "have_goal": 0,
            "given_up": None,
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

    def _reserve(self, email: str, identity_id: UUID, role: str = "wanted") -> None:
        """Also what is left of an earlier request. Before a row is changed: the violation undoes the statement."""
        if self._holder(email, identity_id):
            raise UniqueViolation("addresses_reserved, or email_requests_address")
        self.addresses.setdefault(email, (identity_id, role))

    def _owner(self, email: str, identity_id: UUID) -> UUID | None:
        """The other identity that has the address by its row."""
        owner, _ = self.addresses.get(email, (identity_id, ""))
        return None if owner == identity_id else owner

    def _holder(self, email: str, identity_id: UUID) -> UUID | None:
        """The other identity that has the address, by its row or by a living request."""
        living = self.living.get(email, identity_id)
        return self._owner(email, identity_id) or (None if living == identity_id else living)

    def _role(self, row: Row) -> str:
        """That of the address of a request, by whether its mailbox has the address."""
        return "held" if self.accounts.get(row["identity_id"], {}).get("email") == row["email"] else "wanted"

    def _hold(self, row: Row) -> None:
        if not self._owner(row["email"], row["identity_id"]):
            self.addresses[row["email"]] = (row["identity_id"], "held")

    def _free(self, row: Row) -> None:
        """Unless a mailbox has it."""
        if self.addresses.get(row["email"]) == (row["identity_id"], "wanted"):
            del self.addresses[row["email"]]

    def _keep(self, row: Row) -> None:
        """Its address stays reserved, as a former one."""
        if self.addresses.get(row["email"]) == (row["identity_id"], "wanted"):
            self.addresses[row["email"]] = (row["identity_id"], "old")

    def erase(self, identity_id: UUID) -> None:
        """Delete a row, as an operator or a fail-over does; its audit stays."""
        row = self.requests.pop(identity_id, None)
        self.accounts.pop(identity_id, None)
        if row:
            self.erased.add(identity_id)
            self._free(row)  # by a trigger
            if row["state"] != "dead":
                del self.living[row["email"]]
            if row["state"] in LIVE:
                del self._live[bisect_left(self._live, place_of(row), key=place_of)]

    def _seconds_until(self, then: datetime | None) -> float | None:
        return None if then is None else (then - self._now()).total_seconds()

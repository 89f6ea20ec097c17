"""The model of PostgreSQL does what the real statements do: the same drawn statements run on both, and after each one
both have given the same result and have the same rows. So what holds in the simulation holds with PostgreSQL.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from psycopg import Error

from postroom.domain.request import HELD
from postroom.postgres.connection import Pool, rows
from records import Records
from simulation.ports import _names
from simulation.sql_model import Row, SqlModel

STEPS = 320
APART = 5.0
"""Seconds that the two clocks may differ; all drawn times differ by more."""
DUE = [-500, -100, -30, 30, 100, 1000]
CAUSES = ["outage", "misconfigured", "creates", "domain:example.org", "domain:example.net", "of a later version"]
NO_CALLER = {"trigger_id": None, "request_id": None, "traceparent": None}


class Both:
    """Run one statement on both; parameters that were drawn before can be drawn again."""

    def __init__(self, seed: int, pool: Pool, records: Records) -> None:
        self.chance, self.hand = Random(seed), Random(seed)
        self.pool = pool
        self.records = records
        self.model = SqlModel(lambda: datetime.now(UTC))
        self.people = [self.new_id() for _ in range(8)]
        self.strangers = [self.new_id()]
        self.holders = [self.new_id()]
        self.emails = [f"user-{number}@{domain}" for number in range(4) for domain in ("example.org", "example.net")]

    def new_id(self) -> UUID:
        return UUID(int=self.chance.getrandbits(128), version=4)

    async def step(self) -> None:
        (name,) = self.chance.choices(list(STATEMENTS), [OFTEN.get(each, 1) for each in STATEMENTS])
        parameters = STATEMENTS[name](self)
        real, model = await self._real(name, parameters), self._modelled(name, parameters)
        assert real == model, f"{name}({parameters}) answered {real}, the model {model}"
        message = f"after {name}({parameters})"
        assert await self._stored() == self._stored_by_the_model(), message
        assert await self._logged() == self._logged_by_the_model(), message

    async def make_due(self) -> None:
        identity_id, seconds = self.chance.choice(self.people), self.chance.choice(DUE)
        row = self.model.requests.get(identity_id)
        if row and row["due_at"]:
            await self.records.make_due_in(seconds, identity_id)
            self.model._change(row, due_at=datetime.now(UTC) + timedelta(seconds=seconds))

    async def change_owner(self) -> None:
        """By hand: the row of an address is deleted, or made anew for a stranger."""
        if self.hand.random() < 0.95:
            return
        email, stranger = self.hand.choice(self.emails), self.strangers[0]
        await self.records.rows("DELETE FROM addresses WHERE address = %s", email)
        self.model.addresses.pop(email, None)
        if self.hand.random() < 0.2:
            await self.records.rows("INSERT INTO addresses VALUES (%s, %s, 'held')", email, stranger)
            self.model.addresses[email] = (stranger, "held")

    async def change_step(self) -> None:
        """As a later version does, which stores other work than creates."""
        identity_id, step = self.chance.choice(self.people), self.chance.choice(["create"] * 19 + ["change"])
        if row := self.model.requests.get(identity_id):
            await self.records.rows("UPDATE email_requests SET step = %s WHERE identity_id = %s", step, identity_id)
            self.model._change(row, step=step)

    async def _real(self, name: str, parameters: Mapping[str, Any]) -> Any:
        (breaker,) = await rows(self.pool, "breaker_read")
        if parameters.get("changed_at") == self.model.breaker["changed_at"]:
            parameters = {**parameters, "changed_at": breaker["changed_at"]}
        if parameters.get("since") == self.model.breaker["creates_changed_at"]:
            parameters = {**parameters, "since": breaker["creates_changed_at"]}
        try:
            return _plain(await rows(self.pool, name, parameters))
        except Error as error:
            return type(error).__name__

    def _modelled(self, name: str, parameters: Mapping[str, Any]) -> Any:
        try:
            return _plain(self.model.run(name, parameters))
        except Error as error:
            return type(error).__name__

    async def _stored(self) -> Any:
        return (
            _plain(await self.records.rows("SELECT * FROM email_requests")),
            _plain(await self.records.rows("SELECT id, email, stalwart_account_id FROM email_accounts")),
            _plain(await self.records.rows("SELECT address, identity_id, role FROM addresses")),
            _plain(await rows(self.pool, "breaker_read")),
            _plain(await rows(self.pool, "sweep_progress")),
            _plain(await self.records.rows("SELECT * FROM doubts")),
        )

    def _stored_by_the_model(self) -> Any:
        model = self.model
        reserved = [
            {"address": address, "identity_id": identity_id, "role": role}
            for address, (identity_id, role) in model.addresses.items()
        ]
        of_postgres = [model.requests.values(), model.accounts.values(), reserved]
        return (
            *map(_plain, of_postgres),
            _plain(model.run("breaker_read", None)),
            _plain(model.run("sweep_progress", None)),
            _plain([{"identity_id": who, "kind": kind} | row for (who, kind), row in model.doubts.items()]),
        )

    async def _logged(self) -> Any:
        return _by_identity(await self.records.rows("SELECT * FROM email_provisioning_log ORDER BY id"))

    def _logged_by_the_model(self) -> Any:
        return _by_identity(self.model.log)


_LOGGED = ("action", "status", "attempt_count", "email", "error_message", "holder", "stalwart_account_id")


def _by_identity(log: list[Any]) -> dict[Any, list[tuple[Any, ...]]]:
    found: dict[Any, list[tuple[Any, ...]]] = {}
    for entry in log:
        found.setdefault(entry["kratos_identity_id"], []).append(tuple(entry[name] for name in _LOGGED))
    return found


class Near(float):
    """A time in seconds that equals any time near it."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, float) and abs(self - other) < APART

    def __hash__(self) -> int:
        return 0


def _plain(found: Any) -> list[Row]:
    """Sorted rows, with times as seconds from now. `enqueued_at` says only when the row last changed."""
    plain = [
        {name: _value(value) for name, value in row.items() if value is not None and not _is_its_own(name, value)}
        for row in found
    ]
    return sorted(plain, key=lambda row: str([value for value in row.values() if not isinstance(value, Near)]))


def _is_its_own(name: str, value: Any) -> bool:
    """Ids of the audit's rows, and columns that the model leaves out."""
    return name == "created_at" or (name == "id" and isinstance(value, int))


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return Near((value - datetime.now(UTC)).total_seconds())
    return Near(value) if isinstance(value, float) else value


def _who(both: Both) -> UUID:
    return both.chance.choice(both.people)


def _some(both: Both) -> list[UUID]:
    return both.chance.sample(both.people + both.strangers, both.chance.choice([1, 1, 2]))


def _causes(both: Both) -> list[str]:
    """Addresses that a request waits for, if there are any."""
    waited_for = {row["waits_for"] for row in both.model.requests.values()} - {None}
    return sorted(waited_for) or CAUSES


def _mailbox(both: Both) -> dict[str, Any]:
    return {"identity_id": _who(both), "email": both.chance.choice(both.emails), "display_name": None} | NO_CALLER


def _begin(both: Both) -> dict[str, Any]:
    holder = both.new_id() if both.chance.random() < 0.6 else None
    both.holders += [holder] if holder else []
    return _mailbox(both) | {"holder": holder, "lease": 30.0, "action": "accept"}


def _claim(both: Both) -> dict[str, Any]:
    asked = both.chance.sample(both.people + both.strangers, both.chance.randint(0, 5))
    fresh = [both.new_id() for _ in asked]
    if asked and both.chance.random() < 0.3:
        asked, fresh = [asked[0]], [both.chance.choice(both.holders)]  # again, as after a lost response
        running = both.model.requests.get(asked[0])
        fresh = [running["holder"]] if running and running["holder"] else fresh
    both.holders += fresh
    exclusive = both.chance.random() < 0.5
    parameters = {
        "identity_ids": asked,
        "holders": fresh,
        "lease": both.chance.choice([30.0, 60.0]),
        "exclusive": exclusive,
    } | _steps(both)
    limit = both.chance.choice([0, 1, 100, 100, 100])
    return parameters | {"limit": limit, "crash_delay": 300.0, "longest_crash_delay": 1000.0, "held": HELD}


def _overdue(both: Both) -> dict[str, Any]:
    rows = sorted((row for row in both.model.requests.values() if row["due_at"]), key=lambda row: row["due_at"])
    behind = both.chance.choice([None, *rows])
    after_id = behind and both.chance.choice([behind["identity_id"], UUID(int=0)])
    # A position of the model, whose clock is near the real one: no row lies between the two.
    after_due = behind and behind["due_at"] + timedelta(seconds=APART)
    return {"limit": 100, "grace": 50.0, "after_due": after_due, "after_id": after_id} | _steps(both)


def _steps(both: Both) -> dict[str, Any]:
    return {"steps": both.chance.choice([["create"], ["create", "change"]])}


def _breaker(both: Both) -> datetime:
    """An id of the model, which is translated to that of the real one."""
    return both.model.breaker["changed_at"] if both.chance.random() < 0.8 else datetime(2026, 1, 1, tzinfo=UTC)


def _fault(both: Both) -> datetime:
    """As `_breaker`, of a fault of creates."""
    return both.model.breaker["creates_changed_at"] if both.chance.random() < 0.8 else datetime(2026, 1, 1, tzinfo=UTC)


def _outcome(both: Both) -> dict[str, Any]:
    chance = both.chance
    running = [row for row in both.model.requests.values() if row["state"] == "running"]
    row = chance.choice(running) if running and chance.random() < 0.8 else {"identity_id": _who(both), "attempts": 1}
    holder = row.get("holder") if chance.random() < 0.8 else None
    state = chance.choice(["waiting", "waiting", "provisioned", "provisioned", "dead"])
    at_stalwart = "b7" if state == "provisioned" else None
    return {
        "identity_id": row["identity_id"],
        "holder": holder or chance.choice(both.holders),
        "email": row.get("email", both.emails[0]),
        "step": row.get("step", "create"),
        "attempts": row["attempts"],
        "state": state,
        "status": {"waiting": "failed", "provisioned": "success", "dead": "conflict"}[state],
        "delay": chance.choice([0.0, 60.0, 300.0]) if state == "waiting" else None,
        "retries": chance.randint(0, 3),
        "postponed": chance.randint(0, 3),
        "waits_for": chance.choice([None, *CAUSES]) if state == "waiting" else None,
        "outcome_unknown": chance.random() < 0.5,
        "error": None if state == "provisioned" else "mail server answered 500",
        "reason": "it is held" if state == "dead" else None,
        "account_id": both.new_id(),
        "stalwart_account_id": at_stalwart,
    }


def _page(both: Both) -> dict[str, Any]:
    asked = both.chance.sample(both.people, 3)
    emails = both.chance.sample(both.emails, 3)  # of two requests for one address in one page, either may get it
    return {"identity_ids": asked, "emails": emails, "names": [None] * 3}


def _progress(both: Both) -> dict[str, Any]:
    after, token = (both.chance.choice([None, "3"]) for _ in range(2))
    pass_ = both.chance.choice([None, *PASSES])
    return {"after": after, "token": token, "due_in": 60.0, "census": None, "counted": None, "pass": pass_, "most": 2}


PASSES = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2)]
KINDS = ["rename", "name", "absent"]


def _compare(both: Both) -> dict[str, Any]:
    first, last = sorted(both.chance.sample(both.people, 2))
    others = both.chance.sample(both.people, 2)
    page = _page(both) | {"others": others[:1], "unreadable": others[1:], "limit": both.chance.choice([1, 100])}
    return page | {"first_id": first, "last_id": last, "above_id": first, "up_to_id": last, "asked_at": _soon()}


def _soon() -> datetime:
    """After all mailboxes were made, though the two clocks differ."""
    return datetime.now(UTC) + timedelta(seconds=APART)


def _doubts(both: Both) -> dict[str, Any]:
    chance = both.chance
    known = [identity_id for identity_id in both.people if identity_id in both.model.requests]
    pairs = chance.sample([(who, kind) for who in known for kind in KINDS], min(3, len(known)))
    asked, ended = pairs[:2], pairs[2:]
    return {
        "identity_ids": [who for who, _ in asked],
        "kinds": [kind for _, kind in asked],
        "seen": [chance.choice(["a", "b"]) for _ in asked],
        "updated": [chance.choice([None, *PASSES]) for _ in asked],
        "ended_ids": [who for who, _ in ended],
        "ended_kinds": [kind for _, kind in ended],
        "read_at": datetime(2026, 1, chance.randint(1, 28), tzinfo=UTC),
        "pass": chance.choice([None, *PASSES]),
        "found_by": "sweep",
        "action": "sweep",
        "limit": 2,
    }


STATEMENTS: dict[str, Callable[[Both], dict[str, Any]]] = {
    "accept": _begin,
    "revive": _begin,
    "refuse_held": lambda both: _mailbox(both) | {"action": "accept", "reason": "held"},
    "follow_address": lambda both: _mailbox(both) | {"action": both.chance.choice(["accept", "sweep"])},
    "record_refusals": lambda both: (
        {
            "identity_ids": [_who(both)],
            "emails": [None],
            "codes": [both.chance.choice(["no_address", "unreadable_identity"])],
            "reasons": ["no address"],
        }
        | NO_CALLER
    ),
    "last_refusal": lambda both: {"identity_id": _who(both)},
    "claim": _claim,
    "settle": _outcome,
    "settle_late": _outcome,
    "read": lambda both: {"identity_id": _who(both)},
    "read_many": lambda both: {"identity_ids": [_who(both)], "quiet": 60.0} | _steps(both),
    "overdue": _overdue,
    "release_causes": lambda both: {},
    "release": lambda both: (
        {
            "cause": both.chance.choice(_causes(both)),
            "limit": 100,
            "excluding": [_who(both)],
        }
        | _steps(both)
    ),
    "release_progress": lambda both: {"identity_ids": both.people},
    "resume_domain": lambda both: {"domain": "example.org", "actor": "anna"},
    "waiting_counts": _steps,
    "waiting_window": lambda both: {"earliest": 10.0, "latest": 90.0, "limit": 100} | _steps(both),
    "waiting_page": lambda both: (
        {"after_due": datetime(1, 1, 2, tzinfo=UTC), "after_id": UUID(int=0), "limit": 100} | _steps(both)
    ),
    "operator_find": lambda both: {"identity_ids": _some(both)},
    "operator_retry": lambda both: {"identity_ids": _some(both), "actor": "anna"},
    "operator_bury": lambda both: {"identity_ids": _some(both), "actor": "anna", "reason": "gone"},
    "operator_dismiss": lambda both: {"identity_ids": _some(both), "actor": "anna", "reason": "known"},
    "breaker_open": lambda both: {
        "cause": both.chance.choice(["outage", "misconfigured", "unauthorized"]),
        "error": "503",
        "interval": both.chance.choice([-40.0, 40.0]),
    },
    "breaker_take_probe": lambda both: {"interval": 80.0, "changed_at": _breaker(both)},
    "breaker_close": lambda both: {"changed_at": _breaker(both)},
    # In the past: else no request could be claimed for the rest of the walk.
    "breaker_slow_down": lambda both: {"seconds": both.chance.choice([-40.0, -20.0])},
    "creates_fail": lambda both: {"error": "500", "interval": both.chance.choice([-40.0, 40.0])},
    "creates_take_probe": lambda both: {"interval": both.chance.choice([-40.0, 40.0])},
    "creates_work": lambda both: {"since": _fault(both)},
    "operator_resume_creates": lambda both: {"since": _fault(both), "actor": "anna"},
    "operator_pause": lambda both: {"message": "paused by anna", "actor": "anna", "reason": "move", "interval": 5.0},
    "operator_resume": lambda both: {"changed_at": _breaker(both), "actor": "anna", "reason": "it was 503"},
    "sweep_store": _page,
    "sweep_compare": _compare,
    "doubts_store": _doubts,
    "sweep_advance": _progress,
    "sweep_progress": lambda both: {},
    "sweep_start_soon": lambda both: {},
    "sweep_put_off": lambda both: {"seconds": 30.0},
    "sweep_restart": lambda both: {"seconds": 30.0},
}


OFTEN = {
    "accept": 3,
    "operator_bury": 3,
    "claim": 10,
    "settle": 14,
    "breaker_close": 6,
    "operator_resume": 6,
    "release": 6,
}


@pytest.mark.parametrize("seed", range(5))
async def test_postgresql_model_matches_postgresql_in_every_statement(seed: int, pool: Pool, records: Records) -> None:
    both = Both(seed, pool, records)
    # The database is a copy of an older one, but the model begins now.
    await records.rows("UPDATE mail_server_breaker SET changed_at = now(), creates_changed_at = now()")
    await records.rows("UPDATE identity_sweep SET due_at = now()")
    for _ in range(STEPS):
        await both.step()
        await both.make_due()
        await both.change_owner()
        await both.change_step()
    assert {row["state"] for _, _, row in both.model.moves} == {"waiting", "running", "provisioned", "dead"}


def test_random_walk_covers_every_statement_of_the_model() -> None:
    modelled = {name for name in _names().values() if hasattr(SqlModel, f"_{name}")}
    assert modelled - {"breaker_read"} == set(STATEMENTS)

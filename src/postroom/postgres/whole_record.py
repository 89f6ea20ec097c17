"""All that is on record of one identity, for an operator."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from postroom.domain.account_change import Because, Role
from postroom.domain.brake import DAY, Brake, Passed
from postroom.domain.breaker import Breaker
from postroom.domain.difference import Kind
from postroom.domain.missing import Doubt
from postroom.domain.wish import Wishing
from postroom.postgres.audit import Audit
from postroom.postgres.breaker import PostgresBreakers
from postroom.postgres.connection import Pool, Row, row, rows
from postroom.postgres.operator_moves import Found, OperatorMoves
from postroom.postgres.sweep import PostgresSwept
from postroom.postgres.wishes import PostgresWishes


@dataclass(frozen=True, slots=True)
class RecordedAccount:
    """A row of `email_accounts`: what was read last at the mail server. `account_id` is its id there."""

    id: UUID
    account_id: str
    email: str
    name: str | None = None
    because: frozenset[Because] = frozenset()
    """why nobody may log in; empty where that is possible"""
    since: datetime | None = None
    doubt: Doubt | None = None


@dataclass(frozen=True, slots=True)
class Suspension:
    """By an operator."""

    at: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class WholeRecord:
    """`found`: its request. `have_goal`: what was reached last. `closed`: the kinds of which the brake lets nobody
    through, each with why; `passed`: whom it let through, by kind. `addresses`: its own, but those that its mailbox
    holds."""

    found: Found
    wishing: Wishing
    have_goal: int
    brake: Brake
    account: RecordedAccount | None = None
    suspension: Suspension | None = None
    addresses: Mapping[str, Role] = field(default_factory=dict[str, Role])
    closed: Mapping[Kind, str] = field(default_factory=dict[Kind, str])
    passed: Mapping[Kind, Passed] = field(default_factory=dict[Kind, Passed])


@dataclass(frozen=True, slots=True)
class OnRecord:
    """`record` is None where the identity has no request. `log`: its rows of the audit, oldest first. `next_page_at`:
    when the sweep goes on, in a pass or with a new one."""

    record: WholeRecord | None
    log: list[Row]
    breaker: Breaker
    next_page_at: datetime | None


class WholeRecords:
    """All methods raise `DatabaseUnavailable`."""

    def __init__(self, pool: Pool, *, delay_factor: float = 1.0) -> None:
        self._pool = pool
        self._delay_factor = delay_factor
        self._audit = Audit(pool)
        self._breakers = PostgresBreakers(pool, delay_factor=delay_factor)
        self._moves = OperatorMoves(pool)
        self._swept = PostgresSwept(pool)
        self.wishes = PostgresWishes(pool, delay_factor=delay_factor)

    async def of(self, identity_id: UUID) -> OnRecord:
        progress = await self._swept.progress()
        return OnRecord(
            await self._record(identity_id),
            await self._audit.timeline(identity_id),
            await self._breakers.read(),
            progress.due_at,
        )

    async def _record(self, identity_id: UUID) -> WholeRecord | None:
        found = (await self._moves.find([identity_id])).get(identity_id)
        wishing = await self.wishes.read(identity_id)
        rest = await row(self._pool, "whole_record", {"identity_id": identity_id})
        if found is None or wishing is None or rest is None:
            return None
        parameters: dict[str, Any] = {"identity_id": identity_id, "kinds": list(Kind)}
        counts = await rows(self._pool, "brake_count", parameters | {"seconds": DAY * self._delay_factor})
        closed = {Kind(kind): why for kind, why in rest["closed"].items()}
        return WholeRecord(
            found,
            wishing,
            rest["have_goal"],
            Brake(closed.keys(), rest["is_judged"], rest["mailboxes"]),
            _account_of(rest),
            _suspension_of(rest),
            {address: Role(role) for address, role in rest["addresses"].items()},
            closed,
            {Kind(each.pop("kind")): Passed(**each) for each in counts},
        )

    async def concerned(self, stored: str, *, limit: int) -> list[tuple[UUID, str]]:
        """The identities that an address concerns now, and how. `stored`: as addresses are stored."""
        found = await rows(self._pool, "identities_concerned", {"stored": stored, "limit": limit})
        return [(each["identity_id"], each["how"]) for each in found]

    async def former(self, who: str, *, limit: int) -> list[UUID]:
        """The identities that ever asked for an address."""
        return [each for each in await self._audit.identities_of(who, limit=limit) if each]

    async def of_number(self, number: str, *, limit: int) -> list[UUID]:
        """Those with a support number."""
        return [each for each in await self._audit.identities_of_number(number, limit=limit) if each]


def _account_of(found: Row) -> RecordedAccount | None:
    if found["account_id"] is None:
        return None
    because = [Because(each) for each in found["suspended_because"] or ()]
    return RecordedAccount(
        found["account_id"],
        found["stalwart_account_id"],
        found["email"],
        found["name"],
        frozenset(because),
        found["suspended_since"],
        found["doubt"] and Doubt(found["doubt"]),
    )


def _suspension_of(found: Row) -> Suspension | None:
    at = found["operator_suspended_at"]
    return Suspension(at, found["operator_suspended_by"], found["operator_suspended_reason"]) if at else None

"""The port `WishRecords`: what identities want of their mailboxes, and whose addresses are."""

from collections.abc import Collection
from uuid import UUID

from psycopg import AsyncConnection

from postroom.domain.account_change import Addresses, Because, Holder, Role
from postroom.domain.brake import ABSENT_FOR, ABSENT_PASSES, DAY, Brake, Passed, holds
from postroom.domain.difference import Kind
from postroom.domain.wish import RENAMED_WITHIN, Wish, Wishing, braked, without
from postroom.errors import ConfigurationError, Unstorable
from postroom.postgres.connection import UNSTORABLE, Pool, Row, connection, row, rows, sql
from postroom.postgres.requests import request_of
from postroom.provisioning.wishes import Written


class PostgresWishes:
    """`delay_factor` shortens the time between two changes of an address in the trial and in tests."""

    def __init__(self, pool: Pool, *, delay_factor: float = 1.0) -> None:
        self._pool = pool
        self._delay_factor = delay_factor

    async def read(self, identity_id: UUID) -> Wishing | None:
        parameters = {
            "identity_id": identity_id,
            "seconds": RENAMED_WITHIN * self._delay_factor,
            "most": ABSENT_PASSES,
            "absent_for": ABSENT_FOR * self._delay_factor,
        }
        found = await row(self._pool, "want_read", parameters)
        if found is None:
            return None
        because, old = found.pop("because"), found.pop("old")
        accepted, doubts = found.pop("accepted"), found.pop("doubts")
        return Wishing(
            **found,
            because=because and Because(because),
            old=frozenset(old),
            accepted=frozenset(map(Kind, accepted)),
            doubts=frozenset(map(Kind, doubts)),
        )

    async def write(self, known: Wishing, wish: Wish, *, action: str) -> Written | None:
        try:
            async with connection(self._pool) as conn, conn.transaction():
                counted = braked(wish, known)
                held = await self._held(conn, known.identity_id, counted)
                passed, followed = [*(counted.keys() - held)], without(wish, held, known)
                found = await self._want(conn, known, followed, passed, action)
        except UNSTORABLE as error:
            raise Unstorable(type(error).__name__) from error
        if found is None:
            return None
        return Written(request_of(found), followed, found["is_new"], {kind: counted[kind] for kind in held})

    async def _held(self, conn: AsyncConnection[Row], identity_id: UUID, kinds: Collection[Kind]) -> set[Kind]:
        """Of these kinds, those of which the brake lets nobody through now."""
        if not kinds:
            return set()
        found = await (await conn.execute(sql("brake_lock"))).fetchone()
        if found is None:
            raise ConfigurationError("the row of the brake was deleted", fix="run postroom migrate, which restores it")
        brake = Brake(frozenset(map(Kind, found["closed"])), found["is_judged"], found["mailboxes"])
        parameters = {"identity_id": identity_id, "kinds": list(kinds), "seconds": DAY * self._delay_factor}
        counts = await (await conn.execute(sql("brake_count"), parameters)).fetchall()
        passed = {Kind(each.pop("kind")): Passed(**each) for each in counts}
        return {kind for kind in kinds if holds(brake, kind, passed[kind])}

    async def _want(
        self, conn: AsyncConnection[Row], known: Wishing, wish: Wish, passed: Collection[Kind], action: str
    ) -> Row | None:
        parameters = {
            "identity_id": known.identity_id,
            "read_at": known.read_at,
            "email": wish.email,
            "name": wish.name,
            "want_because": wish.because,
            "want_version": wish.version,
            "passed": passed,
            "action": action,
        }
        return await (await conn.execute(sql("want"), parameters)).fetchone()

    async def addresses(self, identity_id: UUID, asked: Collection[str]) -> Addresses:
        own, others = dict[str, Role](), dict[str, Holder]()
        for each in await rows(self._pool, "want_addresses", {"identity_id": identity_id, "addresses": list(asked)}):
            role = Role(each["role"])
            if each["identity_id"] == identity_id:
                own[each["address"]] = role
            else:
                others[each["address"]] = Holder(each["identity_id"], role)
        return Addresses(own, others)

"""The port `WishRecords`: what identities want of their mailboxes, and whose addresses are."""

from collections.abc import Collection
from uuid import UUID

from postroom.domain.account_change import Addresses, Because, Holder, Role
from postroom.domain.difference import Kind
from postroom.domain.wish import RENAMED_WITHIN, Wish, Wishing
from postroom.errors import Unstorable
from postroom.postgres.connection import UNSTORABLE, Pool, row, rows
from postroom.postgres.requests import request_of
from postroom.provisioning.wishes import Written


class PostgresWishes:
    """`delay_factor` shortens the time between two changes of an address in the trial and in tests."""

    def __init__(self, pool: Pool, *, delay_factor: float = 1.0) -> None:
        self._pool = pool
        self._delay_factor = delay_factor

    async def read(self, identity_id: UUID) -> Wishing | None:
        parameters = {"identity_id": identity_id, "seconds": RENAMED_WITHIN * self._delay_factor}
        found = await row(self._pool, "want_read", parameters)
        if found is None:
            return None
        because, old, doubts = found.pop("because"), found.pop("old"), found.pop("doubts")
        return Wishing(
            **found,
            because=because and Because(because),
            old=frozenset(old),
            doubts=frozenset(map(Kind, doubts)),
        )

    async def write(self, known: Wishing, wish: Wish, *, action: str) -> Written | None:
        parameters = {
            "identity_id": known.identity_id,
            "read_at": known.read_at,
            "email": wish.email,
            "name": wish.name,
            "want_because": wish.because,
            "want_version": wish.version,
            "action": action,
        }
        try:
            found = await row(self._pool, "want", parameters)
        except UNSTORABLE as error:
            raise Unstorable(type(error).__name__) from error
        return Written(request_of(found), found["is_new"]) if found else None

    async def addresses(self, identity_id: UUID, asked: Collection[str]) -> Addresses:
        own, others = dict[str, Role](), dict[str, Holder]()
        for each in await rows(self._pool, "want_addresses", {"identity_id": identity_id, "addresses": list(asked)}):
            role = Role(each["role"])
            if each["identity_id"] == identity_id:
                own[each["address"]] = role
            else:
                others[each["address"]] = Holder(each["identity_id"], role)
        return Addresses(own, others)

"""The port `Doubts`: in what identities differ from their mailboxes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from postroom.domain.account_change import Because
from postroom.domain.difference import Kind, OnRecord
from postroom.domain.mailbox import Mailbox
from postroom.postgres.connection import Row, Statements, rows, the_row
from postroom.postgres.sweep import parameters_of
from postroom.provisioning.ports import Compared, Found, Scope, Unlike

STORED = 10_000
"""Doubts of one kind that are stored; further ones are only counted."""


class PostgresDoubts(Statements):
    async def now(self) -> datetime:
        return (await the_row(self._pool, "sweep_progress"))["read_at"]

    async def compare(
        self,
        mailboxes: Sequence[Mailbox],
        scope: Scope,
        *,
        others: Sequence[UUID] = (),
        unreadable: Sequence[UUID] = (),
        read_at: datetime,
    ) -> Compared:
        parameters = parameters_of(mailboxes) | {
            "others": list(others),
            "unreadable": list(unreadable),
            "first_id": scope.first,
            "last_id": scope.last,
            "above_id": scope.above,
            "up_to_id": scope.up_to,
            "asked_at": read_at,
            "limit": STORED,
        }
        *found, total = await rows(self._pool, "sweep_compare", parameters)
        unlike = {each["identity_id"]: _unlike(each) for each in found if not each["is_absent"]}
        absentees = {each["identity_id"]: Kind.ABSENT in (each["kinds"] or ()) for each in found if each["is_absent"]}
        return Compared(unlike, total["mailboxes"], total["absent"], absentees)

    async def store(
        self,
        found: Sequence[Found],
        ended: Sequence[tuple[UUID, Kind]],
        *,
        read_at: datetime,
        began_at: datetime | None,
        by_hook: bool,
    ) -> Mapping[Kind, int]:
        parameters = {
            "identity_ids": [each.identity_id for each in found],
            "kinds": [each.kind for each in found],
            "seen": [each.seen for each in found],
            "updated": [each.version for each in found],
            "ended_ids": [identity_id for identity_id, _ in ended],
            "ended_kinds": [kind for _, kind in ended],
            "read_at": read_at,
            "pass": began_at,
            "found_by": "hook" if by_hook else "sweep",
            "action": "accept" if by_hook else "sweep",
            "limit": STORED,
        }
        return {Kind(each["kind"]): each["unstored"] for each in await rows(self._pool, "doubts_store", parameters)}

    async def tally(self, *, seconds: float) -> list[Row]:
        """The number of `people` by kind and by what decides over them. `seconds`: after these `is_long` is true."""
        return await rows(self._pool, "doubts_tally", {"seconds": seconds})

    async def page(self, after_id: UUID | None, *, limit: int, seconds: float) -> list[Row]:
        """The differences of the next `limit` identities after one."""
        return await rows(self._pool, "doubts_page", {"after_id": after_id, "limit": limit, "seconds": seconds})


def _unlike(found: Row) -> Unlike:
    because = found["because"] and Because(found["because"])
    record = found["email"] and OnRecord(found["email"], found["display_name"], found["newest"], because)
    is_untried, is_dead, has_mailbox = found["is_untried"], found["is_dead"], found["has_mailbox"]
    doubts = zip(map(Kind, found["kinds"] or ()), found["seen"] or (), strict=True)
    return Unlike(
        record or None,
        may_follow=bool(is_untried and not is_dead and not has_mailbox),
        may_have_mailbox=bool(has_mailbox or (record and not is_untried and not is_dead)),
        doubts=dict(doubts),
    )

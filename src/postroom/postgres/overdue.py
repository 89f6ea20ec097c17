"""The port `OverdueRequests`: the fallback poll, and the only look where there is no Redis."""

from postroom.ports import Due, DueEntry, DuePosition
from postroom.postgres.connection import Pool, rows


class PostgresOverdueRequests:
    """`grace` seconds leave Redis the time to remind us first; 0 where there is none.

    Looks take no locks, so a look sees the rows that somebody else has locked, too.
    """

    def __init__(self, pool: Pool, *, grace: float) -> None:
        self._pool = pool
        self._grace = grace

    async def due(self, limit: int, *, after: DuePosition | None) -> Due:
        after_due, after_id = after or (None, None)
        parameters = {"limit": limit, "grace": self._grace, "after_due": after_due, "after_id": after_id}
        found = await rows(self._pool, "overdue", parameters)
        due = [each for each in found if each["identity_id"] is not None]
        last = (due[-1]["due_at"], due[-1]["identity_id"]) if due else None
        return Due([DueEntry(each["identity_id"]) for each in due], found[0]["next_in"] if found else None, last)

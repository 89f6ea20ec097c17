"""The port `OverdueRequests`: the safety look, and the only look where there is no Redis."""

from postroom.ports import Due, Place, Reminder
from postroom.postgres.connection import Pool, rows


class PostgresReminders:
    """`grace` seconds leave Redis the time to remind us first; 0 where there is none.

    Looks take no locks, so a look sees the rows that somebody else has locked, too.
    """

    def __init__(self, pool: Pool, *, grace: float) -> None:
        self._pool = pool
        self._grace = grace

    async def due(self, limit: int, *, after: Place | None) -> Due:
        after_due, after_id = after or (None, None)
        parameters = {"limit": limit, "grace": self._grace, "after_due": after_due, "after_id": after_id}
        found = await rows(self._pool, "overdue", parameters)
        due = [each for each in found if each["identity_id"] is not None]
        last = (due[-1]["due_at"], due[-1]["identity_id"]) if due else None
        return Due([Reminder(each["identity_id"]) for each in due], found[0]["next_in"] if found else None, last)

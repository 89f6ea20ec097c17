"""The port `Reminders` on PostgreSQL: the safety look, and the only look where there is no Redis."""

from postroom.ports import Due, Reminder
from postroom.postgres.connection import Pool, row, rows


class PostgresReminders:
    """`grace` seconds leave Redis the time to remind us first; 0 where there is none."""

    def __init__(self, pool: Pool, *, grace: float) -> None:
        self._pool = pool
        self._grace = grace

    async def due(self, limit: int) -> Due:
        found = await rows(self._pool, "overdue", {"limit": limit, "grace": self._grace})
        following = await row(self._pool, "next_due")
        reminders = [Reminder(each["identity_id"]) for each in found]
        return Due(reminders, following["next_in"] if following else None)

"""The port `OverdueRequests`: the fallback poll, and the only poll without Redis."""

from collections.abc import Sequence

from postroom.domain.request import CREATE_ONLY, RequestStep
from postroom.ports import Due, DueEntry, DuePosition
from postroom.postgres.connection import Pool, rows


class PostgresOverdueRequests:
    """With `grace`, Redis has so many seconds to return a request first; 0 without Redis.

    A poll takes no locks, so it also returns rows that another process has locked. `steps`: those that are claimed.
    """

    def __init__(self, pool: Pool, *, grace: float, steps: Sequence[RequestStep] = CREATE_ONLY) -> None:
        self._pool = pool
        self._parameters = {"grace": grace, "steps": list(steps)}

    async def due(self, limit: int, *, after: DuePosition | None) -> Due:
        after_due, after_id = after or (None, None)
        parameters = {"limit": limit, "after_due": after_due, "after_id": after_id} | self._parameters
        found = await rows(self._pool, "overdue", parameters)
        due = [each for each in found if each["identity_id"] is not None]
        last = (due[-1]["due_at"], due[-1]["identity_id"]) if due else None
        return Due([DueEntry(each["identity_id"]) for each in due], found[0]["next_in"] if found else None, last)

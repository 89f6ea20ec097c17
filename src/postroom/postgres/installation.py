"""The id of this installation, by which two that use one Redis by mistake know what is theirs."""

from collections.abc import Callable
from uuid import UUID, uuid4

from postroom.postgres.connection import Pool, row, the_row

ID = "id"


class PostgresInstallation:
    def __init__(self, pool: Pool, *, new_id: Callable[[], UUID] = uuid4) -> None:
        self._pool = pool
        self._new_id = new_id
        self._id = ""

    async def id(self) -> str:
        """It is drawn and pinned at its first use. Raises `DatabaseUnavailable`, but not once it was read."""
        if not self._id:
            pinned = await row(self._pool, "pin_installation", {"name": ID, "value": str(self._new_id())})
            # None if another process pinned it at the same moment: its commit came after our statement began.
            found = pinned or await the_row(self._pool, "read_installation", {"name": ID})
            self._id = str(found["value"])
        return self._id

    async def pinned_id(self) -> str | None:
        """None before its first use. Raises `DatabaseUnavailable`."""
        if found := await row(self._pool, "read_installation", {"name": ID}):
            self._id = str(found["value"])
        return self._id or None

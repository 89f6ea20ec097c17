"""What is pinned at its first use: the mark domain, and the id of this installation, by which two that use one Redis by
mistake know what is theirs."""

from uuid import uuid4

from postroom.postgres.connection import Pool, Statements, row, the_row

MARK_DOMAIN, ID = "mark_domain", "id"


async def pin(pool: Pool, name: str, value: str) -> str:
    """The value that was used first, which is `value` if none was used before."""
    added = await row(pool, "pin_installation", {"name": name, "value": value})
    # None if another process pinned it at the same moment: its commit came after our statement began.
    return str((added or await the_row(pool, "read_installation", {"name": name}))["value"])


async def pinned_value(pool: Pool, name: str) -> str | None:
    """The value that was used first, None before that."""
    found = await row(pool, "read_installation", {"name": name})
    return str(found["value"]) if found else None


class PostgresInstallation(Statements):
    _id = ""

    async def id(self) -> str:
        """Its id, drawn at its first use. Raises `DatabaseUnavailable`, but not once it was read."""
        self._id = self._id or await pin(self._pool, ID, str(uuid4()))
        return self._id

"""PostgreSQL's tables in one snapshot, and the commits that a fail-over lost."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row

from chaos.database import FailOver
from chaos.evidence import LostCommits, Row
from chaos.history import Event

DIGESTS: LiteralString = "SELECT id::text, md5((to_jsonb(l) - 'made_up')::text) AS digest FROM email_provisioning_log l"
"""A digest of each row of the audit, without the column that a migration adds meanwhile."""

_TABLES: dict[str, LiteralString] = {
    "requests": "SELECT * FROM email_requests",
    "log": "SELECT * FROM email_provisioning_log ORDER BY id",
    "accounts": "SELECT * FROM email_accounts",
    "digests": DIGESTS,
}


async def tables(owner_url: str) -> AsyncIterator[tuple[str, list[Row]]]:
    """Each table with its rows, in one snapshot: a row that changes between two queries would look lost or doubled."""
    async with await psycopg.AsyncConnection.connect(owner_url, connect_timeout=30) as conn:
        await conn.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
        await conn.set_read_only(True)
        for name, query in _TABLES.items():
            rows = await (await conn.cursor(row_factory=dict_row).execute(query)).fetchall()
            yield name, [_plain(row) for row in rows]


def lost_commits(fail_over: FailOver | None, events: Sequence[Event]) -> LostCommits | None:
    """The commits that the fail-over lost, of the identities that `events` name before the replica was promoted."""
    if fail_over is None:
        return None
    named = {event["identity_id"] for event in events if "identity_id" in event and event["t"] < fail_over.promoted_at}
    return LostCommits(fail_over.cut_at, fail_over.promoted_at, frozenset(named) - fail_over.remaining)


def _plain(row: dict[str, Any]) -> Row:
    """The row in the types of JSON."""
    plain = (str, int, float, bool, type(None))
    return {name: value if isinstance(value, plain) else _text(value) for name, value in row.items()}


def _text(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)

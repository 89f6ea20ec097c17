"""What is judged was there at one and the same moment."""

from uuid import uuid4

import psycopg

from chaos.database import FailOver
from chaos.snapshot import lost_commits, tables
from servers import Database


async def test_snapshot_excludes_changes_made_while_the_tables_are_read(database: Database) -> None:
    """If the tables were read one by one, a request that is stored in between would have an audit and no row, as if
    lost."""
    found = {}
    async for name, rows in tables(database.owner_url):
        found[name] = rows
        async with await psycopg.AsyncConnection.connect(database.service_url, autocommit=True) as conn:
            await conn.execute(
                "INSERT INTO email_provisioning_log (kratos_identity_id, action, status, attempt_count)"
                " VALUES (%s, 'sweep', 'done', 0)",
                (uuid4(),),
            )
    assert found == {"requests": [], "log": [], "accounts": [], "digests": []}


def test_lost_commits_are_identities_asked_before_the_fail_over_but_not_on_the_replica() -> None:
    events = [
        {"t": 1, "event": "registered", "identity_id": "kept"},
        {"t": 2, "event": "asked", "identity_id": "forgotten"},
        {"t": 5, "event": "asked", "identity_id": "later"},
    ]
    found = lost_commits(FailOver(cut_at=2, promoted_at=4, remaining=frozenset({"kept"})), events)
    assert found
    assert found.forgotten == {"forgotten"}
    assert lost_commits(None, events) is None

"""What an installation pins at its first use is drawn once, whoever starts first."""

import asyncio

from eventually import eventually
from postroom.postgres.connection import Pool
from postroom.postgres.installation import ID, MARK_DOMAIN, PostgresInstallation, pin, pinned_value
from records import Records


async def test_process_that_starts_at_the_same_moment_as_another_gets_the_value_of_the_first(
    pool: Pool, records: Records
) -> None:
    """Otherwise each would make marks in its own domain, and an identity could get two mailboxes."""

    async def waits() -> bool:
        locks = "FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()"
        return await records.value(f"SELECT count(*) {locks}") == 1

    async with pool.connection() as other, other.transaction():
        await other.execute("INSERT INTO installation (name, value) VALUES ('mark_domain', 'first.example')")
        pinning = asyncio.create_task(pin(pool, MARK_DOMAIN, "second.example"))
        await eventually(waits, "the second process waits for the first")
    assert await pinning == "first.example"


async def test_processes_that_start_together_have_one_id(pool: Pool) -> None:
    started = [PostgresInstallation(pool) for _ in range(8)]
    assert await pinned_value(pool, ID) is None, "nothing is stored by asking"
    ids = {await each for each in asyncio.as_completed([process.id() for process in started])}
    assert len(ids) == 1
    assert {await pinned_value(pool, ID)} == ids

"""The id of an installation is drawn once, whoever starts first."""

import asyncio

from postroom.postgres.connection import Pool
from postroom.postgres.installation import PostgresInstallation


async def test_processes_that_start_together_have_one_id(pool: Pool) -> None:
    started = [PostgresInstallation(pool) for _ in range(8)]
    assert await started[0].pinned_id() is None, "nothing is stored by asking"
    ids = {await each for each in asyncio.as_completed([process.id() for process in started])}
    assert len(ids) == 1
    assert {await PostgresInstallation(pool).pinned_id()} == ids

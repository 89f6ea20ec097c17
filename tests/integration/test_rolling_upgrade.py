"""An upgrade while everything runs: processes of this version and of the next one share a database, as
docs/how-to/install.md tells operators to do it."""

import asyncio
import os
import shutil
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest

from eventually import eventually
from parts import environment
from postroom.postgres.migrate import newest_revision
from postroom_sandbox.loopback import free_port
from records import Records
from servers import Database
from service_process import KEY, ServiceProcess, running
from stalwart_stand_in import StalwartStandIn

SOURCE = Path(__file__).resolve().parents[2] / "src/postroom"
THIS = newest_revision()
NEXT = f"{int(THIS) + 1:04}"
MIGRATION = f"""
from postroom.postgres.migrate import run

revision = "{NEXT}"
down_revision = "{THIS}"


def upgrade() -> None:
    run(__file__)
"""
EXPANSION = f"""
ALTER TABLE email_requests ADD COLUMN of_the_next_version text;
INSERT INTO schema_history (revision, oldest_code) VALUES ('{NEXT}', '{THIS}');
"""  # noqa: S608 - both are numbers of ours


@pytest.fixture
def the_next_version(tmp_path: Path) -> dict[str, str]:
    """A copy of this code with one more migration; returns the variable by which Python takes it."""
    versions = tmp_path / "next/postroom/postgres/migrations/versions"
    shutil.copytree(SOURCE, tmp_path / "next/postroom", ignore=shutil.ignore_patterns("__pycache__", "build"))
    (versions / f"{NEXT}_next.py").write_text(MIGRATION)
    (versions / f"{NEXT}_next.sql").write_text(EXPANSION)
    return {"PYTHONPATH": str(tmp_path / "next")}


async def _migrate(settings: dict[str, str]) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "postroom", "migrate"),
        env={name: value for name, value in os.environ.items() if not name.startswith("POSTROOM_")} | settings,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, output.decode()


class Webhooks:
    """Sends webhooks one after the other to the services that are in the proxy's list, and counts the answers."""

    def __init__(self, stalwart: StalwartStandIn) -> None:
        self.services: list[ServiceProcess] = []
        self.answers: Counter[int] = Counter()
        self._stalwart = stalwart
        self._number = 0

    async def several(self, *, failing: int = 2) -> None:
        """Ten to each service; the mail server fails some creates of them, which are left to the workers."""
        for nth in range(10):
            for service in self.services:
                self._number += 1
                if nth * len(self.services) < failing:
                    # Of this one alone: a worker that retries an earlier one would use up the fault.
                    await self._stalwart.set_fault(kind="fail", word=f"person{self._number}@", count=1)
                self.answers[(await service.hook(f"person{self._number}@example.org")).status_code] += 1


async def test_two_versions_run_at_once_in_an_upgrade_and_the_previous_one_may_return(
    database: Database, redis_url: str, stalwart: StalwartStandIn, records: Records, the_next_version: dict[str, str]
) -> None:
    def settings(**more: object) -> dict[str, str]:
        own = {"webhook_key": KEY, "host": "127.0.0.1", "migrate_database_url": database.owner_url}
        own |= {"delay_factor": 0.02}  # the retries of a minute, in seconds
        return environment(database, redis_url, stalwart, **(own | more))

    def serve() -> dict[str, str]:
        return settings(port=free_port(), worker="false")

    def work() -> dict[str, str]:
        return settings(work_port=free_port())

    async def revisions() -> Counter[tuple[str, str]]:
        return Counter((row["kind"], row["revision"]) for row in await records.rows("SELECT * FROM processes"))

    async def all_provisioned() -> bool:
        return await records.value("SELECT count(*) FROM email_requests WHERE state <> 'provisioned'") == 0

    hooks = Webhooks(stalwart)
    async with running("serve", serve()) as old, running("work", work()) as old_worker:
        await eventually(old.ready, "the service is ready", 30)
        await eventually(old_worker.ready, "the worker is ready", 30)
        hooks.services = [old]
        await hooks.several()

        async with running("serve", serve() | the_next_version) as too_early:
            code, log = await too_early.end()
            assert (code, "run postroom migrate" in log) == (2, True)
        code, output = await _migrate(settings() | the_next_version)
        assert (code, NEXT in output) == (0, True), output
        await hooks.several()

        async with (
            running("serve", serve() | the_next_version) as new,
            running("work", work() | the_next_version) as new_worker,
        ):
            await eventually(new.ready, "the new service is ready", 30)
            await eventually(new_worker.ready, "the new worker is ready", 30)
            hooks.services = [old, new]
            await hooks.several()
            assert await revisions() == {(kind, of): 1 for kind in ("serve", "work") for of in (THIS, NEXT)}
            await eventually(all_provisioned, "both versions together leave nothing", 30)

            hooks.services = [new]
            assert (await old.end(signal.SIGTERM))[0] == (await old_worker.end(signal.SIGTERM))[0] == 0
            await hooks.several()
            await eventually(all_provisioned, "the new version leaves nothing", 30)

            # And back: the code of before runs on the schema of after, but does not migrate it.
            code, output = await _migrate(settings())
            assert (code, "update Postroom" in output) == (2, True), output
            async with running("serve", serve()) as old_again, running("work", work()) as old_worker_again:
                await eventually(old_again.ready, "the previous version is ready again", 30)
                await eventually(old_worker_again.ready, "its worker is ready again", 30)
                hooks.services = [old_again]
                assert (await new.end(signal.SIGTERM))[0] == (await new_worker.end(signal.SIGTERM))[0] == 0
                await hooks.several()
                await eventually(all_provisioned, "the previous version leaves nothing", 30)

    # 500 is "will retry": of the creates that the mail server failed.
    assert hooks.answers.keys() == {200, 500}
    assert hooks.answers[500] == 5 * 2
    marks = [mark for account in await stalwart.accounts() for mark in account["marks"]]
    assert len(marks) == len(set(marks)) == hooks.answers.total()

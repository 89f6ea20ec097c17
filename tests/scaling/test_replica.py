"""The configured server is a replica: it accepts no writes, and every command says so."""

from pathlib import Path

import pytest

from commands import Commands
from eventually import eventually
from parts import environment
from scaling.postgres_pair import postgres_pair
from servers import Database

HOSTS = ("127.0.0.2", "127.0.0.3")

pytestmark = pytest.mark.allow_hosts(["127.0.0.1", *HOSTS])


async def test_each_command_reports_in_one_line_that_postgresql_is_a_replica(tmp_path: Path) -> None:
    async with postgres_pair(tmp_path, HOSTS, synchronous=False) as pair:
        replica = Database("postroom", pair.replica.owner_url, pair.replica.service_url)
        postroom = Commands(environment(replica, None, None, migrate_database_url=replica.owner_url))

        async def check_reports_it() -> bool:
            findings = await postroom.json("check", code=1)
            assert "it takes no writes: it is a replica" in str(findings)
            return ("schema", "ok") in {(each["part"], each["state"]) for each in findings}

        await eventually(check_reports_it, "check to report it, once the replica has replayed the migration")
        assert "it takes no writes: it is a replica" in await postroom("status")
        for command in ("pause --reason x", "migrate"):
            message = await postroom(*command.split(), code=2)
            assert message.startswith("postroom: ")
            assert "read-only transaction" in message
            assert message.count("\n") == 1

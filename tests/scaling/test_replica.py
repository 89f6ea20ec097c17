"""A replica alone, where the primary was meant: nothing can be written, and everybody says so."""

from pathlib import Path

import pytest

from commands import Commands
from eventually import eventually
from parts import environment
from scaling.postgres_pair import postgres_pair
from servers import Database

HOSTS = ("127.0.0.2", "127.0.0.3")

pytestmark = pytest.mark.allow_hosts(["127.0.0.1", *HOSTS])


async def test_that_the_server_is_a_replica_is_told_by_each_command_in_one_line(tmp_path: Path) -> None:
    async with postgres_pair(tmp_path, HOSTS, synchronous=False) as pair:
        replica = Database("postroom", pair.replica.owner_url, pair.replica.service_url)
        postroom = Commands(environment(replica, None, None, migrate_database_url=replica.owner_url))

        async def has_followed() -> bool:
            findings = await postroom.json("check", code=1)
            assert "it takes no writes: it is a replica" in str(findings)
            return ("schema", "ok") in {(each["part"], each["state"]) for each in findings}

        await eventually(has_followed, "the schema on the replica")
        assert "it takes no writes: it is a replica" in await postroom("status")
        for words in ("pause --reason x", "migrate"):
            told = await postroom(*words.split(), code=2)
            assert told.startswith("postroom: ")
            assert "read-only transaction" in told
            assert told.count("\n") == 1

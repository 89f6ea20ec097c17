"""Commands that show and move the sweep, and what they show of those whom it refused."""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest

from parts import NOBODY_THERE, environment
from postroom.domain.identity import Refusal
from postroom.postgres.connection import Pool
from postroom.postgres.refusals import PostgresRefusals
from postroom.postgres.sweep import PostgresSwept
from records import NOWHERE, Records
from servers import Database


@dataclass
class Commands:
    """Runs `postroom …` as an operator would."""

    environment: dict[str, str]

    async def __call__(self, *words: str, code: int = 0, **more: str) -> str:
        """What it printed, its errors if it ended with one."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "postroom",
            *words,
            env=os.environ | {"COLUMNS": "300"} | self.environment | more,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, errors = await process.communicate()
        assert process.returncode == code, errors.decode()
        return (out if code == 0 else errors).decode()

    async def json(self, *words: str) -> Any:
        return json.loads(await self(*words, "--json"))


@pytest.fixture
def postroom(database: Database) -> Commands:
    return Commands(environment(database, None, None, kratos_admin_url=NOBODY_THERE))


@pytest.fixture
async def refused(pool: Pool) -> UUID:
    identity_id = uuid4()
    email = "Adm\x1b[31min\u202e+[red]x[/]@example.org"
    refusal = Refusal(identity_id, email, "unsafe_local_part", "the name may hold only letters")
    await PostgresRefusals(pool).record([refusal], NOWHERE)
    return identity_id


async def test_a_sweep_is_shown_hastened_and_begun_anew(postroom: Commands, pool: Pool, records: Records) -> None:
    swept = PostgresSwept(pool)
    await swept.store([], after=None, token=None, due_in=300)
    shown = await postroom.json("sweep")
    assert (shown["under_way"], shown["token"]) == (False, None)
    assert shown["due_in"] > 290
    assert shown["finished_at"]
    assert "next pass: in 5 min" in await postroom("sweep")
    assert (await postroom.json("sweep", "--now"))["due_in"] <= 0
    await swept.store([], after=None, token="0a", due_in=300)
    shown = await postroom.json("sweep", "--now")
    assert (shown["under_way"], shown["token"]) == (True, "0a")
    assert shown["due_in"] <= 0
    assert (await postroom.json("sweep", "--restart"))["token"] is None
    assert await records.value("SELECT due_at <= now() AND token IS NULL FROM identity_sweep")


async def test_a_sweep_that_is_not_configured_is_one_line_and_code_2(postroom: Commands) -> None:
    told = await postroom("sweep", "--now", code=2, POSTROOM_KRATOS_ADMIN_URL="")
    assert told == "postroom: no sweep is configured; set POSTROOM_KRATOS_ADMIN_URL to Kratos' admin API\n"


async def test_status_shows_the_sweep_and_who_was_refused(postroom: Commands, refused: UUID) -> None:
    status = await postroom.json("status")
    assert status["sweep"]["finished_at"] is None
    assert status["refused"]["total"] == 1
    (last,) = status["refused"]["last"]
    assert (last["identity_id"], last["code"]) == (str(refused), "unsafe_local_part")
    assert last["email"] == "Adm\x1b[31min\u202e+[red]x[/]@example.org"
    told = await postroom("status")
    assert "no pass has ended yet" in told
    assert r"Adm\x1b[31min\u202e+[red]x[/]@example.org" in told
    assert "\x1b" not in told


async def test_log_knows_a_refused_identity_by_its_id_and_by_the_address_as_it_was_sent(
    postroom: Commands, refused: UUID
) -> None:
    for who in (str(refused), " adm\x1b[31MIN\u202e+[red]x[/]@example.org"):
        found = await postroom.json("log", who)
        assert found["request"] is None
        (entry,) = found["log"]
        assert (entry["action"], entry["code"]) == ("refuse", "unsafe_local_part")
    told = await postroom("log", str(refused))
    assert "unsafe_local_part the name may hold only letters" in told


async def test_a_refused_identity_cannot_be_retried_and_the_reason_is_told(postroom: Commands, refused: UUID) -> None:
    told = await postroom("retry", str(refused), code=2)
    assert told == (
        f"postroom: no request for {refused}: refused as unsafe_local_part (the name may hold only letters)\n"
    )


async def test_an_identity_of_which_nothing_is_known_is_one_line_and_code_2(postroom: Commands) -> None:
    unknown = str(uuid4())
    assert unknown in await postroom("log", unknown, code=2)
    assert "nobody@example.org" in await postroom("log", "nobody@example.org", code=2)

"""The first mistakes of an operator: each causes one line with its fix, in the command that detects it."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from psycopg.conninfo import make_conninfo

from eventually import eventually
from parts import environment
from postroom_sandbox.embedded_postgres import OWNER_ROLE, EmbeddedPostgres
from postroom_sandbox.loopback import free_port
from servers import Database, _as_admin, _url_for
from service_process import KEY, running
from stalwart_stand_in import StalwartStandIn, stalwart_stand_in


@pytest.fixture
async def stalwart(tmp_path: Path) -> AsyncIterator[StalwartStandIn]:
    async with stalwart_stand_in(tmp_path, domains=["example.org"]) as server:
        yield server


@pytest.fixture
async def empty(postgres_server: EmbeddedPostgres) -> AsyncIterator[Database]:
    """A database without a schema."""
    name = "test_empty"
    await _as_admin(postgres_server, "CREATE DATABASE {} OWNER {}", name, OWNER_ROLE)
    yield Database(name, _url_for(postgres_server.owner_url, name), _url_for(postgres_server.service_url, name))
    await _as_admin(postgres_server, "DROP DATABASE {} WITH (FORCE)", name)


def settings_for(database: Database, stalwart: StalwartStandIn | None, **more: object) -> dict[str, str]:
    return environment(
        database, None, stalwart, **{"host": "127.0.0.1", "port": free_port(), "webhook_key": KEY} | more
    )


async def run(settings: Mapping[str, str], *words: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a separate process."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("POSTROOM_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "postroom", *words),
        env=others | dict(settings),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await asyncio.wait_for(process.communicate(), 40)
    return process.returncode or 0, output.decode(), errors.decode()


async def refused(settings: Mapping[str, str], *words: str) -> str:
    """The one line with which a command fails."""
    code, output, errors = await run(settings, *words)
    assert (code, output) == (2, "")
    assert errors.startswith("postroom: ")
    assert errors.count("\n") == 1, errors
    return errors.removeprefix("postroom: ").strip()


async def cannot_run(settings: Mapping[str, str]) -> dict[str, str]:
    """The one line in the log of `postroom serve` that is not merely informational."""
    code, output, log = await run(settings, "serve")
    assert (code, output) == (2, "")
    (line,) = [line for line in map(json.loads, log.splitlines()) if line["level"] != "info"]
    assert line["event"] == "Cannot run"
    return line


async def errors_of(settings: Mapping[str, str], *more: str) -> list[dict[str, Any]]:
    """The rows of `postroom check` that are errors, except the one about the missing fsync of the tests' PostgreSQL."""
    code, output, _ = await run(settings, "check", "--json", *more)
    assert code == 1
    return [each for each in json.loads(output) if each["state"] == "error" and "fsync" not in each["details"]]


async def test_a_database_that_was_not_migrated(empty: Database, stalwart: StalwartStandIn) -> None:
    settings = settings_for(empty, stalwart)
    line = await cannot_run(settings)
    assert (line["error"], line["fix"]) == ("the database is empty: it was not migrated yet", "run postroom migrate")
    for command in (["status"], ["log", "alice@example.org"]):
        assert await refused(settings, *command) == f"{line['error']}; {line['fix']}"
    (row,) = await errors_of(settings)
    assert (row["part"], row["details"], row["fix"]) == ("schema", line["error"], line["fix"])


async def test_a_wrong_password_of_postgresql(database: Database, stalwart: StalwartStandIn) -> None:
    settings = settings_for(database, stalwart, database_url=make_conninfo(database.service_url, password="s3cret"))
    line = await cannot_run(settings)
    assert 'password authentication failed for user "postroom"' in line["error"]
    assert line["fix"] == "correct the password, or the user, in POSTROOM_DATABASE_URL"
    assert await refused(settings, "status") == f"{line['error']}; {line['fix']}"
    (row,) = await errors_of(settings)
    assert (row["part"], row["details"], row["fix"]) == ("database", line["error"], line["fix"])
    assert "s3cret" not in str(line)


async def test_a_wrong_key_of_stalwart(database: Database, stalwart: StalwartStandIn) -> None:
    settings = settings_for(database, stalwart, stalwart_api_key="API_another-key")
    fix = "correct POSTROOM_STALWART_API_KEY"
    (row,) = await errors_of(settings)
    assert (row["part"], row["fix"]) == ("mail server", fix)
    assert "does not know our key" in row["details"]
    code, output, _ = await run(settings, "status", "--json")
    assert code == 0
    assert row in json.loads(output)["parts"]
    code, output, _ = await run(settings, "resume")
    assert code == 1
    assert output.endswith(f"does not know our key (401); {fix}\n")
    async with running("serve", settings) as service:
        await eventually(service.live, "the service", 20)
        assert (await service.hook("alice@example.org")).status_code == 500
        line = json.loads((await service.says("an operator must act")).splitlines()[-1])
        assert (line["error"], line["fix"]) == (row["details"].partition(": ")[2], fix)
        await service.end(signal.SIGTERM)


async def test_a_misspelt_setting_that_is_required(database: Database, stalwart: StalwartStandIn) -> None:
    settings = settings_for(database, stalwart)
    settings["POSTROOM_DOMAIN"] = settings.pop("POSTROOM_DOMAINS")
    for command in ("serve", "status", "migrate"):
        line = await refused(settings, command)
        assert line.startswith("POSTROOM_DOMAINS is not set (")
        assert line.endswith("; unknown setting: POSTROOM_DOMAIN (did you mean POSTROOM_DOMAINS?)")
    (row,) = await errors_of(settings)
    assert (row["part"], row["fix"]) == ("settings", "set POSTROOM_DOMAINS")


async def test_a_misspelt_setting_that_is_not_required(database: Database, stalwart: StalwartStandIn) -> None:
    settings = settings_for(database, stalwart) | {"POSTROOM_PASE": "5"}
    line = "unknown setting: POSTROOM_PASE (did you mean POSTROOM_PACE?)"
    for command in (["status"], ["migrate"], ["pause", "--reason", "x"]):
        _, _, errors = await run(settings, *command)
        assert errors.splitlines()[0] == f"postroom: {line}", command
    _, output, _ = await run(settings, "check", "--json")
    assert {
        "part": "settings",
        "state": "warning",
        "details": line,
        "fix": "rename it to POSTROOM_PACE, or remove it",
    } in json.loads(output)
    async with running("serve", settings) as service:
        logged = json.loads((await service.says("Unknown setting")).splitlines()[-1])
        assert (logged["level"], logged["name"], logged["meant"]) == ("warning", "POSTROOM_PASE", "POSTROOM_PACE")
        code, log = await service.end(signal.SIGTERM)
    assert code == 0
    assert "POSTROOM_PASE" not in log


async def test_all_wrong_values_are_named_at_once(tmp_path: Path) -> None:
    settings = {
        "POSTROOM_DATABASE_URL": "postgresql://postroom@127.0.0.1:9/postroom",
        "POSTROOM_STALWART_URL": "mail.example.org",
        "POSTROOM_PORT": "abc",
        "POSTROOM_STALWART_API_KEY_FILE": str(tmp_path / "missing"),
    }
    rows = await errors_of(settings)
    details = [each["details"] for each in rows if each["part"] == "settings"]
    assert [each.partition(" ")[0].rstrip(":") for each in details] == [
        "POSTROOM_STALWART_API_KEY_FILE",
        "POSTROOM_STALWART_URL",
        "POSTROOM_WEBHOOK_KEY",
        "POSTROOM_DOMAINS",
        "POSTROOM_PORT",
    ]
    assert await refused(settings, "serve") == "; ".join(details)
    (database,) = [each for each in rows if each["part"] != "settings"]  # correct values are checked nevertheless
    assert database["details"].endswith("port 9 failed: Connection refused")

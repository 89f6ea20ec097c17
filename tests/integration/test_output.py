"""The output of a command suits its reader: a terminal, a pipe or a program."""

import asyncio
import re
import signal
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from commands import Commands
from parts import environment
from postroom.domain.request import Failed, after_attempt
from postroom.errors import Permanent
from postroom.postgres.requests import PostgresRequests
from pseudo_terminal import shown_on_terminal
from records import mailbox, running
from relay import relay_to
from servers import Database

ADDRESS = "somebody.with.a.long.name.of.many.parts@example.org"
REASON = "mail server refused the mailbox (forbidden): the name is not allowed by the policy of this server"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
async def settings(database: Database, requests: PostgresRequests) -> dict[str, str]:
    """The settings of a service that has a dead letter."""
    await dead_letter(requests, ADDRESS.partition("@")[0])
    return environment(database, None, None)


async def dead_letter(requests: PostgresRequests, name: str) -> None:
    request = await running(requests, mailbox(name))
    await requests.settle(request, after_attempt(request, Failed(Permanent(REASON))), None)


async def test_piped_output_has_an_address_and_its_whole_row_on_one_line(settings: dict[str, str]) -> None:
    printed = await Commands(settings)("status", COLUMNS="40", FORCE_COLOR="1")
    (row,) = [line.split("\t") for line in printed.splitlines() if ADDRESS in line]
    assert re.fullmatch(r"now|\d s ago", row.pop(2))
    assert row == ["dead", ADDRESS, REASON, "fix what the mail server names, then postroom retry"]
    assert not re.search("[\x1b…│┃─━]", printed)


@pytest.mark.parametrize("columns", [60, 80])
async def test_status_cuts_nothing_on_a_narrow_terminal(settings: dict[str, str], columns: int) -> None:
    shown, code = await asyncio.to_thread(shown_on_terminal, "status", columns=columns, environment=settings)
    lines = COLOURS.sub("", shown).splitlines()
    assert (code, max(map(len, lines)) <= columns) == (0, True), shown
    assert "…" not in shown
    assert ADDRESS in "".join(line.split("│")[1].strip() if "│" in line else line.strip() for line in lines)
    assert re.search(r"now|\d s ago", shown)


async def test_ctrl_c_ends_watch_mode_with_130_and_no_traceback(settings: dict[str, str]) -> None:
    shown, code = await asyncio.to_thread(
        shown_on_terminal, "status", "--watch", columns=80, environment=settings, interrupt_at="Parts"
    )
    assert (code, "Traceback" in shown) == (130, False), shown


async def test_watch_mode_continues_when_postgresql_is_back(
    settings: dict[str, str], database: Database, requests: PostgresRequests
) -> None:
    port = urlsplit(database.service_url).port
    assert port
    async with relay_to(port) as relay:
        variables = settings | {"POSTROOM_DATABASE_URL": database.service_url.replace(f":{port}/", f":{relay.port}/")}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "postroom", "status", "--watch", "--interval", "0.1"),
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout
        assert process.stderr
        await process.stdout.readuntil(b"1 dead\n")
        await relay.stop()
        assert b"PostgreSQL cannot be reached" in await process.stderr.readline()
        await dead_letter(requests, "bob")
        await relay.start()
        await process.stdout.readuntil(b"2 dead\n")
        process.send_signal(signal.SIGINT)
        errors = (await process.communicate())[1].decode().splitlines()
        assert process.returncode == 130
        assert all(line.startswith("postroom: 2") for line in errors)


async def test_json_status_has_integer_counts_and_null_for_unknown_values(settings: dict[str, str]) -> None:
    status = await Commands(settings).json("status")
    counts = {name: value for name, value in status["counts"].items() if not name.endswith("_seconds")}
    assert counts["requests_dead"] == 1
    assert {type(value) for value in counts.values()} == {int}
    assert (status["breaker"]["error"], status["sweep"]) == (None, None)

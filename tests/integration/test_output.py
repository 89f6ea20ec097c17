"""The output of a command suits its reader: a terminal, a pipe or a program."""

import asyncio
import re

import pytest

from commands import Commands
from parts import environment
from postroom.errors import Permanent
from postroom.postgres.requests import PostgresRequests
from pseudo_terminal import shown_on_terminal
from records import failed
from servers import Database

ADDRESS = "somebody.with.a.long.name.of.many.parts@example.org"
REASON = "mail server refused the mailbox (forbidden): the name is not allowed by the policy of this server"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
async def settings(database: Database, requests: PostgresRequests) -> dict[str, str]:
    """The settings of a service that has a dead letter."""
    await failed(requests, ADDRESS.partition("@")[0], Permanent(REASON))
    return environment(database, None, None)


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


async def test_json_status_has_integer_counts_and_null_for_unknown_values(settings: dict[str, str]) -> None:
    status = await Commands(settings).json("status")
    counts = {name: value for name, value in status["counts"].items() if not name.endswith("_seconds")}
    assert counts["requests_dead"] == 1
    assert {type(value) for value in counts.values()} == {int}
    assert (status["breaker"]["error"], status["sweep"]) == (None, None)

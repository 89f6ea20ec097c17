"""What a command prints fits what it prints to: a terminal, a pipe, a program."""

import asyncio
import re

import pytest

from commands import Commands
from parts import environment
from postroom.domain.request import Failed, after_attempt
from postroom.errors import Permanent
from postroom.postgres.requests import PostgresRequests
from pseudo_terminal import shown_on_terminal
from records import mailbox, running
from servers import Database

ADDRESS = "somebody.with.a.long.name.of.many.parts@example.org"
REASON = "mail server refused the mailbox (forbidden): the name is not allowed by the policy of this server"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
async def settings(database: Database, requests: PostgresRequests) -> dict[str, str]:
    """Those of a service that has a dead letter."""
    request = await running(requests, mailbox(ADDRESS.partition("@")[0]))
    await requests.settle(request, after_attempt(request, Failed(Permanent(REASON))), None)
    return environment(database, None, None)


async def test_in_a_pipe_grep_finds_an_address_with_all_that_its_row_says(settings: dict[str, str]) -> None:
    printed = await Commands(settings)("status", COLUMNS="40", FORCE_COLOR="1")
    (row,) = [line.split("\t") for line in printed.splitlines() if ADDRESS in line]
    assert re.fullmatch(r"\d s ago", row.pop(2))
    assert row == ["dead", ADDRESS, REASON, "fix what the mail server names, then postroom retry"]
    assert not re.search("[\x1b…│┃─━]", printed)


@pytest.mark.parametrize("columns", [60, 80])
async def test_on_a_narrow_terminal_nothing_is_cut(settings: dict[str, str], columns: int) -> None:
    shown, code = await asyncio.to_thread(shown_on_terminal, "status", columns=columns, environment=settings)
    lines = COLOURS.sub("", shown).splitlines()
    assert (code, max(map(len, lines)) <= columns) == (0, True), shown
    assert "…" not in shown
    assert ADDRESS in "".join(line.split("│")[1].strip() if "│" in line else line.strip() for line in lines)
    assert re.search(r"\d s ago", shown)


async def test_ctrl_c_ends_a_watch_as_it_ends_other_tools(settings: dict[str, str]) -> None:
    shown, code = await asyncio.to_thread(
        shown_on_terminal, "status", "--watch", columns=80, environment=settings, interrupt_at="Parts"
    )
    assert (code, "Traceback" in shown) == (130, False), shown


async def test_counts_are_integers_and_what_is_not_known_is_null(settings: dict[str, str]) -> None:
    status = await Commands(settings).json("status")
    whole = {name: value for name, value in status["counts"].items() if not name.endswith("_seconds")}
    assert whole["requests_dead"] == 1
    assert {type(value) for value in whole.values()} == {int}
    assert (status["breaker"]["error"], status["sweep"]) == (None, None)

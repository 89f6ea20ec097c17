"""`--watch`: the output is redrawn on a terminal, and printed block after block in a pipe."""

import io
import json
import re

import pytest
from rich.console import Console

from postroom.cli import watch as module
from postroom.cli.watch import Show, watch
from postroom.errors import DatabaseUnavailable

AWAY = DatabaseUnavailable("PostgreSQL cannot be reached: Connection refused")
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


class End(Exception):
    """What Ctrl-C does."""


def showing(*passes: str | Exception) -> Show:
    following = iter([*passes, End()])

    async def show(console: Console) -> None:
        found = next(following)
        if isinstance(found, Exception):
            raise found
        console.out(found, highlight=False)

    return show


async def watched(*passes: str | Exception, as_json: bool = False) -> None:
    with pytest.raises(End):
        await watch(showing(*passes), seconds=0, as_json=as_json)


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """A terminal of 6 lines."""
    file = io.StringIO()
    console = Console(file=file, width=80, height=6, force_terminal=True, _environ={"TERM": "xterm"})
    monkeypatch.setattr(module, "out", lambda: console)
    return file


async def test_piped_watch_blocks_begin_with_their_time(capsys: pytest.CaptureFixture[str]) -> None:
    await watched("1 waiting\n2 dead", "0 waiting")
    assert re.fullmatch(rf"{TIME}\n1 waiting\n2 dead\n\n{TIME}\n0 waiting\n\n", capsys.readouterr().out)


async def test_json_watch_prints_one_document_per_line(capsys: pytest.CaptureFixture[str]) -> None:
    await watched('{"dead": 1}', '{"dead": 2}', as_json=True)
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [{"dead": 1}, {"dead": 2}]


@pytest.mark.parametrize("as_json", [False, True])
async def test_database_outage_prints_one_line_on_standard_error_and_the_watch_continues(
    capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    await watched("{}", AWAY, "{}", as_json=as_json)
    written = capsys.readouterr()
    assert re.fullmatch(rf"postroom: {TIME} {AWAY}; trying again in 0 s\n", written.err)
    assert written.out.count("{}") == 2


async def test_watch_ends_if_the_database_is_unavailable_at_the_start() -> None:
    with pytest.raises(DatabaseUnavailable):
        await watch(showing(AWAY), seconds=0, as_json=False)


async def test_terminal_watch_replaces_the_last_output_with_the_newest(screen: io.StringIO) -> None:
    await watched("one\ntwo", AWAY, "three")
    first, gone, second = [part.replace("\x1b[K", "") for part in screen.getvalue().split("\x1b[H")[1:]]
    assert re.fullmatch(rf"{TIME}, every 0 s until Ctrl-C\n\none\ntwo\n\x1b\[J", first)
    assert re.fullmatch(rf"{TIME} {AWAY}; trying again in 0 s\n\x1b\[J", gone)
    assert "three\n\x1b[J" in second


async def test_watch_counts_the_lines_that_do_not_fit_the_terminal(screen: io.StringIO) -> None:
    await watched("\n".join("abcdef"))
    shown = screen.getvalue().replace("\x1b[K", "").splitlines()
    assert shown[2:] == ["a", "b", "4 more lines do not fit on this terminal", "\x1b[J"]

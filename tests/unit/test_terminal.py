"""What strangers wrote is shown as what it is: it neither steers a terminal nor passes for our own words."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from postroom.cli.terminal import out, print_rows, shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Zoë 李 @example.org", "Zoë 李 @example.org"),
        ("\x1b[2Jalice\n", r"\x1b[2Jalice\n"),
        ("al\x00ice\x7f", r"al\x00ice\x7f"),
        ("alice\u202egro.elpmaxe@", r"alice\u202egro.elpmaxe@"),
        ("al\u200bice\u2028\u2066", r"al\u200bice\u2028\u2066"),
        ("\U000e0041", r"\U000e0041"),
        ("\ud800", r"\ud800"),
    ],
)
def test_what_is_not_seen_as_itself_is_escaped(text: str, expected: str) -> None:
    assert shown(text) == expected


@given(st.text(st.characters()))
def test_whatever_is_shown_is_printable(text: str) -> None:
    assert shown(text).isprintable()


def test_a_cell_is_no_markup() -> None:
    out = io.StringIO()
    cells = ["[red]x[/] [link=https://evil.example]y[/link] [/nonsense]", Text("fine", style="green")]
    print_rows(Console(file=out, width=200), "Title", ("a", "b"), [cells])
    assert cells[0] in out.getvalue()


def test_what_is_too_long_for_its_column_is_folded_and_not_cut() -> None:
    written = io.StringIO()
    identity = "d57dace9-8069-4d35-8771-10eb00b16fbb"
    print_rows(Console(file=written, width=40), "", ("identity", "reason"), [[identity, "the name is reserved " * 3]])
    assert "…" not in written.getvalue()
    first_column = "".join(line.split("│")[1].strip() for line in written.getvalue().splitlines() if "│" in line)
    assert first_column == identity


def test_in_a_pipe_a_row_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    reason = "mail server answered 500 " * 9
    print_rows(out(), "", ("email", "reason"), [["alice@example.org", reason]])
    assert reason.strip() in capsys.readouterr().out

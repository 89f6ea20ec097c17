"""Tables and sentences: complete on any terminal, one line for each row in a pipe, and safe with untrusted text."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from postroom.cli.control_characters import escape_control
from postroom.cli.terminal import ago, fixed, out, print_rows, print_sentence

IDENTITY = "d57dace9-8069-4d35-8771-10eb00b16fbb"
ADDRESS = "somebody.with.a.long.name.of.many.parts@example.org"
REASON = "the name is reserved; choose another one " * 3
COLUMNS = (fixed("due"), "email", "reason", "identity")
ROW = ("in 119 min", ADDRESS, REASON, IDENTITY)


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
def test_control_and_invisible_characters_are_escaped(text: str, expected: str) -> None:
    assert escape_control(text) == expected


@given(st.text(st.characters()))
def test_escaped_text_is_printable(text: str) -> None:
    assert escape_control(text).isprintable()


def drawn(width: int, *rows: tuple[str | Text, ...]) -> str:
    """The output on a terminal of so many columns, without colours."""
    written = io.StringIO()
    console = Console(file=written, width=width, force_terminal=True, no_color=True, color_system=None)
    print_rows(console, "Title", COLUMNS, rows)
    return written.getvalue()


def test_table_cells_render_no_markup_and_no_control_characters() -> None:
    markup = "[red]x[/] [link=https://evil.example]y[/link] [/nonsense]"
    shown = drawn(200, (markup, "\x1b[2J", Text("a\nb\x1b[1m"), "a\tb"))
    assert markup in shown
    assert "\x1b" not in shown
    assert [cell.strip() for cell in shown.splitlines()[4].split("│")[2:5]] == [r"\x1b[2J", r"a\nb\x1b[1m", r"a\tb"]


@pytest.mark.parametrize("width", range(30, 200, 7))
def test_table_cuts_nothing_and_fits_the_terminal_at_any_width(width: int) -> None:
    lines = drawn(width, ROW, ROW).splitlines()
    assert max(map(len, lines)) <= width
    text = "".join(char for line in lines for char in line if not char.isspace())
    assert "…" not in text
    assert sum(line.count("in 119 min") for line in lines) == 2
    if "┃" in text:
        cells = ["".join(line.split("│")[n].strip() for line in lines if "│" in line) for n in (1, 2, 4)]
        assert cells == [cell * 2 for cell in ("in 119 min", ADDRESS, IDENTITY)]
    else:
        assert text.count(ADDRESS) == text.count(IDENTITY) == 2


@pytest.mark.parametrize(("width", "has_box"), [(100, True), (80, True), (60, False)])
def test_terminal_too_narrow_for_the_table_shows_each_row_vertically(width: int, has_box: bool) -> None:
    row = ("in 2 min", "alice@example.org", "mail server answered 500", IDENTITY)
    lines = [line.rstrip() for line in drawn(width, row).splitlines()]
    assert ("┃" in lines[2]) == has_box
    if not has_box:
        assert lines == [
            "Title",
            "  due       in 2 min",
            "  email     alice@example.org",
            "  reason    mail server answered 500",
            f"  identity  {IDENTITY}",
        ]


def test_piped_row_is_one_line_of_tab_separated_cells(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("FORCE_COLOR", "1")
    print_rows(out(), "Title", COLUMNS, [ROW, ("-", "\x1b[2Jx\t\n@y", Text("[red]wrong", style="red"), "")])
    assert capsys.readouterr().out.splitlines() == [
        "due\temail\treason\tidentity",
        "\t".join(ROW),
        "-\t\\x1b[2Jx\\t\\n@y\t[red]wrong\t",
    ]


def test_piped_lines_name_their_table_if_there_are_several(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(out(), "Dead letters", ("email", "reason"), [("alice@example.org", "why")], name="dead")
    assert capsys.readouterr().out == "dead\temail\treason\ndead\talice@example.org\twhy\n"


def test_piped_sentence_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    print_sentence(out(), REASON + "\x1b[2J [red] :smile:\n", "red")
    assert capsys.readouterr().out == REASON + r"\x1b[2J [red] :smile:\n" + "\n"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.4, "now"),
        (-0.4, "now"),
        (119, "in 119 s"),
        (121, "in 2 min"),
        (-7000, "117 min ago"),
        (-7300, "2 h ago"),
        (-9e5, "10 days ago"),
    ],
)
def test_time_is_printed_relative_to_now(seconds: float, expected: str) -> None:
    assert ago(datetime.now(UTC) + timedelta(seconds=seconds)) == expected

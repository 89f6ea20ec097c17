"""`--watch`: the same output again and again, until Ctrl-C."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import typer
from rich.console import Console

from postroom.cli.control_characters import escape_control
from postroom.cli.terminal import out
from postroom.errors import DatabaseUnavailable

Show = Callable[[Console], Awaitable[None]]

_HOME = "\x1b[H"
_CLEAR_LINE = "\x1b[K"
_CLEAR_BELOW = "\x1b[J"


async def watch(show: Show, *, seconds: float, as_json: bool) -> None:
    """Print the output of `show` every so many seconds: redrawn in place on a terminal, otherwise one block after
    another. Raises an error of the first pass; later, an unavailable database is one line of output."""
    begun = False
    while True:
        console = out()
        redraws = not as_json and console.is_terminal and not console.is_dumb_terminal
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        try:
            text = await _captured(show, console)
        except DatabaseUnavailable as error:
            if not begun:
                raise
            problem = f"{now} {escape_control(error.with_fix)}; trying again in {seconds:g} s"
            if redraws:
                _redraw(console, problem)
            else:
                typer.echo(f"postroom: {problem}", err=True)
        else:
            if redraws:
                _redraw(console, f"{now}, every {seconds:g} s until Ctrl-C\n\n{text}")
            else:
                _write(console, text if as_json else f"{now}\n{text}\n")
        begun = True
        await asyncio.sleep(seconds)


async def _captured(show: Show, console: Console) -> str:
    """The complete output, before any of it is shown: a screen that is half old and half new misleads."""
    with console.capture() as captured:
        await show(console)
    return captured.get()


def _redraw(console: Console, text: str) -> None:
    """Draw from the top of the screen. Lines that do not fit are counted: a screen that scrolls cannot be watched."""
    lines, room = text.splitlines(), console.height - 1
    if len(lines) > room:
        lines[room - 1 :] = [f"{len(lines) - room + 1} more lines do not fit on this terminal"]
    _write(console, _HOME + "".join(f"{line}{_CLEAR_LINE}\n" for line in lines) + _CLEAR_BELOW)


def _write(console: Console, text: str) -> None:
    console.file.write(text)
    console.file.flush()

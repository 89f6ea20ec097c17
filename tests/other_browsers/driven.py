"""What the tests need of any browser: a page, a keyboard, a pointer. Firefox and WebKitGTK speak different protocols."""

from pathlib import Path
from typing import Any, Protocol

FIND = (Path(__file__).parent / "find.js").read_text()


class Driven(Protocol):
    """One browser with one page. Every call ends within `CALL_SECONDS`, or raises TimeoutError."""

    name: str

    async def open(self, url: str) -> None:
        """Load it, and wait for its load event."""
        ...

    async def reload(self) -> None: ...

    async def run(self, body: str) -> Any:
        """The result of the body of an async function in the page, as JSON has it. Raises `PageError`."""
        ...

    async def run_framed(self, body: str) -> Any:
        """The same in the document of the page's last frame."""
        ...

    async def keys(self, *keys: str) -> None:
        """Press and release each: a character, or a name of WebDriver's keyboard (`KEYS`); `Shift+x` holds the first."""
        ...

    async def click_at(self, x: float, y: float) -> None: ...

    async def give_files(self, selector: str, *files: Path) -> None: ...

    async def resize(self, width: int, height: int) -> None:
        """Of what the page has."""
        ...


CALL_SECONDS = 30.0


class PageError(Exception):
    """A script of the test failed in the page."""


# WebDriver §17.4.2
KEYS = {
    "Enter": "\ue007",
    "Escape": "\ue00c",
    "Tab": "\ue004",
    "Backspace": "\ue003",
    "Shift": "\ue008",
    "Control": "\ue009",
    "ArrowDown": "\ue015",
    "ArrowUp": "\ue013",
}


def key_actions(keys: tuple[str, ...]) -> list[dict[str, Any]]:
    """The ticks of WebDriver's keyboard."""
    ticks: list[dict[str, Any]] = []
    for each in keys:
        *held, last = [each] if each == "+" else each.split("+")
        values = [KEYS.get(name, name) for name in (*held, last)]
        ticks += [{"type": "keyDown", "value": value} for value in values]
        ticks += [{"type": "keyUp", "value": value} for value in reversed(values)]
    return ticks


def click_actions(x: float, y: float) -> list[dict[str, Any]]:
    return [
        {"type": "pointerMove", "x": round(x), "y": round(y), "duration": 0},
        {"type": "pointerDown", "button": 0},
        {"type": "pointerUp", "button": 0},
    ]

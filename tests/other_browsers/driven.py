"""What the tests need of any browser: a page, a keyboard, a pointer. Firefox and WebKitGTK speak two protocols."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Protocol

CALL_SECONDS = 30.0
"""of a call of a browser, however slow the machine is"""
START_SECONDS = 60.0
PHONE = (390, 844)
FRAMES = "article iframe"
"""of messages; another one waits for the next message"""

Actions = list[dict[str, Any]]


class Driven(Protocol):
    """One browser with one page. Each call ends within `patience` seconds. Raises `Lost`."""

    name: str
    patience: float

    async def open(self, url: str) -> None:
        """Load it, and wait for its load event. If nobody answers: `PageError`, or a page that says so."""
        ...

    async def reload(self) -> None:
        """As `open`."""
        ...

    async def run(self, body: str) -> Any:
        """The result of the body of an async function in the page, as JSON has it. Raises `PageError`."""
        ...

    async def run_framed(self, body: str) -> Any:
        """The same in the document of the last message that has a frame. Raises `PageError` if there is none."""
        ...

    async def logged(self) -> list[str]:
        """The errors that its pages logged since this was asked last, also what a policy blocked. WebKit tells none."""
        ...

    async def keys(self, *keys: str) -> None:
        """Press and release each: a character, or a name of `KEYS`; `Control+x` holds the first."""
        ...

    async def click_at(self, x: float, y: float) -> None: ...

    async def give_files(self, selector: str, *files: Path) -> None: ...

    def phone(self, url: str) -> AbstractAsyncContextManager[None]:
        """The page is that address, in a window of the size of a phone. Afterwards it is as wide as before."""
        ...


class PageError(Exception):
    """A script of the test failed in the page, or the page could not be loaded."""


class Lost(Exception):
    """The browser ended, or its page hangs: nothing more can be done with it. The text says which."""


# WebDriver §17.4.2
KEYS = {
    "Enter": "\ue007",
    "Escape": "\ue00c",
    "Backspace": "\ue003",
    "Control": "\ue009",
}


def key_actions(keys: tuple[str, ...]) -> Actions:
    """The ticks of WebDriver's keyboard."""
    ticks: Actions = []
    for each in keys:
        *held, last = [each] if each == "+" else each.split("+")
        values = [KEYS.get(name, name) for name in (*held, last)]
        ticks += [{"type": "keyDown", "value": value} for value in values]
        ticks += [{"type": "keyUp", "value": value} for value in reversed(values)]
    return ticks


def click_actions(x: float, y: float) -> Actions:
    return [
        {"type": "pointerMove", "x": round(x), "y": round(y), "duration": 0},
        {"type": "pointerDown", "button": 0},
        {"type": "pointerUp", "button": 0},
    ]

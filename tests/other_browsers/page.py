"""A person at the interface, in a browser that Playwright does not drive."""

import json
from pathlib import Path
from typing import Any

from chaos.proxy import FaultProxy
from eventually import eventually
from kratos_servers import PASSWORD
from other_browsers.driven import Driven, PageError

WITHIN = 20.0
WELCOME = "Welcome to your new mailbox"
_FIND = (Path(__file__).parent / "find.js").read_text()


class OtherPage:
    """`network` is what all of the browser's connections go through."""

    def __init__(self, browser: Driven, network: FaultProxy, origin: str, name: str) -> None:
        self.browser = browser
        self.network = network
        self.origin = origin
        self.email = f"{name}@example.org"

    async def open(self, path: str) -> None:
        await self.browser.open(self.origin + path)

    async def find(self, expression: str) -> Any:
        """The result of an expression of find.js."""
        return await self.browser.run(f"{_FIND}\nreturn {expression}")

    async def _found(self, expression: str) -> Any:
        try:
            return await self.find(expression)
        except PageError:
            return None  # of a document that is being left

    async def holds(self, expression: str, what: str) -> None:
        await eventually(lambda: self._found(expression), f"{self.browser.name}: {what}", WITHIN)

    async def holds_framed(self, expression: str, what: str) -> None:
        """In the document of the last message that has a frame."""

        async def is_true() -> bool:
            try:
                return bool(await self.browser.run_framed(f"return {expression}"))
            except PageError:
                return False  # there is no frame yet, or another one takes its place

        await eventually(is_true, f"{self.browser.name}: {what}", WITHIN)

    async def sees(self, text: str) -> None:
        await self.holds(f"document.body.innerText.includes({json.dumps(text)})", f"the page shows {text!r}")

    async def has(self, role: str, name: str) -> None:
        await self.holds(f"{_all(role, name)}.length > 0", f"there is a {role} {name!r}")

    async def lacks(self, role: str, name: str) -> None:
        await self.holds(f"{_all(role, name)}.length === 0", f"there is no {role} {name!r}")

    async def has_focus(self, role: str, name: str) -> None:
        is_there = f"{_all(role, name)}.includes(document.activeElement)"
        await self.holds(is_there, f"the focus is on the {role} {name!r}")

    async def is_at(self, path: str) -> None:
        await self.holds(f"location.pathname.startsWith({json.dumps(path)})", f"it is at {path}")

    async def press(self, role: str, name: str) -> None:
        """Click in its middle, once it stays where it is and nothing covers it."""
        seen: list[list[float] | None] = [None]

        async def stays() -> bool:
            seen.append(await self._found(f"placeOf({_all(role, name)}[0])"))
            return seen[-1] is not None and seen[-1] == seen[-2]

        await eventually(stays, f"{self.browser.name}: the {role} {name!r} can be pressed", WITHIN)
        place = seen[-1]
        assert place
        await self.browser.click_at(*place)

    async def keys(self, *keys: str) -> None:
        await self.browser.keys(*keys)

    async def type(self, text: str) -> None:
        await self.browser.keys(*text)

    async def fill(self, label: str, text: str) -> None:
        await self.press("textbox", label)
        await self.type(text)

    async def sign_up(self) -> None:
        await self.open("/sign-up")
        await self._says_who()
        await self.is_at("/mail")
        await self.has("gridcell", WELCOME)

    async def sign_in(self) -> None:
        await self.is_at("/sign-in")
        await self._says_who()
        await self.is_at("/mail")

    async def _says_who(self) -> None:
        await self.fill("Address", self.email)
        await self.fill("Password", PASSWORD)
        await self.keys("Enter")

    async def reload(self) -> None:
        await self.browser.reload()

    async def attach(self, *files: Path) -> None:
        await self.browser.give_files("[role=dialog] input[type=file]:not([accept])", *files)

    async def shown(self) -> str:
        """For a test that fails."""
        return await self.find("`${location.href}\n${document.body.innerText}`")


def _all(role: str, name: str) -> str:
    return f"all({json.dumps(role)}, {json.dumps(name)})"

"""A person at the interface, in a browser that Playwright does not drive."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from eventually import eventually
from kratos_servers import PASSWORD
from other_browsers.driven import FIND, Driven, PageError

WITHIN = 20.0


class OtherPage:
    def __init__(self, browser: Driven, origin: str, name: str) -> None:
        self.browser = browser
        self.origin = origin
        self.email = f"{name}@example.org"

    async def open(self, path: str) -> None:
        await self.browser.open(self.origin + path)

    async def find(self, expression: str) -> Any:
        """The result of an expression of find.js."""
        return await self.browser.run(f"{FIND}\nreturn {expression}")

    async def holds(self, expression: str, what: str) -> None:
        async def is_true() -> bool:
            try:
                return bool(await self.find(expression))
            except PageError:
                return False  # of a document that is being left

        await eventually(is_true, f"{self.browser.name}: {what}", WITHIN)

    async def sees(self, text: str) -> None:
        await self.holds(f"document.body.innerText.includes({json.dumps(text)})", f"the page shows {text!r}")

    async def has(self, role: str, name: str, *, exact: bool = False) -> None:
        await self.holds(f"{_all(role, name, exact)}.length > 0", f"there is a {role} {name!r}")

    async def lacks(self, role: str, name: str) -> None:
        await self.holds(f"{_all(role, name, False)}.length === 0", f"there is no {role} {name!r}")

    async def press(self, role: str, name: str, *, exact: bool = True) -> None:
        """Click in its middle, once it is there and nothing covers it."""
        place = (
            f"(() => {{ const [found] = {_all(role, name, exact)}; if (!found) return null;"
            " found.scrollIntoView({ block: 'nearest' });"
            " const { x, y, width, height } = found.getBoundingClientRect();"
            " const [left, top] = [x + width / 2, y + height / 2];"
            " const hit = document.elementFromPoint(left, top);"
            " return hit && (found.contains(hit) || hit.contains(found)) ? [left, top] : null })()"
        )
        await self.holds(place, f"the {role} {name!r} can be pressed")
        await self.browser.click_at(*await self.find(place))

    async def type(self, text: str) -> None:
        await self.browser.keys(*text)

    async def fill(self, label: str, text: str) -> None:
        await self.press("textbox", label)
        await self.type(text)

    async def has_focus(self, selector: str) -> None:
        await self.holds(f"document.activeElement?.matches({json.dumps(selector)})", f"the focus is on {selector}")

    async def is_at(self, path: str) -> None:
        await self.holds(f"location.pathname === {json.dumps(path)}", f"it is at {path}")

    async def path(self) -> str:
        return urlsplit(await self.find("location.href")).path

    async def sign_up(self) -> None:
        await self.open("/sign-up")
        await self.fill("Address", self.email)
        await self.fill("Password", PASSWORD)
        await self.browser.keys("Enter")
        await self.is_at("/mail")
        await self.has("gridcell", "Welcome to your new mailbox")

    async def attach(self, *files: Path) -> None:
        await self.browser.give_files("[role=dialog] input[type=file]", *files)


def _all(role: str, name: str, exact: bool) -> str:
    return f"all({json.dumps(role)}, {json.dumps(name)}, {json.dumps(exact)})"

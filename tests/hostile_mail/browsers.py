"""Each browser with the page that shows mails, for what differs between them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from playwright.async_api import Page

from chromium import chromium
from other_browsers.browsers import BROWSERS as OTHERS
from other_browsers.browsers import started
from relay import relay_to

BROWSERS = ("Chromium", *OTHERS)


class Runs(Protocol):
    """The result of the body of an async function, as JSON has it."""

    async def run(self, body: str) -> Any:
        """In the page."""
        ...

    async def run_framed(self, body: str) -> Any:
        """In its last frame."""
        ...


class _Chromium:
    def __init__(self, page: Page) -> None:
        self._page = page

    async def run(self, body: str) -> Any:
        return await self._page.evaluate(f"async () => {{ {body} }}")

    async def run_framed(self, body: str) -> Any:
        return await self._page.frames[-1].evaluate(f"async () => {{ {body} }}")


@asynccontextmanager
async def opened(name: str, origin: str, profile: Path) -> AsyncIterator[Runs]:
    if name == "Chromium":
        async with chromium() as browser:
            page = await browser.new_page()
            await page.goto(origin)
            yield _Chromium(page)
        return
    port = urlsplit(origin).port
    assert port
    async with relay_to(port) as network, started(name, profile, network.port) as driven:
        await driven.open(origin)
        yield driven

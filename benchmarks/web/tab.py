"""The mail page in a browser, which says when something was painted."""

import time
from collections.abc import AsyncIterator, Set
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from playwright.async_api import Browser, BrowserContext, CDPSession, Page

from benchmarks.trial import Trial

SCRIPT = Path(__file__).with_name("painted.js")
SIZE: Any = {"width": 1440, "height": 2300}
"""High enough for 50 rows: the list holds only rows in view, and a few around them."""

PASSWORD = uuid4().hex


class Tab:
    def __init__(self, page: Page) -> None:
        self.page = page
        self._offset = 0.0

    async def run(self, script: str, argument: object = None) -> Any:
        return await self.page.evaluate(script, argument)

    async def list_painted(self) -> float:
        """When 50 rows were painted, in ms since the navigation started."""
        return await self.run("() => bench.listed")

    async def awaited(self) -> Any:
        return await self.run("() => bench.awaited()")

    async def answered(self, path: str) -> float:
        """When the first answer of this path arrived, in ms since the navigation started. Waits for it."""
        await self.page.wait_for_function("path => Number.isFinite(bench.answered(path))", arg=path)
        return await self.run("path => bench.answered(path)", path)

    async def synchronize(self) -> None:
        """Compare the page's clock with `time.perf_counter`, by the fastest of some questions."""
        fastest = float("inf")
        for _ in range(30):
            asked = time.perf_counter()
            at = await self.run("() => bench.now()")
            took = time.perf_counter() - asked
            if took < fastest:
                fastest, self._offset = took, asked + took / 2 - at / 1000

    def moment(self, at: float) -> float:
        """Turn a time of the page into one of `time.perf_counter`."""
        return self._offset + at / 1000


@asynccontextmanager
async def tab(browser: Browser, cookies: Any = None) -> AsyncIterator[Tab]:
    """A tab in a browser that has never been here. `cookies`: those of somebody who is signed in."""
    async with await browser.new_context(locale="en-GB", viewport=SIZE) as context:
        context.set_default_timeout(60_000)
        await context.add_init_script(path=SCRIPT)
        if cookies:
            await context.add_cookies(cookies)
        yield Tab(await context.new_page())


async def sign_up(page: Page, trial: Trial, email: str) -> list[Any]:
    """Register and wait for the mailbox; return the cookies."""
    await page.goto(f"{trial.environment['POSTROOM_URL']}/sign-up")
    await page.get_by_role("textbox", name="Address", exact=True).fill(email)
    await page.get_by_role("textbox", name="Password", exact=True).fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(lambda url: urlsplit(url).path.startswith("/mail"))
    return await page.context.cookies()


class Traffic:
    """What a page loads: the paths, and the octets over the wire."""

    def __init__(self) -> None:
        self._paths: dict[str, str] = {}
        self._octets: dict[str, float] = {}

    async def watch(self, context: BrowserContext, page: Page) -> CDPSession:
        session = await context.new_cdp_session(page)
        session.on("Network.requestWillBeSent", self._asked)
        session.on("Network.loadingFinished", self._finished)
        await session.send("Network.enable")
        return session

    def _asked(self, event: dict[str, Any]) -> None:
        self._paths[event["requestId"]] = urlsplit(event["request"]["url"]).path

    def _finished(self, event: dict[str, Any]) -> None:
        self._octets[event["requestId"]] = event["encodedDataLength"]

    @property
    def paths(self) -> set[str]:
        return set(self._paths.values())

    def octets(self, paths: Set[str]) -> int:
        """With the headers."""
        return round(sum(octets for request, octets in self._octets.items() if self._paths[request] in paths))

"""A person at the interface of a trial, in a browser of their own."""

import asyncio
import os
import random
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol
from urllib.parse import urlsplit

from playwright.async_api import Browser, ConsoleMessage, Locator, Page, Request, Route, expect

from axe import violations
from eventually import eventually
from kratos_servers import PASSWORD

expect.set_options(timeout=20_000)  # however many other tests run beside

LATE = float(os.environ.get("POSTROOM_TESTS_LATE", "0"))
"""Seconds by which each script may come late: what a page needs may not be there yet when a person acts."""


class Running(Protocol):
    """A trial, or anything else that has the interface at POSTROOM_URL."""

    @property
    def environment(self) -> Mapping[str, str]: ...


class MailPage:
    def __init__(self, up: Running, page: Page, name: str) -> None:
        self.page = page
        self.email = f"{name}@example.org"
        self.url = up.environment["POSTROOM_URL"]
        self.documents: list[str] = []
        """every page that was loaded: one for the whole thread, if nothing is reloaded"""
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._said)
        page.on("request", self._requested)

    def _said(self, said: ConsoleMessage) -> None:
        if "Content Security" in said.text or "Trusted" in said.text:
            self.errors.append(said.text)

    def _requested(self, request: Request) -> None:
        if request.is_navigation_request() and request.frame == self.page.main_frame:
            self.documents.append(request.url)

    async def open(self, path: str) -> None:
        await self.page.goto(self.url + path)

    async def sign_up(self, name: str = "") -> None:
        await self.open("/sign-up")
        if name:
            await self.page.get_by_role("textbox", name="Name", exact=True).fill(name)
        await self.page.get_by_role("textbox", name="Address", exact=True).fill(self.email)
        await self.page.get_by_role("textbox", name="Password", exact=True).fill(PASSWORD)
        await self.page.keyboard.press("Enter")

    async def sign_up_and_wait(self) -> None:
        """Until the first mail is there."""
        await self.sign_up()
        await self.is_at("/mail")
        await expect(self.row("Welcome to your new mailbox")).to_be_visible()

    async def sign_in(self) -> None:
        await self.open("/sign-in")
        await self.page.get_by_role("textbox", name="Address", exact=True).fill(self.email)
        await self.page.get_by_role("textbox", name="Password", exact=True).fill(PASSWORD)
        await self.page.keyboard.press("Enter")

    async def is_at(self, path: str, within: float = 15) -> None:
        """`within`: seconds, more where an attempt of the service must come first."""
        await self.page.wait_for_url(lambda url: urlsplit(url).path == path, timeout=within * 1_000)

    async def is_at_conversation(self) -> None:
        await self.page.wait_for_url(lambda url: urlsplit(url).path.count("/") == 3)

    def text(self, text: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_text(text).first

    def row(self, text: str) -> Locator:
        return self.page.get_by_role("gridcell").filter(has_text=text)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def message(self, text: str) -> Locator:
        return self.page.get_by_role("article").filter(has_text=text)

    def framed(self, text: str) -> Locator:
        """In the last message that has a frame, as one with formats has."""
        return self.page.locator("article iframe").last.content_frame.get_by_text(text)

    async def focused(self) -> str:
        """The role and the name of what has the focus."""
        return await self.page.evaluate(
            "() => { const e = document.activeElement;"
            " return `${e.getAttribute('role') ?? e.tagName} ${e.getAttribute('aria-label') ?? e.textContent.trim()}` }"
        )

    async def expect_focus(self, role_and_name: str) -> None:
        """A view that has just come takes the focus a moment later."""

        async def has() -> bool:
            return role_and_name in await self.focused()

        await eventually(has, f"the focus on {role_and_name}")

    async def loses_the_network(self) -> None:
        """Once the frame that waits for a mail has loaded: Chromium fills a frame whose loading it must end with a page
        of its own, and reports that our policy blocks the styles of that page."""
        await expect(self.page.locator("body > iframe")).to_have_count(1)
        await eventually(lambda: self.page.frames[1].evaluate("Boolean(port)"), "a spare frame is ready")
        await self.page.context.set_offline(True)

    async def expect_no_violations(self) -> None:
        assert await violations(self.page) == []


async def _comes_late(script: Route) -> None:
    await asyncio.sleep(random.uniform(0, LATE))
    await script.continue_()


@asynccontextmanager
async def mail_page(up: Running, browser: Browser, name: str, **context: Any) -> AsyncIterator[MailPage]:
    """Afterwards: no script failed, and the policy blocked nothing. A test that fails says what the page showed.
    The interface is not kept: what a service worker asks for, Playwright does not route."""
    usual = {"locale": "en-GB", "viewport": WIDE, "service_workers": "block"}
    async with await browser.new_context(**(usual | context)) as own:
        own.set_default_timeout(15_000)
        if LATE:
            await own.route(re.compile(r"\.js$"), _comes_late)
        page = MailPage(up, await own.new_page(), name)
        try:
            yield page
        except Exception as failure:  # whatever it is: it is raised again, with what the page showed
            if not page.page.is_closed():
                shown = await page.page.locator("body").aria_snapshot()
                failure.add_note(f"{page.email} saw at {page.page.url}:\n{shown}")
            raise
        assert page.errors == [], page.errors


WIDE = {"width": 1440, "height": 900}
NARROW = {"width": 390, "height": 844}

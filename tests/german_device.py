"""A device of a person who reads German: a browser with a profile of its own, and all that it told its person."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, ConsoleMessage, Locator, Page, Playwright, expect

from chromium import chromium_path, needed_flags
from mail_page import MailPage, Running
from writing_page import Window

# Tells what the live region says, whenever that changes.
_LISTEN = """
  let said = ''
  new MutationObserver(() => {
    const text = document.querySelector('[role="status"]')?.textContent.trim() ?? ''
    if (text !== said && text) window.hears(text)
    said = text
  }).observe(document, { subtree: true, childList: true, characterData: true })
"""
_SENTENCE = re.compile(r"(?<=[.!?…])\s+")

_HINTS = {"Rückgängig mit Z", "Vorgemerkt", "Wird erledigt, sobald Sie online sind"}
"""What is said with each of several actions."""

NETWORK = re.compile(
    r"^Failed to load resource: (net::ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE"
    r"|INCOMPLETE_CHUNKED_ENCODING|INTERNET_DISCONNECTED|FAILED|SOCKET_NOT_CONNECTED)"
    r"|the server responded with a status of 50[234] )"
)
"""What a browser itself says while a server is away."""


@dataclass
class Console:
    """Errors and warnings. While a server is `away`, the browser may say that nobody answers."""

    away: bool = False
    said: list[str] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.said.append(f"thrown: {error}"))

    def _said(self, said: ConsoleMessage) -> None:
        if said.type not in ("error", "warning") or (self.away and NETWORK.match(said.text)):
            return
        self.said.append(f"{said.type}: {said.text} ({said.location['url']})")


class Device(MailPage):
    """`sentences` has each sentence of its notices, in order."""

    def __init__(self, up: Running, page: Page, person: str, name: str) -> None:
        super().__init__(up, page, person)
        self.name = name
        self.console = Console()
        self.sentences: list[str] = []
        self.console.listen(page)

    def hears(self, text: str) -> None:
        heard = [sentence.rstrip(".\xa0") for sentence in _SENTENCE.split(text)]
        self.sentences += [sentence for sentence in heard if sentence not in _HINTS]

    @property
    def context(self) -> BrowserContext:
        return self.page.context

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)

    async def type(self, text: str) -> None:
        await self.page.keyboard.type(text)

    def named(self, role: Any, name: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_role(role, name=name, exact=isinstance(name, str))

    async def taken_up(self) -> None:
        """The person comes back to it: what another device changed is not announced, and asked for then. Where the
        focus or the pointer is, no row moves."""
        await self.page.mouse.move(0, 0)
        await self.page.evaluate("document.activeElement?.blur()")
        await self.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    async def says(self, text: str | re.Pattern[str]) -> None:
        region = self.page.get_by_role("region", name="Hinweise")
        await expect(region.get_by_text(text).first).to_be_visible()

    async def has_said_all(self) -> None:
        """Sentences wait for each other."""
        await expect(self.page.get_by_role("status").first).to_have_text("")

    async def rows(self) -> list[str]:
        """The names of the rows, as a screen reader reads them."""
        return await self.page.locator('[role="gridcell"] > .visually-hidden').all_text_contents()


class GermanWindow(Window):
    """A window of writing."""

    @property
    def text(self) -> Locator:
        return self.field("Nachricht")

    def named(self, subject: str) -> "GermanWindow":
        return GermanWindow(self.of, subject)

    async def is_saved(self) -> None:
        await expect(self.box.get_by_text(re.compile(r"^Gespeichert \d\d:\d\d$"))).to_be_visible()

    async def is_kept(self) -> None:
        await expect(self.box.get_by_text("Auf diesem Gerät gespeichert", exact=True).first).to_be_visible()


async def begin(at: Device, to: str, subject: str, text: str) -> GermanWindow:
    """Write a new message."""
    await at.button("Schreiben").first.click()
    window = GermanWindow(at, "Neue Nachricht")
    await expect(window.field("An")).to_be_focused()
    await at.type(f"{to},")
    await window.field("Betreff").click()
    await at.type(subject)
    window = window.named(subject)
    await window.text.click()
    await at.type(text)
    return window


@asynccontextmanager
async def device(
    playwright: Playwright, profile: Path, up: Running, person: str, **context: Any
) -> AsyncIterator[Device]:
    """The profile is the browser's own, so a service worker keeps the interface there."""
    browser = await playwright.chromium.launch_persistent_context(
        profile, executable_path=chromium_path(), args=needed_flags(), locale="de-DE", **context
    )
    browser.set_default_timeout(15_000)
    page = browser.pages[0]
    opened = Device(up, page, person, profile.name)
    await browser.expose_function("hears", opened.hears)
    await browser.add_init_script(_LISTEN)
    try:
        yield opened
    finally:
        await browser.close()

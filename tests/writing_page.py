"""A window in which a person writes a message, in Chromium."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, Locator, expect

from mail_page import MailPage, mail_page
from mail_person import Person
from newcomer import newcomer
from trial import Trial


class Window:
    """The window whose subject is `subject`."""

    def __init__(self, of: MailPage, subject: str = "New message") -> None:
        self.of = of
        self.page = of.page
        self.box = of.page.get_by_role("dialog", name=subject, exact=True)

    def named(self, subject: str) -> "Window":
        return Window(self.of, subject)

    def field(self, name: str) -> Locator:
        fields = self.box.get_by_role("textbox", name=name, exact=True)
        return fields.or_(self.box.get_by_role("combobox", name=name, exact=True))

    @property
    def text(self) -> Locator:
        return self.field("Message")

    def button(self, name: str) -> Locator:
        return self.box.get_by_role("button", name=name, exact=True)

    async def tab_to(self, target: Locator) -> None:
        """As somebody without a mouse goes there; within a toolbar, by the arrows."""
        toolbar = target.locator("xpath=ancestor::*[@role='toolbar']")
        stop = toolbar if await toolbar.count() else target
        await self._press("Tab", stop)
        await self._press("ArrowRight", target)

    async def _press(self, key: str, until: Locator) -> None:
        for _ in range(25):
            if await until.evaluate("e => e.contains(document.activeElement)"):
                return
            await self.page.keyboard.press(key)
        await expect(until).to_be_focused(timeout=1)

    async def is_saved(self) -> None:
        """The mail server has all that was typed."""
        await expect(self.box.get_by_text(re.compile(r"^Saved \d\d:\d\d$"))).to_be_visible()

    async def is_kept(self) -> None:
        await expect(self.box.get_by_text("Kept on this device", exact=True).first).to_be_visible()

    async def is_gone(self) -> None:
        await expect(self.box).to_have_count(0)

    async def send(self) -> None:
        await self.page.keyboard.press("Control+Enter")
        await self.is_gone()


async def begin(alice: MailPage, to: Sequence[str], subject: str, text: str) -> Window:
    """Write a new message, by keyboard alone."""
    keyboard = alice.page.keyboard
    await keyboard.press("c")
    window = Window(alice)
    await expect(window.field("To")).to_be_focused()
    for address in to:
        await keyboard.type(f"{address},")
    await window.tab_to(window.field("Subject"))
    await keyboard.type(subject)
    window = window.named(subject)
    await window.tab_to(window.text)
    await keyboard.type(text)
    return window


@asynccontextmanager
async def writer(
    up: Trial, browser: Browser, name: str, *, can_undo: bool = True, **context: Any
) -> AsyncIterator[tuple[MailPage, Person]]:
    """Somebody at their mail in a browser, and the same person at another program. What they send leaves after 12 s, or
    at once if they chose that nothing can be undone."""
    async with newcomer(up.environment, name) as owner, mail_page(up, browser, name, **context) as alice:
        person = await owner.mail()
        if not can_undo:
            choices = {"preferences": {"undoSeconds": [0, 1]}}
            stored = await owner.http.put("/api/settings", json=choices, headers={"If-None-Match": "*"})
            assert stored.status_code == 204, stored.text
        await alice.sign_in()
        await alice.is_at("/mail")
        await expect(alice.row("Welcome to your new mailbox")).to_be_visible()
        yield alice, person


@asynccontextmanager
async def reader(up: Trial, name: str) -> AsyncIterator[Person]:
    """Somebody to write to."""
    async with newcomer(up.environment, name) as somebody:
        yield await somebody.mail()

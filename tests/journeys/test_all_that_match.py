"""One action on all 3,000 conversations of a folder, in Chromium: its progress, a stop in the middle, undo, its end."""

import asyncio
from typing import Any

from playwright.async_api import Browser, Request, Route, expect

from eventually import eventually
from filled_inbox import fill_inbox
from mail_page import MailPage
from mail_person import Person
from trial import Trial
from writing_page import writer

ORDERS = 3_000
ALL = ORDERS + 1
"""With the welcome."""
SHOWN = f"{ALL:,}"


class Parts:
    """Lets the parts of an action reach the mail server one by one."""

    def __init__(self, alice: MailPage) -> None:
        self.sent = 0
        self._alice = alice
        self._go = asyncio.Semaphore(0)

    async def begin(self) -> None:
        await self._alice.page.route("**/jmap/", self._hold)

    def let_all_pass(self) -> None:
        for _ in range(2 * ORDERS):
            self._go.release()

    def let_one_pass(self) -> None:
        self._go.release()

    async def _hold(self, route: Route, request: Request) -> None:
        if any(name == "Email/set" for name, *_ in (request.post_data_json or {})["methodCalls"]):
            self.sent += 1
            await self._go.acquire()
        await route.continue_()


async def are_in(other: Person, inbox: int, archive: int) -> None:
    """The interface shows what it asked for before the mail server has done it."""

    async def is_done() -> bool:
        return (await emails_in(other, "inbox"), await emails_in(other, "archive")) == (inbox, archive)

    await eventually(is_done, f"{inbox} in the inbox and {archive} in the archive")


async def emails_in(other: Person, role: str) -> int:
    boxes: list[Any] = (await other.call("Mailbox/get", ids=None))["list"]
    return sum(box["totalEmails"] for box in boxes if box["role"] == role)


async def archive_all(alice: MailPage) -> None:
    await alice.page.get_by_role("checkbox", name="Select").click()
    await alice.button(f"Select all {SHOWN}").click()
    await expect(alice.text(f"All {SHOWN} selected")).to_be_visible()
    await alice.page.keyboard.press("e")


async def has_rows(alice: MailPage, count: int) -> None:
    await expect(alice.page.get_by_role("grid")).to_have_attribute("aria-rowcount", str(count))


async def test_3000_conversations_are_archived_with_progress_which_can_be_stopped_and_undone(
    up: Trial, browser: Browser
) -> None:
    async with writer(up, browser, "all.alice") as (alice, other):
        await fill_inbox(up, alice.email, ORDERS)
        await alice.page.reload()
        await expect(alice.row(f"Order {ORDERS}").first).to_be_visible()
        await has_rows(alice, ALL)
        parts = Parts(alice)
        await parts.begin()
        await archive_all(alice)
        parts.let_one_pass()
        await expect(alice.text(f"Archiving: 500 of {SHOWN}")).to_be_visible()
        await eventually(lambda: parts.sent == 2, "the second part is sent")
        # The second part is with the mail server, and cannot be called back.
        await alice.button("Stop").click()
        await expect(alice.text(f"Stopped. 1,000 of {SHOWN} are done.")).to_be_visible()
        parts.let_all_pass()
        await has_rows(alice, ALL - 1_000)
        await are_in(other, ALL - 1_000, 1_000)
        await alice.page.keyboard.press("z")
        await has_rows(alice, ALL)
        await expect(alice.row(f"Order {ORDERS}").first).to_be_visible()
        await are_in(other, ALL, 0)
        await archive_all(alice)
        await expect(alice.text(f"{SHOWN} messages archived")).to_be_visible()
        await expect(alice.text("Nothing left to do")).to_be_visible()
        await are_in(other, 0, ALL)

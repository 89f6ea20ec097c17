"""Five tabs of one person: they share a connection, and hear the same."""

import asyncio
import re
import time
from urllib.parse import urlsplit

from playwright.async_api import Browser, Page, Request, expect

from eventually import eventually
from filled_inbox import fill_inbox
from mail_page import MailPage, mail_page
from newcomer import newcomer
from sent_changes import SentChanges
from trial import Trial

DOTTED = re.compile("^data:image/svg")
HAND_OVER = 1.0
"""Seconds; measured 0.1, of which most is the browser closing the tab."""


class Connections:
    """When each tab asked for live events."""

    def __init__(self) -> None:
        self.asked: list[tuple[Page, float]] = []

    def watch(self, page: Page) -> None:
        def requested(request: Request) -> None:
            if urlsplit(request.url).path == "/api/live":
                self.asked.append((page, time.monotonic()))

        page.on("request", requested)


async def deliver(up: Trial, to: MailPage, subject: str) -> None:
    await up.postroom("sandbox", "deliver", to.email, "--from", to.email, "--subject", subject)


async def all_show(tabs: list[MailPage], subject: str, unread: int) -> None:
    """The mail, the same number in all titles, and a dot in all icons."""
    for tab in tabs:
        await expect(tab.row(subject)).to_be_visible()
        await expect(tab.page).to_have_title(f"({unread}) Inbox \N{EN DASH} {tab.email}")
        await expect(tab.page.locator('link[rel="icon"]')).to_have_attribute("href", DOTTED)


async def further_tab(up: Trial, first: MailPage, connections: Connections | None = None) -> MailPage:
    tab = MailPage(up, await first.page.context.new_page(), first.email.partition("@")[0])
    if connections:
        connections.watch(tab.page)
    await tab.open("/mail")
    await expect(tab.button("Live")).to_be_visible()
    return tab


async def test_five_tabs_have_one_connection_and_hear_new_mail_after_the_leading_one_is_closed(
    up: Trial, browser: Browser
) -> None:
    async with mail_page(up, browser, "five.alice") as alice:
        await alice.sign_up_and_wait()
        await expect(alice.button("Live")).to_be_visible()
        connections = Connections()
        tabs = [alice, *[await further_tab(up, alice, connections) for _ in range(4)]]
        assert connections.asked == []
        await deliver(up, alice, "To all five")
        await all_show(tabs, "To all five", 2)
        closed = time.monotonic()
        await alice.page.close()
        while not connections.asked:
            assert time.monotonic() < closed + 20
            await asyncio.sleep(0.005)
        await deliver(up, alice, "To the other four")
        await all_show(tabs[1:], "To the other four", 3)
        assert len(connections.asked) == 1
        assert connections.asked[0][1] - closed < HAND_OVER
        assert [error for tab in tabs for error in tab.errors] == []


async def test_an_action_is_seen_in_all_tabs_and_sent_once_though_its_own_tab_is_closed_at_once(
    up: Trial, browser: Browser
) -> None:
    async with newcomer(up.environment, "acts.alice") as owner, mail_page(up, browser, "acts.alice") as alice:
        other = await owner.mail()
        await fill_inbox(up, owner.email, 3)
        await alice.sign_in()
        await expect(alice.button("Live")).to_be_visible()
        tabs = [alice, *[await further_tab(up, alice) for _ in range(4)]]
        sent = SentChanges(alice.page.context)
        # The commands load with the reader, once the browser is idle.
        await expect(tabs[2].text("Press J and K to move")).to_be_visible()
        await tabs[2].page.keyboard.press("j")
        await tabs[2].page.keyboard.press("j")
        await expect(tabs[2].row("Order 3")).to_be_focused()
        await tabs[2].page.keyboard.press("e")
        await expect(tabs[2].text("Conversation archived")).to_be_visible()
        await tabs[2].page.close()
        tabs.remove(tabs[2])
        for tab in tabs:
            await expect(tab.row("Order 3")).to_have_count(0)
            await expect(tab.row("Order 2")).to_be_visible()
        (archived,) = await other.query(filter={"subject": "Order 3"})

        async def is_archived() -> bool:
            (archive,) = await other.query("Mailbox", filter={"role": "archive"}) or [""]
            return (await other.get("Email", archived, properties=["mailboxIds"]))["mailboxIds"] == {archive: True}

        await eventually(is_archived, "the mail server has what the closed tab did")
        for tab in tabs:
            await tab.page.bring_to_front()
            await expect(tab.page.get_by_role("treeitem", name="Archive")).to_be_visible()
        await eventually(lambda: len(sent.times()) > 0, "the browser has the response")
        assert sent.times() == {archived: 1}
        assert [error for tab in tabs for error in tab.errors] == []

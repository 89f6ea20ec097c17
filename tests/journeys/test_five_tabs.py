"""Five tabs of one person: they share a connection, and hear the same."""

import re
from collections import Counter
from urllib.parse import urlsplit

from playwright.async_api import Browser, expect

from eventually import eventually
from mail_page import MailPage, mail_page
from newcomer import newcomer
from sent_changes import SentChanges
from trial import Trial

DOTTED = re.compile("^data:image/svg")


async def deliver(up: Trial, to: MailPage, subject: str) -> None:
    await up.postroom("sandbox", "deliver", to.email, "--from", to.email, "--subject", subject)


async def all_show(tabs: list[MailPage], subject: str, unread: int) -> None:
    """The mail, the same number in all titles, and a dot in all icons."""
    for tab in tabs:
        await expect(tab.row(subject)).to_be_visible()
        await expect(tab.page).to_have_title(f"({unread}) Inbox \N{EN DASH} {tab.email}")
        await expect(tab.page.locator('link[rel="icon"]')).to_have_attribute("href", DOTTED)


async def further_tab(up: Trial, first: MailPage, asked: list[str]) -> MailPage:
    tab = MailPage(up, await first.page.context.new_page(), first.email.partition("@")[0])
    tab.page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    await tab.open("/mail")
    await expect(tab.button("Live")).to_be_visible()
    return tab


async def test_five_tabs_have_one_connection_hear_the_same_and_send_once_though_the_one_that_leads_or_acts_is_closed(
    up: Trial, browser: Browser
) -> None:
    async with newcomer(up.environment, "five.alice") as owner, mail_page(up, browser, "five.alice") as alice:
        program = await owner.mail()
        await alice.sign_in()
        await expect(alice.button("Live")).to_be_visible()
        asked: list[str] = []
        tabs = [alice, *[await further_tab(up, alice, asked) for _ in range(4)]]
        assert asked.count("/api/live") == 0
        await deliver(up, alice, "To all five")
        await all_show(tabs, "To all five", 2)
        await alice.page.close()
        await eventually(lambda: asked.count("/api/live") > 0, "another tab leads", 20)
        await deliver(up, alice, "To the other four")
        await all_show(tabs[1:], "To the other four", 3)
        assert asked.count("/api/live") == 1

        sent = SentChanges(alice.page.context)
        acts = tabs[2]
        # The commands load with the reader, once the browser is idle.
        await expect(acts.text("Press J and K to move")).to_be_visible()
        await acts.row("To the other four").focus()
        await acts.page.keyboard.press("e")
        await expect(acts.text("Conversation archived")).to_be_visible()
        await acts.page.close()
        left = [tabs[1], *tabs[3:]]
        for tab in left:
            await expect(tab.row("To the other four")).to_have_count(0)
            await expect(tab.row("To all five")).to_be_visible()
        (archived,) = await program.query(filter={"subject": "To the other four"})

        async def is_archived() -> bool:
            (archive,) = await program.query("Mailbox", filter={"role": "archive"}) or [""]
            return (await program.get("Email", archived, properties=["mailboxIds"]))["mailboxIds"] == {archive: True}

        await eventually(is_archived, "the mail server has what the closed tab did")
        for tab in left:
            await tab.page.bring_to_front()
            await expect(tab.page.get_by_role("treeitem", name="Archive")).to_be_visible()
        # None if the tab sent it, and was closed before its response came: the others see that it is done.
        assert sent.times() <= Counter({archived: 1})
        assert [error for tab in tabs for error in tab.errors] == []

"""The session ends while actions wait: what the person did reaches the mail server once they are signed in again."""

import re

from playwright.async_api import Browser, expect

from ended_session import end_session
from eventually import eventually
from filled_inbox import fill_inbox
from kratos_servers import PASSWORD
from mail_page import mail_page
from mail_person import Person
from newcomer import newcomer
from sent_changes import SentChanges
from trial import Trial


async def subjects_in(other: Person, role: str) -> set[str]:
    (box,) = await other.query("Mailbox", filter={"role": role}) or [None]
    ids = await other.query(filter={"inMailbox": box}) if box else []
    found = (await other.call("Email/get", ids=ids, properties=["subject"]))["list"]
    return {each["subject"] for each in found}


async def test_what_waits_when_the_session_ends_is_sent_once_after_the_person_signed_in_again(
    up: Trial, browser: Browser
) -> None:
    async with newcomer(up.environment, "ends.alice") as owner, mail_page(up, browser, "ends.alice") as alice:
        other, keyboard = await owner.mail(), alice.page.keyboard
        await fill_inbox(up, owner.email, 6)
        await alice.sign_in()
        await expect(alice.button("Live")).to_be_visible()
        # Keys and words of actions load after the first view, and cannot load offline. The sheet shows them.
        await keyboard.press("?")
        await expect(alice.text("Extend the selection down")).to_be_visible()
        await keyboard.press("Escape")
        await expect(alice.page.get_by_role("dialog")).to_have_count(0)
        sent = SentChanges(alice.page.context)
        await alice.loses_the_network()
        await keyboard.press("j")
        await keyboard.press("j")
        await expect(alice.row("Order 6")).to_be_focused()
        for key, gone in (("e", 6), ("#", 5)):
            await keyboard.press(key)
            await expect(alice.row(f"Order {gone}")).to_have_count(0)
        await expect(alice.text("It is done when you are back online.")).to_be_visible()
        await end_session(up, alice)
        await alice.page.context.set_offline(False)
        await expect(alice.text("You were signed out. What you wrote is kept.")).to_be_visible()
        # It is noticed, and nothing that was done is undone.
        await expect(alice.row("Order 4")).to_be_focused()
        await keyboard.press("e")
        await expect(alice.row("Order 4")).to_have_count(0)
        await expect(alice.row("Order 6")).to_have_count(0)
        await alice.expect_no_violations()
        assert await subjects_in(other, "inbox") >= {"Order 4", "Order 5", "Order 6"}

        await alice.page.get_by_role("link", name="Sign in").click()
        await alice.page.get_by_role("textbox", name="Address", exact=True).fill(alice.email)
        await alice.page.get_by_role("textbox", name="Password", exact=True).fill(PASSWORD)
        await keyboard.press("Enter")
        await alice.page.wait_for_url(re.compile("/mail"))
        await expect(alice.row("Order 3")).to_be_visible()

        async def is_done() -> bool:
            return await subjects_in(other, "archive") == {"Order 4", "Order 6"}

        await eventually(is_done, "the mail server has what waited")
        assert await subjects_in(other, "trash") == {"Order 5"}
        for number in (4, 5, 6):
            await expect(alice.row(f"Order {number}")).to_have_count(0)
        await expect(alice.text("You were signed out")).to_have_count(0)
        await expect(alice.button("Live")).to_be_visible()
        await eventually(lambda: len(sent.times()) == 3, "the browser has the responses")
        assert set(sent.times().values()) == {1}

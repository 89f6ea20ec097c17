"""The session ends while somebody writes: they sign in again from the window, and nothing that was written is lost."""

import re

from playwright.async_api import Browser, expect

from ended_session import end_session
from eventually import eventually
from kratos_servers import PASSWORD
from mail_page import MailPage
from other_program import mails_in
from trial import Trial
from writing_page import begin, writer


async def sign_in_again(alice: MailPage) -> None:
    await alice.page.get_by_role("textbox", name="Address", exact=True).fill(alice.email)
    await alice.page.get_by_role("textbox", name="Password", exact=True).fill(PASSWORD)
    await alice.page.keyboard.press("Enter")
    await alice.page.wait_for_url(re.compile("/mail"))


async def test_who_is_signed_out_while_writing_or_sending_signs_in_and_goes_on_and_the_message_leaves_once(
    up: Trial, browser: Browser
) -> None:
    async with writer(up, browser, "out.alice", can_undo=False) as (alice, own):
        window = await begin(alice, [alice.email], "Kept", "Before")
        await window.is_saved()
        await end_session(up, alice)
        await alice.page.keyboard.type(" during")
        await expect(window.box.get_by_text("You were signed out. What you wrote is kept.")).to_be_visible()
        await alice.expect_no_violations()
        await alice.page.keyboard.type(" after")
        await window.box.get_by_role("link", name="Sign in").click()
        await sign_in_again(alice)
        await expect(window.text).to_have_text("Before during after")
        await window.is_saved()

        # From then on it is the page that offers it.
        await end_session(up, alice)
        await window.text.press("Control+Enter")
        await window.is_gone()
        link = alice.page.get_by_role("link", name="Sign in")
        await expect(link.first).to_be_visible()
        await expect(alice.button("Live")).to_have_count(0)
        await link.first.click()
        await sign_in_again(alice)
        await expect(alice.button("Live")).to_be_visible()

        async def sent() -> bool:
            return len(await mails_in(own, "inbox", "Kept")) == 1

        await eventually(sent, "it arrived once", 20)
        assert await mails_in(own, "drafts", "Kept") == []

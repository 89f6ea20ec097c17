"""The session ends while somebody writes: they sign in again from the window, and nothing that was written is lost."""

import re

from playwright.async_api import Browser, expect

from ended_session import end_session
from eventually import eventually
from kratos_servers import PASSWORD
from mail_page import MailPage
from other_program import mails_in
from trial import Trial
from writing_page import Window, begin, writer


async def sign_in_again(alice: MailPage, window: Window) -> None:
    link = window.box.get_by_role("link", name="Sign in")
    await expect(link).to_be_visible()
    await expect(window.box.get_by_text("You were signed out. What you wrote is kept.")).to_be_visible()
    await alice.expect_no_violations()
    await alice.page.keyboard.type(" after")
    await link.click()
    await alice.page.get_by_role("textbox", name="Address", exact=True).fill(alice.email)
    await alice.page.get_by_role("textbox", name="Password", exact=True).fill(PASSWORD)
    await alice.page.keyboard.press("Enter")
    await alice.page.wait_for_url(re.compile("/mail"))


async def test_who_is_signed_out_while_writing_signs_in_from_the_window_and_goes_on(
    up: Trial, browser: Browser
) -> None:
    async with writer(up, browser, "out.alice") as (alice, own):
        window = await begin(alice, ["bob@example.net"], "Kept", "Before")
        await window.is_saved()
        await end_session(up, alice)
        await alice.page.keyboard.type(" during")
        await sign_in_again(alice, window)
        await expect(window.text).to_have_text("Before during after")
        await window.is_saved()

        async def stored() -> bool:
            return len(await mails_in(own, "drafts", "Kept")) == 1

        await eventually(stored, "the mail server has one draft of it")


async def test_so_does_who_writes_in_a_window_of_the_browser(up: Trial, browser: Browser) -> None:
    async with writer(up, browser, "outown.alice") as (alice, _):
        await alice.open("/mail/compose/new")
        await Window(alice).field("Subject").fill("Kept")
        window = Window(alice, "Kept")
        await window.text.click()
        await alice.page.keyboard.type("Before")
        await window.is_saved()
        await end_session(up, alice)
        await alice.page.keyboard.type(" during")
        await sign_in_again(alice, window)
        await expect(window.text).to_have_text("Before during after")
        await window.is_saved()


async def test_who_sends_after_the_session_ended_is_offered_to_sign_in_by_the_page_and_the_message_leaves_then(
    up: Trial, browser: Browser
) -> None:
    async with writer(up, browser, "outsend.alice") as (alice, own):
        window = await begin(alice, [alice.email], "Sent later", "Before")
        await window.is_saved()
        await end_session(up, alice)
        await window.send()
        link = alice.page.get_by_role("link", name="Sign in")
        await expect(link.first).to_be_visible()
        await expect(alice.button("Live")).to_have_count(0)
        await link.first.click()
        await alice.page.get_by_role("textbox", name="Address", exact=True).fill(alice.email)
        await alice.page.get_by_role("textbox", name="Password", exact=True).fill(PASSWORD)
        await alice.page.keyboard.press("Enter")
        await alice.page.wait_for_url(re.compile("/mail"))
        await expect(alice.button("Live")).to_be_visible()

        async def sent() -> bool:
            return len(await mails_in(own, "inbox", "Sent later")) == 1

        await eventually(sent, "it arrived once", 20)

"""Writing a message in Chromium, until somebody else has it."""

from playwright.async_api import Browser, expect

from mail_page import mail_page
from newcomer import newcomer
from trial import Trial
from writing_page import begin, received


async def test_explore(up: Trial, browser: Browser) -> None:
    async with newcomer(up.environment, "bob") as bob, mail_page(up, browser, "wr.alice") as alice:
        await alice.sign_up_and_wait()
        window = await begin(alice, [bob.email], "Hello there", "Some text.")
        await alice.page.screenshot(path="/tmp/around1.png")
        await window.is_saved()
        await alice.page.keyboard.press("Control+Enter")
        await window.is_gone()
        await expect(alice.text("Sending to")).to_be_visible()
        await alice.page.screenshot(path="/tmp/around2.png")
        mail = await received(await bob.mail(), "Hello there")
        print(mail)
        await alice.page.screenshot(path="/tmp/around3.png")

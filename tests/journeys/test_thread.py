"""The thread through the interface, in Chromium: from the registration to a reply that arrives, without a reload; and
what is seen before and beside it."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from built_web import require_interface
from eventually import eventually
from for_everyone import require_for_everyone, require_with_large_text
from mail_page import NARROW, WIDE, mail_page
from newcomer import newcomer
from other_program import received, send
from trial import Trial, running_trial
from writing_page import Window


@pytest.fixture(scope="module")
async def up(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Trial]:
    """It is paused, and fails. The first retry comes after 3 s."""
    require_interface()
    folder = tmp_path_factory.mktemp("trial")
    async with running_trial(folder, POSTROOM_DELAY_FACTOR="0.05", POSTROOM_PACE="0") as up:
        yield up


async def test_a_person_gets_from_sign_up_through_a_failing_mail_server_to_a_reply_by_keyboard_without_a_reload(
    up: Trial, browser: Browser
) -> None:
    code, output = await up.postroom("sandbox", "fault", "fail", "--word", "thread")
    assert code == 0, output
    async with newcomer(up.environment, "bob") as bob, mail_page(up, browser, "thread.alice") as alice:
        keyboard = alice.page.keyboard
        await alice.sign_up()
        await alice.is_at("/preparing")
        await expect(alice.page.get_by_role("heading", level=1)).to_have_text("Your mailbox is being prepared")
        await expect(alice.text("Attempt 2 in")).to_be_visible()
        await expect(alice.text("you need not do anything")).to_be_visible()
        await up.postroom("sandbox", "fault", "off")
        await alice.is_at("/mail", within=60)
        await expect(alice.row("Welcome to your new mailbox")).to_be_visible()
        program = await bob.mail()
        await send(program, alice.email, "Pallet 3", "Where does it stand?")
        await expect(alice.row("Pallet 3")).to_be_visible()
        await keyboard.press("j")
        await keyboard.press("Home")
        await alice.expect_focus("Pallet 3")
        await keyboard.press("Enter")
        await expect(alice.message("Where does it stand?")).to_be_visible()
        await alice.is_at_conversation()
        await alice.expect_focus("Pallet 3")
        await keyboard.press("F6")
        await alice.expect_focus("H2 Pallet 3")
        await keyboard.press("r")
        window = Window(alice, "Re: Pallet 3")
        await expect(window.text).to_be_focused()
        await keyboard.type("In bay 7.")
        await window.tab_to(window.button("Send"))
        await keyboard.press("Enter")
        await window.is_gone()
        await expect(alice.framed("In bay 7.")).to_be_visible()
        reply = await received(program, "Re: Pallet 3")
        parent = reply["message-id"].strip("<>")
        await send(program, alice.email, "Re: Pallet 3", "Thank you!", inReplyTo=[parent])
        await expect(alice.message("Thank you!")).to_be_visible()
        await keyboard.press("u")
        await alice.is_at("/mail/inbox")
        await alice.expect_focus("Pallet 3")
        await alice.page.get_by_role("link", name="Sent").focus()
        await keyboard.press("Enter")
        await alice.is_at("/mail/sent")
        await alice.expect_focus("A Sent")
        assert len(alice.documents) == 1


async def test_the_page_of_a_mailbox_that_is_not_ready_is_for_everyone(up: Trial, browser: Browser) -> None:
    async with mail_page(up, browser, "waits.alice") as alice:
        await up.postroom("pause", "--reason", "axe")
        try:
            await alice.sign_up()
            await alice.is_at("/preparing")
            await expect(alice.text("An operator has to fix something first.")).to_be_visible()
            await require_for_everyone(alice.page, "preparing")
            await require_with_large_text(alice.page, "preparing", NARROW["width"], WIDE["width"])
        finally:
            await up.postroom("resume")
        await alice.is_at("/mail")


async def test_link_of_a_suspicious_sender_opens_only_after_a_question(up: Trial, browser: Browser) -> None:
    async with newcomer(up.environment, "mallory") as mallory, mail_page(up, browser, "warned.alice") as alice:
        await alice.sign_up_and_wait()
        named = [{"name": "service@bank.example", "email": mallory.email}]
        await send(
            await mallory.mail(), alice.email, "Your account", "Confirm at http://bank.test/x today.", **{"from": named}
        )
        await alice.row("Your account").click()
        link = alice.page.get_by_role("link", name="http://bank.test/x")
        await link.focus()
        await alice.page.keyboard.press("Enter")
        question = alice.page.get_by_role("dialog", name="Open this link?")
        await expect(question).to_contain_text("http://bank.test/x")
        await expect(question.get_by_role("button", name="Cancel")).to_be_focused()
        await alice.expect_no_violations()
        await alice.page.keyboard.press("Escape")
        await expect(question).to_be_hidden()
        await expect(link).to_be_focused()
        assert len(alice.page.context.pages) == 1
        await link.click(button="middle")
        async with alice.page.expect_popup() as opened:
            await question.get_by_role("button", name="Open").click()
        await (await opened.value).close()
        await expect(link).to_be_focused()


HEADINGS = """
  window.headings = new Set()
  const look = () => document.querySelectorAll('h1').forEach((heading) => window.headings.add(heading.textContent))
  new MutationObserver(look).observe(document, { childList: true, subtree: true, characterData: true })
"""
"""Notes every heading that the page ever showed."""


async def test_a_chosen_language_is_that_of_the_first_heading_after_a_reload(up: Trial, browser: Browser) -> None:
    async with mail_page(up, browser, "speech.alice") as alice:
        await alice.open("/sign-in")
        await alice.button("Deutsch").click()
        await alice.page.add_init_script(HEADINGS)
        await alice.page.reload()
        await expect(alice.button("English")).to_be_visible()
        assert await alice.page.evaluate("[...headings]") == ["Anmelden"]
        await alice.button("English").click()
        await alice.sign_up_and_wait()
        await alice.button(f"Account {alice.email}").click()
        await alice.button("Deutsch").click()

        async def is_kept() -> bool:
            kept = await alice.page.request.get(f"{alice.url}/api/settings")
            return (await kept.json()).get("language") == "de"

        await eventually(is_kept, "the service knows the language")
        await alice.page.reload()
        await expect(alice.row("Welcome to your new mailbox")).to_be_visible()
        assert await alice.page.evaluate("[...headings]") == ["Posteingang"]

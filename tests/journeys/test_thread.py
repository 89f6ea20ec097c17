"""The thread through the interface, in Chromium: from the registration to a reply that arrives, without a reload."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from built_web import require_interface
from eventually import eventually
from mail_page import NARROW, MailPage, mail_page
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


async def test_a_person_gets_from_sign_up_through_a_failing_mail_server_to_a_reply_without_a_reload(
    up: Trial, browser: Browser
) -> None:
    code, output = await up.postroom("sandbox", "fault", "fail", "--word", "thread")
    assert code == 0, output
    async with newcomer(up.environment, "bob") as bob, mail_page(up, browser, "thread.alice") as alice:
        await alice.sign_up()
        await alice.is_at("/preparing")
        await expect(alice.page.get_by_role("heading", level=1)).to_have_text("Your mailbox is being prepared")
        await expect(alice.text("Attempt 2 in")).to_be_visible()
        await expect(alice.text("you need not do anything")).to_be_visible()
        await up.postroom("sandbox", "fault", "off")
        await alice.is_at("/mail")
        await expect(alice.row("Welcome to your new mailbox")).to_be_visible()
        program = await bob.mail()
        await send(program, alice.email, "Pallet 3", "Where does it stand?")
        await alice.row("Pallet 3").click()
        await expect(alice.message("Where does it stand?")).to_be_visible()
        await alice.page.keyboard.press("r")
        window = Window(alice, "Re: Pallet 3")
        await expect(window.text).to_be_focused()
        await alice.page.keyboard.type("In bay 7.")
        await window.send()
        await expect(alice.framed("In bay 7.")).to_be_visible()
        reply = await received(program, "Re: Pallet 3")
        parent = reply["message-id"].strip("<>")
        await send(program, alice.email, "Re: Pallet 3", "Thank you!", inReplyTo=[parent])
        await expect(alice.message("Thank you!")).to_be_visible()
        assert len(alice.documents) == 1


async def test_new_mail_appears_in_an_open_inbox_by_itself(up: Trial, browser: Browser) -> None:
    async with mail_page(up, browser, "live.alice") as alice:
        await alice.sign_up_and_wait()
        await expect(alice.text("Live")).to_be_visible()
        await up.postroom("sandbox", "deliver", alice.email, "--subject", "Just now")
        await expect(alice.row("Just now")).to_be_visible()
        await expect(alice.page).to_have_title(re.compile(rf"^\(2\) Inbox . {alice.email}$"))


async def test_the_next_person_at_the_same_browser_sees_nothing_of_the_first(up: Trial, browser: Browser) -> None:
    async with mail_page(up, browser, "first.alice") as first:
        await first.sign_up_and_wait()
        await up.postroom("sandbox", "deliver", first.email, "--subject", "Only for the first")
        await first.row("Only for the first").click()
        await expect(first.page.get_by_role("article")).to_be_visible()
        await first.page.keyboard.press("r")
        await expect(Window(first, "Re: Only for the first").text).to_be_focused()
        # Nobody can know it: the mail server cannot be reached.
        await first.page.route("**/jmap/", lambda route: route.abort())
        await first.page.keyboard.type("half a reply")
        await Window(first, "Re: Only for the first").is_kept()
        await first.button(f"Account {first.email}").click()
        await first.button("Sign out").click()
        await first.is_at("/sign-out")
        await first.page.get_by_role("dialog").get_by_role("button", name="Sign out").click()
        await first.is_at("/sign-in")
        await first.page.unroute("**/jmap/")
        assert await first.page.evaluate("async () => (await indexedDB.databases()).length") == 0
        second = MailPage(up, first.page, "second.alice")
        await second.sign_up_and_wait()
        await expect(second.row("Only for the first")).to_have_count(0)
        await expect(second.text(first.email)).to_have_count(0)


async def test_the_thread_works_with_the_keyboard_only(up: Trial, browser: Browser) -> None:
    async with newcomer(up.environment, "carla") as carla, mail_page(up, browser, "keys.alice") as alice:
        await alice.sign_up_and_wait()
        await send(await carla.mail(), alice.email, "By keyboard", "Can you read this?")
        await expect(alice.row("By keyboard")).to_be_visible()
        await alice.page.keyboard.press("j")
        await alice.page.keyboard.press("Home")
        await alice.expect_focus("By keyboard")
        await alice.page.keyboard.press("Enter")
        await expect(alice.message("Can you read this?")).to_be_visible()
        await alice.is_at_conversation()
        await alice.expect_focus("By keyboard")
        await alice.page.keyboard.press("F6")
        await alice.expect_focus("H2 By keyboard")
        await alice.page.keyboard.press("r")
        window = Window(alice, "Re: By keyboard")
        await expect(window.text).to_be_focused()
        await alice.page.keyboard.type("Yes.")
        await window.tab_to(window.button("Send"))
        await alice.page.keyboard.press("Enter")
        await window.is_gone()
        await expect(alice.framed("Yes.")).to_be_visible()
        await alice.page.keyboard.press("u")
        await alice.is_at("/mail/inbox")
        await alice.expect_focus("By keyboard")
        await alice.page.get_by_role("link", name="Sent").focus()
        await alice.page.keyboard.press("Enter")
        await alice.is_at("/mail/sent")
        await alice.expect_focus("A Sent")


async def test_who_signs_in_is_at_the_heading_and_moves_on_in_the_list(up: Trial, browser: Browser) -> None:
    async with mail_page(up, browser, "back.alice") as alice:
        await alice.sign_up_and_wait()
        await alice.page.context.clear_cookies()
        await alice.sign_in()
        await expect(alice.row("Welcome to your new mailbox")).to_be_visible()
        await expect(alice.page.get_by_role("heading", level=1)).to_be_focused()
        await alice.page.keyboard.press("ArrowDown")
        await alice.expect_focus("Welcome to your new mailbox")


async def test_link_of_a_suspicious_sender_opens_only_after_a_question(up: Trial, browser: Browser) -> None:
    async with newcomer(up.environment, "mallory") as mallory, mail_page(up, browser, "link.alice") as alice:
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


async def test_a_chosen_language_outlives_a_reload_and_follows_the_person_to_another_device(
    up: Trial, browser: Browser
) -> None:
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
        async with mail_page(up, browser, "speech.alice") as elsewhere:
            await elsewhere.sign_in()
            await expect(elsewhere.page.get_by_role("heading", level=1)).to_have_text("Posteingang")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1440])
async def test_no_view_breaks_a_rule_of_accessibility(
    up: Trial, browser: Browser, scheme: str, width: int, tmp_path: Path
) -> None:
    size = {"width": width, "height": 900}
    async with mail_page(up, browser, f"axe{width}{scheme}", viewport=size, color_scheme=scheme) as alice:
        await up.postroom("pause", "--reason", "axe")
        await alice.sign_up()
        await alice.is_at("/preparing")
        await expect(alice.text("An operator has to fix something first.")).to_be_visible()
        await alice.expect_no_violations()
        await up.postroom("resume")
        await alice.is_at("/mail")
        await up.postroom("sandbox", "fill", alice.email, "--mails", "60")
        await expect(alice.row("Welcome to your new mailbox")).to_be_visible()
        await alice.expect_no_violations()
        await alice.page.get_by_role("gridcell").nth(1).click()
        await expect(alice.page.get_by_role("article").first).to_be_visible()
        await alice.expect_no_violations()
        await alice.button("Reply").last.click()
        # The sender of this one is suspicious: it asks once.
        await expect(alice.button("Reply anyway")).to_be_visible()
        await alice.expect_no_violations()
        await alice.button("Reply anyway").click()
        await expect(alice.page.locator(".dock").get_by_role("textbox", name="Message", exact=True)).to_be_focused()
        await alice.expect_no_violations()
        if width == 320:
            assert await alice.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_a_phone_shows_one_pane_at_a_time(up: Trial, browser: Browser) -> None:
    async with mail_page(up, browser, "phone.alice", viewport=NARROW, has_touch=True, is_mobile=True) as alice:
        await alice.sign_up_and_wait()
        await alice.row("Welcome to your new mailbox").tap()
        await expect(alice.page.get_by_role("heading", level=2)).to_be_focused()
        await expect(alice.row("Welcome to your new mailbox")).to_be_hidden()
        await alice.button("Back to the list").tap()
        await alice.button("Folders").tap()
        await alice.page.get_by_role("dialog").get_by_role("link", name="Sent").tap()
        await expect(alice.text("No mail here")).to_be_visible()
        await alice.button("Folders").tap()
        await alice.button(f"Account {alice.email}").tap()
        await alice.button("Sign out").tap()
        await alice.is_at("/sign-in")
        assert await alice.page.evaluate("async () => (await indexedDB.databases()).length") == 0

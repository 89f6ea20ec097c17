"""What becomes of a draft when the page, the tab or the network goes at the wrong moment, in Chromium."""

from playwright.async_api import Browser, expect

from eventually import eventually
from mail_page import MailPage
from mail_person import Person
from other_program import mails_in
from trial import Trial
from writing_page import Window, begin, writer

TO = "bob@example.org"


async def another_tab(alice: MailPage, up: Trial) -> MailPage:
    """Of the same browser."""
    other = MailPage(up, await alice.page.context.new_page(), alice.email.partition("@")[0])
    await other.open("/mail")
    return other


async def texts(own: Person, subject: str) -> list[str]:
    """Of the drafts that the mail server has."""
    mails = await mails_in(own, "drafts", subject)
    return [body.get_content().strip() for mail in mails if (body := mail.get_body(("plain",)))]


async def is_stored(own: Person, subject: str, text: str) -> None:
    """Once, with its last change."""

    async def stored() -> bool:
        return await texts(own, subject) == [text]

    await eventually(stored, f"the mail server has {text!r}", 20)


async def test_what_was_typed_a_moment_ago_outlives_a_reload_with_its_window(up: Trial, browser: Browser) -> None:
    async with writer(up, browser, "reload.alice") as (alice, own):
        await begin(alice, [TO], "Unfinished", "Half a sent")
        # No pause: neither this device nor the mail server had time to store it.
        await alice.page.reload()
        window = Window(alice, "Unfinished")
        await expect(window.text).to_have_text("Half a sent")
        await expect(window.box.get_by_role("button", name=TO, exact=True)).to_be_visible()
        await window.text.click()
        await alice.page.keyboard.press("Control+End")
        await alice.page.keyboard.type("ence")
        await is_stored(own, "Unfinished", "Half a sentence")
        await window.is_saved()


async def test_a_killed_tab_loses_no_word_and_leaves_one_draft(up: Trial, browser: Browser) -> None:
    async with writer(up, browser, "kill.alice") as (alice, own):
        window = await begin(alice, [TO], "Killed", "One")
        await window.is_saved()
        await alice.page.keyboard.type(" two")
        await expect(window.box.get_by_text("Saved")).to_be_hidden()
        other = await another_tab(alice, up)
        await alice.page.close(run_before_unload=False)
        window = Window(other, "Killed")
        await expect(window.text).to_have_text("One two")
        await is_stored(own, "Killed", "One two")


async def test_an_hour_offline_keeps_the_draft_on_this_device_and_stores_it_afterwards(
    up: Trial, browser: Browser
) -> None:
    async with writer(up, browser, "hour.alice") as (alice, own):
        window = await begin(alice, [TO], "On the train", "Before the tunnel.")
        await window.is_saved()
        await alice.page.context.set_offline(True)
        await alice.page.keyboard.type(" In it.")
        await window.is_kept()
        await alice.page.keyboard.press("Escape")
        await window.is_gone()
        await alice.page.keyboard.press("g")
        await alice.page.keyboard.press("d")
        kept = alice.page.get_by_role("list", name="On this device only").get_by_role("button")
        await expect(kept).to_contain_text("Kept on this device")
        await alice.expect_no_violations()
        await kept.press("Enter")
        await expect(window.text).to_have_text("Before the tunnel. In it.")
        assert await texts(own, "On the train") == ["Before the tunnel."]
        # The tab goes in the tunnel: nothing but this device has the last words.
        await alice.page.close(run_before_unload=False)
        await alice.page.context.set_offline(False)
        other = await another_tab(alice, up)
        await expect(Window(other, "On the train").text).to_have_text("Before the tunnel. In it.")
        await is_stored(own, "On the train", "Before the tunnel. In it.")


async def test_of_two_tabs_one_writes_a_draft_and_the_other_shows_it_until_it_takes_over(
    up: Trial, browser: Browser
) -> None:
    async with writer(up, browser, "two.alice") as (alice, own):
        first = await begin(alice, [TO], "Twice", "First")
        await first.is_saved()
        other = await another_tab(alice, up)
        await other.open("/mail/drafts")
        await other.row("Twice").click()
        second = Window(other, "Twice")
        await expect(second.box.get_by_text("This message is being written in another tab.")).to_be_visible()
        await alice.page.bring_to_front()
        await alice.page.keyboard.type(", more")
        await expect(second.text).to_have_text("First, more")
        await expect(second.text).not_to_be_editable()
        await other.page.bring_to_front()
        await second.button("Take over").click()
        await expect(first.box.get_by_text("This message is being written in another tab.")).to_be_visible()
        await second.text.click()
        await other.page.keyboard.press("Control+End")
        await other.page.keyboard.type(", second")
        await is_stored(own, "Twice", "First, more, second")
        await expect(first.text).to_have_text("First, more, second")


async def test_what_is_typed_right_after_a_draft_was_taken_over_is_written_and_no_command_of_the_page(
    up: Trial, browser: Browser
) -> None:
    async with writer(up, browser, "swift.alice") as (alice, own):
        first = await begin(alice, [TO], "Swift", "First")
        await first.is_saved()
        other = await another_tab(alice, up)
        await other.open("/mail/drafts")
        await other.row("Swift").click()
        second = Window(other, "Swift")
        await second.button("Take over").click()
        await other.page.keyboard.type("e# at once ")
        await expect(second.text).to_be_focused()
        await expect(second.text).to_have_text("e# at once First")
        await is_stored(own, "Swift", "e# at once First")
        await expect(first.text).to_have_text("e# at once First")


async def test_a_discarded_draft_is_back_with_a_key(up: Trial, browser: Browser) -> None:
    async with writer(up, browser, "discard.alice") as (alice, own):
        window = await begin(alice, [TO], "Rash", "All of it")
        await window.is_saved()
        await window.button("Discard draft").click()
        await window.is_gone()
        await expect(alice.text("Draft discarded")).to_be_visible()
        await alice.page.keyboard.press("z")
        await expect(window.text).to_have_text("All of it")
        await is_stored(own, "Rash", "All of it")

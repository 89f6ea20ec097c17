"""A message that leaves later, and one that did not reach everybody."""

import re

from playwright.async_api import Browser, Locator, expect

from mail_page import MailPage
from other_program import mails_in, received
from trial import Trial
from writing_page import Window, begin, reader, writer

NOBODY = "nobody-at-all@example.org"


async def go(alice: MailPage, key: str, path: str) -> None:
    await alice.page.keyboard.press("g")
    await alice.page.keyboard.press(key)
    await alice.is_at(path)


def folder(alice: MailPage, name: str) -> Locator:
    return alice.page.get_by_role("treeitem", name=re.compile(f"^{name}"))


async def schedule(window: Window, time: str) -> None:
    """By the keyboard."""
    await window.page.keyboard.press("Control+Shift+Enter")
    await expect(window.page.get_by_role("menu", name="Send later")).to_be_visible()
    await window.of.expect_no_violations()
    await window.page.get_by_role("menuitem", name=re.compile(time)).press("Enter")
    await window.is_gone()


async def test_a_message_that_leaves_later_is_only_in_scheduled_until_it_is_taken_back_and_edited(
    up: Trial, browser: Browser
) -> None:
    async with reader(up, "later.bob") as bob, writer(up, browser, "later.alice") as (alice, own):
        await expect(folder(alice, "Scheduled")).to_have_count(0)
        window = await begin(alice, [bob.address], "Terms", "Ten per cent")
        await schedule(window, "^Tomorrow morning")
        await expect(alice.text(re.compile("^Leaves on "))).to_be_visible()
        await go(alice, "t", "/mail/sent")
        await expect(alice.row("Terms")).to_have_count(0)
        # It is told once, not at each visit.
        notice = alice.page.get_by_text(re.compile("^Leaves on "))
        await alice.page.reload()
        await expect(folder(alice, "Scheduled")).to_contain_text("1")
        await begin(alice, [bob.address], "Other terms", "Twelve")
        await window.named("Other terms").is_saved()
        await expect(notice).to_have_count(0)
        await alice.page.keyboard.press("Escape")
        await expect(folder(alice, "Scheduled")).to_contain_text("1")
        await folder(alice, "Scheduled").click()
        await alice.is_at("/mail/scheduled")
        waiting = alice.page.get_by_role("list", name="Scheduled")
        await expect(waiting.get_by_text(re.compile("^Scheduled for "))).to_be_visible()
        await alice.expect_no_violations()
        await waiting.get_by_role("button", name="Do not send: Terms").click()
        await expect(window.text).to_have_text("Ten per cent")
        await expect(waiting).to_have_count(0)
        assert await mails_in(own, "sent", "Terms") == []
        await window.text.press("Control+End")
        await alice.page.keyboard.type(" less")
        await schedule(window, "^Tomorrow morning")
        await expect(waiting.get_by_role("listitem")).to_have_count(1)
        (mail,) = await mails_in(own, "sent", "Terms")
        body = mail.get_body(("plain",))
        assert body
        assert body.get_content().strip() == "Ten per cent less"
        assert await mails_in(own, "drafts", "Terms") == []
        assert await mails_in(bob, "inbox", "Terms") == []


async def test_a_time_of_ones_own_is_picked_and_one_that_is_over_is_refused(up: Trial, browser: Browser) -> None:
    async with writer(up, browser, "pick.alice") as (alice, _):
        window = await begin(alice, [alice.email], "Picked", "Text")
        await alice.page.keyboard.press("Control+Shift+Enter")
        await alice.page.get_by_role("menuitem", name="Pick a date and time").press("Enter")
        dialog = alice.page.get_by_role("dialog", name="Send later")
        await alice.expect_no_violations()
        when = dialog.get_by_label("Date and time")
        await expect(when).to_be_focused()
        picked = await when.input_value()
        await when.fill("2001-01-01T08:00")
        await when.press("Enter")
        await expect(dialog.or_(window.box)).to_have_count(2)
        await when.fill(picked)
        await when.press("Enter")
        await window.is_gone()
        await expect(alice.text(re.compile("^Leaves on "))).to_be_visible()


async def test_a_refused_recipient_is_corrected_and_gets_it_and_the_others_do_not_again(
    up: Trial, browser: Browser
) -> None:
    async with (
        reader(up, "refused.bob") as bob,
        reader(up, "refused.carla") as carla,
        writer(up, browser, "refused.alice") as (alice, _),
    ):
        window = await begin(alice, [bob.address, NOBODY], "Offer", "Option B")
        await window.send()
        await received(bob, "Offer")
        await go(alice, "t", "/mail/sent")
        await alice.row("Offer").click()
        await expect(alice.text("One of 2 recipients did not get this")).to_be_visible()
        await expect(alice.text(NOBODY)).to_be_visible()
        await alice.expect_no_violations()
        await alice.button("Correct and resend").click()
        again = window
        await expect(again.box.get_by_role("button", name=NOBODY, exact=True)).to_be_visible()
        await expect(again.box.get_by_role("button", name=bob.address, exact=True)).to_have_count(0)
        await again.box.get_by_role("button", name=f"Remove {NOBODY}").click()
        await expect(again.field("To")).to_be_focused()
        await alice.page.keyboard.type(f"{carla.address},")
        await again.send()
        body = (await received(carla, "Offer")).get_body(("plain",))
        assert body
        assert body.get_content().strip() == "Option B"
        assert len(await mails_in(bob, "inbox", "Offer")) == 1

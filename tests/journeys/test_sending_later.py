"""A message that leaves later."""

import re

from playwright.async_api import Browser, Locator, expect

from mail_page import MailPage
from other_program import mails_in
from trial import Trial
from writing_page import begin, reader, writer


def folder(alice: MailPage, name: str) -> Locator:
    return alice.page.get_by_role("treeitem", name=re.compile(f"^{name}"))


async def test_a_message_that_leaves_later_is_only_in_scheduled_until_it_is_taken_back_and_edited(
    up: Trial, browser: Browser
) -> None:
    async with reader(up, "later.bob") as bob, writer(up, browser, "later.alice") as (alice, own):
        await expect(folder(alice, "Scheduled")).to_have_count(0)
        window = await begin(alice, [bob.address], "Terms", "Ten per cent")
        await alice.page.keyboard.press("Control+Shift+Enter")
        await expect(alice.page.get_by_role("menu", name="Send later")).to_be_visible()
        await alice.expect_no_violations()
        await alice.page.get_by_role("menuitem", name=re.compile("^Tomorrow morning")).press("Enter")
        await window.is_gone()
        await expect(alice.text(re.compile("^Leaves on "))).to_be_visible()
        await alice.page.keyboard.press("g")
        await alice.page.keyboard.press("t")
        await alice.is_at("/mail/sent")
        await expect(alice.row("Terms")).to_have_count(0)
        # Told once, not at each visit. A request that the reload breaks off leaves a doubt, which lasts for a while.
        await expect(folder(alice, "Scheduled")).to_contain_text("1")
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
        # At a time of her own; one that is over is refused.
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
        await expect(waiting.get_by_role("listitem")).to_have_count(1)
        (mail,) = await mails_in(own, "sent", "Terms")
        body = mail.get_body(("plain",))
        assert body
        assert body.get_content().strip() == "Ten per cent less"
        assert await mails_in(own, "drafts", "Terms") == []
        assert await mails_in(bob, "inbox", "Terms") == []

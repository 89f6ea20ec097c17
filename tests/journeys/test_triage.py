"""A person puts their mail in order, in Chromium: by keyboard alone, and on a phone with a finger."""

import re

from playwright.async_api import Browser, Locator, expect

from finger import Finger
from mail_page import NARROW, MailPage, mail_page
from trial import Trial


async def arrives(up: Trial, alice: MailPage, count: int) -> None:
    """Order 1, Order 2, …; the last one is on top."""
    await up.postroom("sandbox", "deliver", alice.email, "--subject", "Order", "--count", str(count))
    await expect(order(alice, count)).to_be_visible()


def order(alice: MailPage, number: int) -> Locator:
    return alice.page.get_by_role("gridcell", name=f"Order {number}.")


async def press(alice: MailPage, *keys: str) -> None:
    for key in keys:
        await alice.page.keyboard.press(key)


async def is_at_row(alice: MailPage, number: int) -> None:
    await expect(alice.page.locator(":focus")).to_have_accessible_name(re.compile(rf"\bOrder {number}\."))


async def is_at_place(alice: MailPage, number: int, place: int) -> None:
    """Of mail of the same second, the mail server knows the order, which the page learns a moment after an undo."""
    row = alice.page.get_by_role("row").filter(has=order(alice, number))
    await expect(row).to_have_attribute("aria-rowindex", str(place))


async def test_a_person_sorts_their_mail_without_a_pointer(up: Trial, browser: Browser) -> None:
    async with mail_page(up, browser, "triage.alice") as alice:
        await alice.sign_up_and_wait()
        await arrives(up, alice, 8)
        await press(alice, "j", "e")
        await expect(alice.text("Conversation archived")).to_be_visible()
        await expect(order(alice, 8)).to_have_count(0)
        await is_at_row(alice, 7)
        await press(alice, "z")
        await is_at_place(alice, 8, 1)
        await is_at_row(alice, 7)
        await press(alice, "x", "Shift+J", "Shift+J")
        await expect(alice.text("3 selected")).to_be_visible()
        await press(alice, "s", "*", "s")
        await expect(alice.text("3 selected")).to_be_visible()
        await press(alice, "#")
        await expect(alice.text("Moved to Trash")).to_be_visible()
        await expect(order(alice, 5)).to_have_count(0)
        await is_at_row(alice, 4)
        await press(alice, "v")
        await expect(alice.page.get_by_role("combobox", name="Move 1 conversation to")).to_be_focused()
        await alice.page.keyboard.type("Receipts")
        await press(alice, "Enter")
        await expect(alice.text("Moved to Receipts")).to_be_visible()
        await is_at_row(alice, 3)
        await press(alice, "Enter")
        await alice.is_at_conversation()
        await press(alice, "]")
        await expect(alice.page.get_by_role("heading", name="Order 2")).to_be_visible()
        await is_at_row(alice, 2)
        await press(alice, "?")
        sheet = alice.page.get_by_role("dialog", name="Keyboard shortcuts")
        await expect(sheet.get_by_text("Extend the selection down")).to_be_visible()
        await press(alice, "Escape", "u", "g", "l")
        await expect(alice.page.get_by_role("combobox", name="Go to")).to_be_focused()
        await alice.page.keyboard.type("rec")
        await press(alice, "Enter")
        await expect(order(alice, 4)).to_be_visible()
        await alice.expect_no_violations()


async def test_on_a_phone_a_finger_swipes_selects_and_takes_back(up: Trial, browser: Browser) -> None:
    phone = {"viewport": NARROW, "has_touch": True, "is_mobile": True}
    async with mail_page(up, browser, "thumb.alice", **phone) as alice:
        await alice.sign_up_and_wait()
        await arrives(up, alice, 5)
        finger = Finger(await alice.page.context.new_cdp_session(alice.page))
        await finger.swipes(order(alice, 4), 60)
        await expect(order(alice, 4)).to_be_visible()
        await finger.swipes(order(alice, 3), -160)
        await expect(alice.text("Marked as read")).to_be_visible()
        await expect(alice.page.get_by_role("gridcell", name="Unread").filter(has_text="Order 3")).to_have_count(0)
        box = await order(alice, 2).bounding_box()
        assert box
        await finger.touches("touchStart", (box["x"] + 100, box["y"] + 40))
        await expect(alice.text("1 selected")).to_be_visible()
        await finger.touches("touchEnd")
        await order(alice, 1).tap()
        await expect(alice.text("2 selected")).to_be_visible()
        await alice.expect_no_violations()
        await alice.page.get_by_role("button", name="Delete: 2 conversations").tap()
        await expect(alice.text("Moved to Trash")).to_be_visible()
        await expect(order(alice, 1)).to_have_count(0)
        await finger.swipes(order(alice, 4), 160)
        await expect(alice.text("Conversation archived")).to_be_visible()
        await expect(order(alice, 4)).to_have_count(0)
        # A tap right behind a swipe only ends its momentum.
        await alice.page.get_by_role("button", name="Undo").click()
        await expect(order(alice, 4)).to_be_visible()
        # A finger from beyond the screen opens the folders, and moves no mail.
        await expect(alice.page.locator(".toast")).to_have_count(0)
        box = await order(alice, 4).bounding_box()
        assert box
        await finger.touches("touchStart", (6, box["y"] + 40))
        for step in range(1, 11):
            await finger.touches("touchMove", (6 + 16 * step, box["y"] + 40))
        await finger.touches("touchEnd")
        await expect(alice.page.get_by_role("dialog", name="Folders")).to_be_visible()
        await expect(alice.page.locator(".toast")).to_have_count(0)
        await alice.button("Close").tap()
        await expect(order(alice, 4)).to_be_visible()


async def test_a_mouse_drags_what_is_selected_to_a_folder_and_the_list_to_another_width(
    up: Trial, browser: Browser
) -> None:
    async with mail_page(up, browser, "mouse.alice") as alice:
        await alice.sign_up_and_wait()
        await arrives(up, alice, 4)
        await order(alice, 4).click(modifiers=["ControlOrMeta"])
        await order(alice, 2).click(modifiers=["ControlOrMeta"])
        await expect(alice.text("2 selected")).to_be_visible()
        trash = alice.page.locator("[data-mailbox]").filter(has_text="Trash")
        await order(alice, 2).drag_to(trash)
        await expect(alice.text("Moved to Trash")).to_be_visible()
        await expect(order(alice, 4)).to_have_count(0)
        await expect(order(alice, 3)).to_be_visible()
        splitter = alice.page.get_by_role("separator", name="Width of the list")
        await splitter.focus()
        await press(alice, "ArrowRight", "ArrowRight", "End")
        await expect(splitter).to_have_attribute("aria-valuenow", "640")
        await alice.page.reload()
        await expect(splitter).to_have_attribute("aria-valuenow", "640")

"""Folders in Chromium: made, renamed, moved, removed with their mail and emptied, with the keyboard only."""

from typing import Any

from playwright.async_api import Browser, Locator, expect

from mail_page import MailPage
from mail_person import Person
from trial import Trial
from writing_page import writer


async def mailbox(own: Person, name: str) -> Any:
    boxes = (await own.call("Mailbox/get", ids=None))["list"]
    return next((box for box in boxes if name in (box["name"], box["role"])), None)


async def put(own: Person, mailbox_id: str, count: int) -> None:
    emails = {
        str(number): {
            "mailboxIds": {mailbox_id: True},
            "from": [{"email": "shop@example.net"}],
            "subject": f"Offer {number}",
            "bodyStructure": {"partId": "1", "type": "text/plain"},
            "bodyValues": {"1": {"value": "Buy"}},
        }
        for number in range(count)
    }
    made = await own.call("Email/set", create=emails)
    assert len(made["created"]) == count, made


def item(alice: MailPage, name: str) -> Locator:
    return alice.page.get_by_role("treeitem", name=name)


async def go_to(alice: MailPage, name: str) -> None:
    """From the list to an entry of the sidebar."""
    await alice.page.get_by_role("treeitem", name="Inbox").focus()
    for _ in range(30):
        if (await alice.page.evaluate("document.activeElement.querySelector('.name')?.textContent")) == name:
            return
        await alice.page.keyboard.press("ArrowDown")
    raise AssertionError(name)


async def choose(alice: MailPage, name: str, action: str) -> None:
    await go_to(alice, name)
    await alice.page.keyboard.press("Shift+F10")
    await expect(alice.page.get_by_role("menu")).to_be_visible()
    for _ in range(10):
        if (await alice.focused()).endswith(action):
            break
        await alice.page.keyboard.press("ArrowDown")
    await alice.page.keyboard.press("Enter")
    await expect(alice.page.get_by_role("dialog")).to_be_visible()


async def test_folders_and_labels_are_made_renamed_moved_removed_and_the_trash_emptied_with_the_keyboard_only(
    up: Trial, browser: Browser
) -> None:
    async with writer(up, browser, "folders.alice") as (alice, own):
        keyboard = alice.page.keyboard
        await alice.button("New folder").focus()
        await keyboard.press("Enter")
        await expect(alice.page.get_by_role("textbox", name="Name")).to_be_focused()
        await alice.expect_no_violations()
        await keyboard.type("Packraum")
        await keyboard.press("Enter")
        await expect(item(alice, "Packraum")).to_be_visible()
        await expect(alice.button("New folder")).to_be_focused()

        await choose(alice, "Packraum", "New folder inside")
        await keyboard.type("Papier")
        await keyboard.press("Enter")
        await expect(item(alice, "Papier")).to_have_attribute("aria-level", "2")

        await choose(alice, "Papier", "Rename")
        await keyboard.press("Control+A")
        await keyboard.type("Papier & Druck")
        await keyboard.press("Enter")
        await expect(item(alice, "Papier & Druck")).to_be_focused()

        await choose(alice, "Papier & Druck", "Move")
        await alice.page.get_by_label("Move it to").focus()
        await keyboard.press("Home")
        await keyboard.press("Tab")
        await keyboard.press("Tab")
        await alice.expect_focus("BUTTON Move")
        await keyboard.press("Enter")
        await expect(item(alice, "Papier & Druck")).to_have_attribute("aria-level", "1")

        paper = await mailbox(own, "Papier & Druck")
        await put(own, paper["id"], 30)
        await alice.page.reload()
        await expect(item(alice, "Papier & Druck 30 unread")).to_be_visible()
        await alice.expect_no_violations()
        await choose(alice, "Papier & Druck", "Delete folder")
        dialog = alice.page.get_by_role("dialog", name="Delete the folder “Papier & Druck”?")
        await expect(dialog).to_contain_text("30 messages will be kept")
        await alice.expect_focus("BUTTON Cancel")
        await alice.expect_no_violations()
        await keyboard.press("Tab")
        await keyboard.press("Enter")
        await expect(alice.text("Folder Papier & Druck deleted")).to_be_visible()
        await expect(item(alice, "Papier & Druck")).to_have_count(0)
        trash = await mailbox(own, "trash")
        assert trash["totalEmails"] == 30

        # The Trash is emptied for good, after a question that names the number.
        await choose(alice, "Trash", "Empty")
        await alice.expect_focus("BUTTON Cancel")
        await keyboard.press("Tab")
        await alice.expect_focus("BUTTON Delete 30 for good")
        await keyboard.press("Enter")
        await expect(alice.text("30 deleted for good")).to_be_visible()
        assert (await mailbox(own, "trash"))["totalEmails"] == 0

        await alice.button("New label").focus()
        await keyboard.press("Enter")
        await expect(alice.page.get_by_role("textbox", name="Name")).to_be_focused()
        await keyboard.type("Warten")
        await alice.page.get_by_role("radio", name="Violet").check()
        await keyboard.press("Enter")
        await expect(item(alice, "Warten")).to_be_visible()
        await expect(alice.button("New label")).to_be_focused()

        # Where there is little room the sidebar is a rail, which shows the name that has the focus.
        await alice.page.set_viewport_size({"width": 1024, "height": 768})
        await alice.expect_no_violations()
        side = await alice.page.get_by_role("navigation", name="Folders").bounding_box()
        assert side
        assert side["width"] <= 56
        await item(alice, "Starred").focus()
        await expect(item(alice, "Starred").locator(".name")).to_be_in_viewport()
        await keyboard.press("Enter")
        await alice.is_at("/mail/starred")
        await expect(alice.page.get_by_role("heading", level=1)).to_have_text("Starred")
        await alice.page.reload()
        await expect(item(alice, "Warten")).to_be_visible()
        await expect(item(alice, "Starred")).to_have_attribute("aria-current", "page")

"""A whole day without a pointer: mail is read, sorted, searched for and written, and a setting is changed.

What a screen reader says on the way has names.
"""

import re
from typing import Any

from playwright.async_api import Browser, expect

from incoming_mail import letter, send
from mail_page import MailPage
from trial import Trial
from writing_page import Window, begin, reader, writer


async def brings(up: Trial, to: str, *subjects: str) -> None:
    host, _, port = (await up.stalwart())["lmtp"].rpartition(":")
    for subject in subjects:
        await send((host, int(port)), to, content=letter(f"Subject: {subject}"))


async def press(alice: MailPage, *keys: str) -> None:
    for key in keys:
        await alice.page.keyboard.press(key)


async def tab_until(alice: MailPage, role: str, name: str, key: str = "Tab") -> None:
    target = alice.page.get_by_role(role, name=name, exact=True)  # type: ignore[arg-type] - a role
    for _ in range(40):
        if await target.evaluate_all("all => all.some(one => one === document.activeElement)"):
            return
        await alice.page.keyboard.press(key)
    raise AssertionError(f"{key} does not lead to {role} {name!r}, but to {await alice.focused()}")


async def tree(alice: MailPage) -> list[tuple[str, str]]:
    """Role and name of all that assistive technology is told of."""
    session = await alice.page.context.new_cdp_session(alice.page)
    nodes: list[dict[str, Any]] = (await session.send("Accessibility.getFullAXTree"))["nodes"]
    await session.detach()
    return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node["ignored"]]


async def test_a_day_by_keyboard_without_a_pointer(up: Trial, browser: Browser) -> None:
    async with reader(up, "day.bob") as bob, writer(up, browser, "day.alice") as (alice, _):
        await brings(up, alice.email, "First order", "Second order", "Third order")
        await expect(alice.row("Third order")).to_be_visible()

        # What is where has a name (design §8).
        nodes = await tree(alice)
        for landmark in (("navigation", "Folders"), ("search", ""), ("main", ""), ("region", "Conversations")):
            assert any(role == landmark[0] and landmark[1] in name for role, name in nodes), landmark
        (row,) = [name for role, name in nodes if role == "gridcell" and "Third order" in name]
        assert re.match(r"Unread\. .*Third order\. .*\d\d:\d\d", row), row
        assert not [(role, name) for role, name in nodes if role in ("button", "link", "textbox") and not name]

        # Read and sort.
        await press(alice, "j", "Enter")
        await alice.is_at_conversation()
        await press(alice, "u", "e")
        await expect(alice.text("Conversation archived")).to_be_visible()
        await press(alice, "z", "j", "s", "#")
        await expect(alice.text("Moved to Trash")).to_be_visible()

        # Search.
        await press(alice, "/")
        await alice.page.keyboard.type("subject:order")
        await press(alice, "Enter")
        await expect(alice.page.get_by_role("status").filter(has_text="2 found")).to_be_attached()
        await press(alice, "Escape", "Escape", "g", "i")
        await alice.is_at("/mail/inbox")

        # Write.
        window = await begin(alice, [bob.address], "The day", "Done without a mouse.")
        await window.send()
        await expect(alice.text("Sending")).to_be_visible()
        await Window(alice, "The day").is_gone()

        # Settings.
        await alice.open("/mail/settings/general")
        # Before the settings are there, Tab leads on to the end of the page.
        await expect(alice.page.get_by_role("radio", name="System")).to_be_visible()
        await tab_until(alice, "radio", "System")
        await press(alice, "ArrowRight", "ArrowRight")
        await expect(alice.page.locator("html")).to_have_attribute("data-theme", "dark")
        await alice.expect_no_violations()

"""A conversation of 200 messages in the interface: what is open, how one moves in it, and that it stays small."""

import re
from typing import Any

from playwright.async_api import Browser, Locator, expect

from eventually import eventually
from mail_page import MailPage, mail_page
from newcomer import Newcomer, newcomer
from trial import Trial

MESSAGES = 200
MOST_FRAMES = 40
"""Near where the person was, however many messages are expanded."""


def letter(number: int, to: str, inbox: str) -> dict[str, Any]:
    """An Email that replies to the one before it. All but the newest are read."""
    return {
        "mailboxIds": {inbox: True},
        "keywords": {"$seen": True} if number < MESSAGES else {},
        "from": [{"name": f"Mara {number}", "email": f"mara{number}@example.com"}],
        "to": [{"email": to}],
        "subject": "The long talk",
        "messageId": [f"talk-{number}@example.com"],
        "references": [f"talk-{earlier}@example.com" for earlier in (1, number - 1) if earlier < number] or None,
        "receivedAt": f"2026-11-25T{number // 60:02}:{number % 60:02}:00Z",
        "htmlBody": [{"partId": "1", "type": "text/html"}],
        "bodyValues": {"1": {"value": f"<p>Letter {number} of the talk.</p>"}},
    }


async def fill(owner: Newcomer) -> None:
    person = await owner.mail()
    inbox, *_ = await person.query("Mailbox", filter={"role": "inbox"})
    for first in range(1, MESSAGES + 1, 50):
        numbers = range(first, min(first + 50, MESSAGES + 1))
        some = {str(number): letter(number, owner.email, inbox) for number in numbers}
        made = await person.call("Email/set", create=some)
        assert len(made["created"]) == len(some), made["notCreated"]


def message(page: MailPage, number: int) -> Locator:
    return page.page.get_by_role("article", name=re.compile(rf"from Mara {number},"))


async def expect_text(page: MailPage, number: int) -> None:
    text = message(page, number).frame_locator("iframe").get_by_text(f"Letter {number} of the talk.", exact=True)
    await expect(text).to_be_visible()


async def test_conversation_of_200_messages_opens_in_the_frame_that_waited_and_holds_only_frames_near_the_screen(
    up: Trial, browser: Browser
) -> None:
    async with newcomer(up.environment, "talk.alice") as owner, mail_page(up, browser, "talk.alice") as alice:
        await fill(owner)
        await alice.sign_in()
        # The frame comes up to 2 s after the list, which has its own time on a busy machine.
        await expect(alice.row("The long talk")).to_be_visible()
        # Who signs in is at the heading, and moves on in the list.
        await expect(alice.page.get_by_role("heading", level=1)).to_be_focused()
        await alice.page.keyboard.press("ArrowDown")
        await alice.expect_focus("Welcome to your new mailbox")
        waiting = alice.page.locator("body > iframe")
        await expect(waiting).to_have_count(1)
        await expect(waiting).to_be_hidden()
        await waiting.evaluate("frame => (frame.waited = true)")
        # It has the port through which its mail will come.
        await eventually(lambda: alice.page.frames[1].evaluate("Boolean(port)"), "a spare frame is ready")
        await alice.row("The long talk").click()
        await expect_text(alice, MESSAGES)
        assert await alice.page.locator("article iframe").evaluate("frame => frame.waited")
        await expect(waiting).to_have_count(1)
        assert not await waiting.evaluate("frame => frame.waited")
        frames = alice.page.locator("article iframe")
        messages = alice.page.get_by_role("article")
        await expect(messages).to_have_count(3)
        await expect(frames).to_have_count(1)

        # The old ones are one line; the keyboard unfolds it, and goes on at the first of them.
        await alice.page.get_by_role("button", name="197 earlier messages").focus()
        await alice.page.keyboard.press("Enter")
        await expect(messages).to_have_count(MESSAGES)
        await expect(message(alice, 2).get_by_role("button")).to_be_focused()
        for _ in range(98):
            await alice.page.keyboard.press("Tab")
        await alice.expect_focus("BUTTON Mara 100")
        await alice.page.keyboard.press("Enter")
        await expect_text(alice, 100)
        await expect(frames).to_have_count(2)

        await alice.page.keyboard.press(":")
        await expect(frames).to_have_count(0)
        await alice.page.keyboard.press(";")
        await expect(alice.page.locator("article.expanded")).to_have_count(MESSAGES)
        await message(alice, 150).scroll_into_view_if_needed()
        await expect_text(alice, 150)
        assert await frames.count() <= MOST_FRAMES
        await alice.page.keyboard.press("u")
        await alice.is_at("/mail/inbox")

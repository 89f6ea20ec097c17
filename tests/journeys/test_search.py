"""A person who looks for mail by the keyboard: what is suggested, what is found where, and what is kept."""

from typing import Any

from playwright.async_api import Browser, Locator, expect

from mail_page import NARROW, MailPage, mail_page
from newcomer import Newcomer, newcomer
from trial import Trial


def letter(subject: str, text: str, mailbox: str, sender: str = "jonas@example.com", day: int = 1) -> dict[str, Any]:
    return {
        "mailboxIds": {mailbox: True},
        "keywords": {"$seen": True},
        "from": [{"name": sender.split("@")[0].title(), "email": sender}],
        "to": [{"email": "mara@example.com"}],
        "subject": subject,
        "receivedAt": f"2026-11-{day:02}T09:00:00Z",
        "textBody": [{"partId": "1", "type": "text/plain"}],
        "bodyValues": {"1": {"value": text}},
    }


async def fill(owner: Newcomer) -> None:
    person = await owner.mail()
    boxes = {role: (await person.query("Mailbox", filter={"role": role}))[0] for role in ("inbox", "sent", "junk")}
    boxes["archive"] = (await person.create("Mailbox", name="Archive", role="archive"))["id"]
    letters = [
        letter("Avis: vier Paletten", "Der Lieferschein <b>liegt</b> bei.", boxes["archive"], day=3),
        letter("Thursday", "I send the Lieferschein ahead.", boxes["sent"], owner.email, day=2),
        letter("You won", "Click for your Lieferschein", boxes["junk"], "win@example.net", day=1),
        letter("Our new account", "Pay there", boxes["inbox"], "mara@examp1e.com", day=2),
        letter("Lunch", "Soup again", boxes["inbox"], "deniz@example.com", day=4),
    ]
    made = await person.call("Email/set", create={str(number): each for number, each in enumerate(letters)})
    assert len(made["created"]) == len(letters), made["notCreated"]


def rows(page: MailPage) -> Locator:
    """Without the actions of the row that has the focus."""
    return page.page.locator('[role="grid"] [role="gridcell"][tabindex]')


async def found(page: MailPage, *subjects: str) -> None:
    for number, subject in enumerate(subjects):
        await expect(rows(page).nth(number)).to_contain_text(subject)
    await expect(rows(page)).to_have_count(len(subjects))


async def test_search_by_keyboard_finds_sent_mail_and_archive_marks_the_words_and_is_kept(
    up: Trial, browser: Browser
) -> None:
    async with newcomer(up.environment, "find.alice") as owner, mail_page(up, browser, "find.alice") as alice:
        await fill(owner)
        await alice.sign_in()
        await expect(alice.row("Lunch")).to_be_visible()
        keyboard, field = alice.page.keyboard, alice.page.get_by_role("combobox", name="Search all mail")

        await keyboard.press("/")
        await expect(alice.page.get_by_role("option", name="from: who wrote it")).to_be_visible()
        await alice.expect_no_violations()
        await keyboard.type("Lieferschein")
        await keyboard.press("Enter")
        await found(alice, "Avis", "Thursday")
        await expect(rows(alice).nth(0)).to_contain_text("In Archive")
        await expect(rows(alice).nth(1)).to_contain_text("In Sent")
        await expect(rows(alice).nth(0).locator("mark")).to_have_text("Lieferschein")
        await expect(rows(alice).nth(0)).to_contain_text("<b>liegt</b>")
        await expect(alice.page.get_by_text("2 found").first).to_be_visible()
        await alice.expect_no_violations()

        # The keyboard goes on among what was found.
        await expect(rows(alice).nth(0)).to_be_focused()

        # An operator that is suggested narrows it.
        await keyboard.press("/")
        await keyboard.press("End")
        await keyboard.type(" fr")
        await expect(alice.page.get_by_role("option", name="from: who wrote it")).to_be_visible()
        await keyboard.press("ArrowDown")
        await keyboard.press("Enter")
        await keyboard.type("jon")
        await expect(alice.page.get_by_role("option", name="from:jonas@example.com")).to_be_visible()
        await keyboard.press("ArrowDown")
        await keyboard.press("Enter")
        await expect(field).to_have_value("Lieferschein from:jonas@example.com")
        await found(alice, "Avis")

        # It is part of the address: a conversation opens within it, the page can be loaded anew, and one goes back.
        await rows(alice).nth(0).click()
        await expect(alice.message("Der Lieferschein")).to_be_visible()
        await alice.page.reload()
        await expect(alice.message("Der Lieferschein")).to_be_visible()
        await found(alice, "Avis")
        await alice.page.go_back()
        await alice.page.go_back()
        await found(alice, "Avis", "Thursday")

        await alice.page.get_by_role("button", name="1 more in Spam and Trash").click()
        await found(alice, "Avis", "Thursday", "You won")

        await keyboard.press("/")
        await keyboard.type("Lieferschein -from:me")
        await expect(alice.page.get_by_role("option", name="Save this search")).to_be_visible()
        await keyboard.press("ArrowUp")
        await keyboard.press("Enter")
        await alice.page.get_by_role("dialog", name="Save this search?").get_by_role("textbox").fill("Delivery notes")
        await keyboard.press("Enter")
        await expect(alice.page.get_by_text("Search saved").first).to_be_visible()
        await alice.page.reload()
        await expect(alice.text("Avis")).to_be_visible()
        await keyboard.press("/")
        await keyboard.press("Control+a")
        await keyboard.press("Delete")
        await alice.page.get_by_role("option", name="Delivery notes").click()
        await found(alice, "Avis")

        # Whom the person knows is learned 15 s after the page was there.
        await alice.page.set_viewport_size({"width": NARROW["width"], "height": NARROW["height"]})
        await keyboard.press("/")
        await keyboard.press("Control+a")
        await keyboard.type("from:mara")
        impostor = alice.page.get_by_role("option", name="Looks like mara@example.com, but is not")
        await expect(impostor).to_be_visible(timeout=40_000)
        address = await impostor.get_by_text("mara@examp1e.com").bounding_box()
        warning = await impostor.get_by_text("Looks like").bounding_box()
        assert address
        assert warning
        # Beside a long address it would be cut off.
        assert warning["y"] >= address["y"] + address["height"]
        await alice.expect_no_violations()

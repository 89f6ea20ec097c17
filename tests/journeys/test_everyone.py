"""Every view and state of mail, in both themes, on a phone and on a desk, with large text and from right to left.

axe finds nothing, and nothing is cut off. A new view joins by a line of VIEWS.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from axe import violations
from finger import Finger
from for_everyone import (
    read_from_right_to_left,
    require_for_everyone,
    require_for_fingers,
    require_from_right_to_left,
    require_with_large_text,
)
from incoming_mail import letter, send
from mail_page import NARROW, WIDE, MailPage, mail_page
from trial import Trial

Opens = Callable[[MailPage], Awaitable[None]]
LETTER = "Freight rates in seven charts"
LETTER_TO_ARCHIVE = "Keys of the boat house"


@pytest.fixture(scope="module")
async def alice(up: Trial, browser: Browser) -> AsyncIterator[MailPage]:
    """One page for all views: what is slow is to begin."""
    async with mail_page(up, browser, "everyone.alice", reduced_motion="reduce") as alice:
        await alice.sign_up_and_wait()
        await up.postroom("sandbox", "fill", alice.email, "--mails", "120")
        await deliver(
            up,
            alice,
            f"Subject: {LETTER}",
            "From: Kleingartenverein of Birkenau and Surroundings <weekly@ledger.example.net>",
            "List-Unsubscribe: <https://ledger.example.net/leave?t=a-long-secret>, <mailto:leave@ledger.example.net>",
        )
        yield alice


async def deliver(up: Trial, alice: MailPage, *headers: str) -> None:
    host, _, port = (await up.stalwart())["lmtp"].rpartition(":")
    await send((host, int(port)), alice.email, content=letter(*headers))


async def at_inbox(alice: MailPage) -> None:
    await alice.open("/mail")
    await expect(alice.row("Pallet 3 of the December order")).to_be_visible()


async def press(alice: MailPage, *keys: str) -> None:
    for key in keys:
        await alice.page.keyboard.press(key)


async def dialog(alice: MailPage) -> None:
    await expect(alice.page.get_by_role("dialog").last).to_be_visible()


async def empty_folder(alice: MailPage) -> None:
    await alice.open("/mail/junk")
    await expect(alice.page.get_by_role("heading", level=1)).to_have_text("Spam")


async def unread(alice: MailPage) -> None:
    await at_inbox(alice)
    await alice.button("Filter").click()
    await alice.button("Unread").click()


async def conversation(alice: MailPage) -> None:
    await at_inbox(alice)
    await alice.row("Pallet 3 of the December order").click()
    await expect(alice.text("This may not be the Mara Lindqvist you know")).to_be_visible()


async def selection(alice: MailPage) -> None:
    await at_inbox(alice)
    await press(alice, "j", "x", "Shift+J", "Shift+J")
    await expect(alice.text("3 selected")).to_be_visible()


async def toast(alice: MailPage) -> None:
    await at_inbox(alice)
    await press(alice, "j", "j", "e")
    await expect(alice.page.get_by_role("region", name="Notices").get_by_role("button").first).to_be_visible()


async def search_help(alice: MailPage) -> None:
    await at_inbox(alice)
    await press(alice, "/")
    await expect(alice.page.get_by_role("listbox").first).to_be_visible()


async def search_results(alice: MailPage) -> None:
    await alice.open("/mail/search?q=order")
    await expect(alice.page.locator("mark").first).to_be_visible()


async def nothing_found(alice: MailPage) -> None:
    await alice.open("/mail/search?q=xyzzyplugh")
    await expect(alice.page.get_by_role("status").first).to_be_attached()


async def unknown_operator(alice: MailPage) -> None:
    await at_inbox(alice)
    await press(alice, "/")
    await alice.page.keyboard.type("form:mara ")


async def by_key(alice: MailPage, *keys: str) -> None:
    await at_inbox(alice)
    await press(alice, "j", *keys)
    await dialog(alice)


def opened_by(*keys: str) -> Opens:
    return lambda alice: by_key(alice, *keys)


async def compose(alice: MailPage) -> None:
    await at_inbox(alice)
    await press(alice, "c")
    window = alice.page.get_by_role("dialog", name="New message")
    await expect(window.get_by_role("combobox", name="To")).to_be_focused()
    await alice.page.keyboard.type("bob@example.org, not an address,")


async def newsletter(alice: MailPage) -> None:
    """Of a list that can be left, and whose name needs several lines on a phone, and has a long word."""
    await at_inbox(alice)
    await alice.row(LETTER).click()
    await expect(alice.page.get_by_role("button", name="Unsubscribe from")).to_be_visible()


async def leaving_a_list(alice: MailPage) -> None:
    await newsletter(alice)
    await alice.page.get_by_role("button", name="Unsubscribe from").click()
    await expect(alice.page.get_by_role("dialog", name="Unsubscribe from")).to_be_visible()


async def reply(alice: MailPage) -> None:
    await conversation(alice)
    await press(alice, "r")
    await expect(alice.page.get_by_role("dialog").last).to_be_visible()


async def offline(alice: MailPage) -> None:
    await at_inbox(alice)
    await alice.loses_the_network()
    await expect(alice.page.get_by_role("button", name="Offline").first).to_be_visible()


async def failing(alice: MailPage) -> None:
    await alice.page.route("**/jmap/**", lambda route: route.fulfill(status=503, json={"code": "mail_server_away"}))
    await alice.open("/mail/sent")
    await expect(alice.text("The mail server")).to_be_visible()


async def loading(alice: MailPage) -> None:
    await alice.page.route("**/jmap/**", lambda _: None)
    await alice.open("/mail/trash")
    await expect(alice.page.get_by_role("img", name="Loading")).to_be_visible()


async def at_path(alice: MailPage, path: str) -> None:
    await alice.open(path)
    await expect(alice.page.get_by_role("heading").first).to_be_attached()
    await expect(
        alice.page.get_by_role("button", name="Live").or_(alice.page.locator(".settings")).first
    ).to_be_attached()


def path(path: str) -> Opens:
    return lambda alice: at_path(alice, path)


async def new_filter(alice: MailPage) -> None:
    await alice.open("/mail/settings/filters")
    await alice.button("New").click()
    await alice.button("Save filter").click()
    await expect(alice.text("Say what to look for.")).to_be_visible()


async def own_window(alice: MailPage) -> None:
    await alice.open("/mail/compose/new")
    await expect(alice.page.get_by_role("textbox", name="Message")).to_be_visible()


SECTIONS = ("", "general", "identities", "filters", "absence", "folders", "keyboard", "devices", "tokens", "security")

VIEWS: Mapping[str, Opens] = {
    "inbox": at_inbox,
    "empty folder": empty_folder,
    "starred": path("/mail/starred"),
    "drafts": path("/mail/drafts"),
    "scheduled": path("/mail/scheduled"),
    "unread": unread,
    "conversation": conversation,
    "newsletter": newsletter,
    "leaving a list": leaving_a_list,
    "selection": selection,
    "toast": toast,
    "search help": search_help,
    "search results": search_results,
    "nothing found": nothing_found,
    "unknown operator": unknown_operator,
    "keys": opened_by("?"),
    "move": opened_by("v"),
    "label": opened_by("l"),
    "more": opened_by("."),
    "go to": opened_by("g", "l"),
    "compose": compose,
    "reply": reply,
    "own window": own_window,
    "offline": offline,
    "failing": failing,
    "loading": loading,
    "new filter": new_filter,
    **{f"settings {section or 'list'}": path(f"/mail/settings/{section}".rstrip("/")) for section in SECTIONS},
}


@pytest.fixture
async def page(alice: MailPage) -> AsyncIterator[Page]:
    """As it is before each view."""
    await alice.page.set_viewport_size({"width": WIDE["width"], "height": WIDE["height"]})
    yield alice.page
    await alice.page.context.set_offline(False)
    await alice.page.unroute_all(behavior="ignoreErrors")
    # A window of writing would cover the views that follow.
    await press(alice, "Escape")
    for close in await alice.page.get_by_role("button", name="Save and close", exact=True).all():
        await close.click()


@pytest.mark.parametrize("name", VIEWS)
async def test_view_is_for_everyone(alice: MailPage, page: Page, name: str) -> None:
    await VIEWS[name](alice)
    await require_for_everyone(page, name)
    await require_with_large_text(page, name, NARROW["width"], WIDE["width"])
    await require_from_right_to_left(page, name)


async def right_of(part: Locator) -> float:
    box = await part.bounding_box()
    assert box
    return box["x"] + box["width"]


async def test_keys_and_what_opens_follow_the_direction_of_reading(alice: MailPage, page: Page) -> None:
    await conversation(alice)
    await read_from_right_to_left(page)
    splitter = page.get_by_role("separator")
    width = int(await splitter.get_attribute("aria-valuenow") or 0)
    await splitter.press("ArrowLeft")
    await expect(splitter).to_have_attribute("aria-valuenow", str(width + 16))
    await splitter.press("ArrowRight")
    reader = page.get_by_role("region", name="Message", exact=True)
    await reader.get_by_role("button", name="Archive", exact=True).press("ArrowLeft")
    await expect(reader.get_by_role("button", name="Report spam")).to_be_focused()
    move = reader.get_by_role("button", name="Move to")
    await move.click()
    popup = page.get_by_role("dialog", name="Move")
    assert await right_of(popup) == pytest.approx(await right_of(move), abs=1)
    await press(alice, "Escape", ";")
    await page.get_by_role("button", name="Preview", disabled=False).first.click()
    await expect(page.get_by_role("dialog", name="1 of 2")).to_be_visible()
    await press(alice, "ArrowLeft")
    await expect(page.get_by_role("dialog", name="2 of 2")).to_be_visible()
    await press(alice, "Escape", "e")
    toast = page.locator(".toast")
    assert await right_of(toast) == 1440 - 16
    await press(alice, "z")
    row = alice.row("Pallet 3 of the December order")
    await row.press("ArrowLeft")
    await expect(page.get_by_role("button", name="Archive", exact=True).first).to_be_focused()


# A window of writing comes back with the next page, if it was closed just before: it is the last.
FOR_FINGERS = (
    *("inbox", "unread", "conversation", "newsletter", "leaving a list", "selection", "move", "more"),
    *("search results", "settings general", "settings absence", "settings folders", "settings tokens", "compose"),
)


async def test_what_is_touched_is_large_enough_on_a_phone(up: Trial, browser: Browser, alice: MailPage) -> None:
    """44 by 44 (design), and not cut off with large text, by the page of the same person: what is opened by a key at a
    desk can be touched here."""
    state = await alice.page.context.storage_state()
    phone = {"viewport": NARROW, "has_touch": True, "is_mobile": True, "storage_state": state}
    # The newest: where the others stand depends on the time of day.
    await deliver(up, alice, f"Subject: {LETTER_TO_ARCHIVE}", "From: Ada Quill <ada@ledger.example.net>")
    async with mail_page(up, browser, "everyone.alice", reduced_motion="reduce", **phone) as at_phone:
        await at_inbox(at_phone)
        # What a phone alone has: its bar.
        assert await violations(at_phone.page, "color-contrast") == []
        await read_from_right_to_left(at_phone.page)
        finger = Finger(await at_phone.page.context.new_cdp_session(at_phone.page))
        await finger.swipes(at_phone.row(LETTER_TO_ARCHIVE), -160)
        await expect(at_phone.text("Conversation archived")).to_be_visible()
        for name in FOR_FINGERS:
            await VIEWS[name](at_phone)
            await require_for_fingers(at_phone.page, name)
            await require_with_large_text(at_phone.page, name, NARROW["width"])
            await press(at_phone, "Escape")

"""A message in a window of the browser's own: opened, loaded again, taken over, closed; and what `mailto:` opens."""

from urllib.parse import quote, urlsplit

from playwright.async_api import Browser, Page, expect

from eventually import eventually
from mail_page import MailPage
from other_program import mails_in, received, send
from trial import Trial
from writing_page import Window, begin, reader, writer

ELSEWHERE = "This message is being written in another tab."


async def own_window(window: Window) -> MailPage:
    """The window in which it goes on."""
    async with window.page.context.expect_page() as coming:
        await window.button("More").click()
        await window.page.get_by_role("menuitem", name="Open in its own window").click()
    return _as(window.of, await coming.value)


def _as(alice: MailPage, page: Page) -> MailPage:
    own = MailPage.__new__(MailPage)
    own.__dict__.update(alice.__dict__, page=page)
    return own


async def test_a_message_goes_on_in_its_own_window_where_the_cursor_was_outlives_a_reload_and_is_sent_from_there(
    up: Trial, browser: Browser
) -> None:
    async with reader(up, "own.bob") as bob, writer(up, browser, "own.alice", can_undo=False) as (alice, _):
        # With an empty line.
        begun = await begin(alice, [bob.address], "Moves", "One\n\nfour")
        for _ in range(len("four") + 1):
            await alice.page.keyboard.press("ArrowLeft")
        own = await own_window(begun)
        # Its script is there, the text is another tab's still, or is not loaded.
        await own.page.locator("main").wait_for(state="attached")
        await own.page.keyboard.type("two")
        window = Window(own, "Moves")
        lines = window.text.locator("div")
        await expect(lines).to_have_text(["One", "two", "four"])
        await own.expect_no_violations()
        await expect(window.text).to_be_focused()
        # A browser drops what its database has not begun to write when a page goes: here always.
        await own.page.evaluate("() => { IDBObjectStore.prototype.put = () => { throw new DOMException() } }")
        await own.page.keyboard.type(" three")
        await own.page.reload()
        await expect(lines).to_have_text(["One", "two three", "four"])
        # Until it has taken the message over from the page before, nothing is sent.
        await expect(window.text).to_be_focused()
        await expect(alice.page.get_by_role("dialog")).to_have_count(0)
        await window.text.press("Control+End")
        await own.page.keyboard.press("Control+Enter")
        body = (await received(bob, "Moves")).get_body(("plain",))
        assert body
        assert body.get_content().splitlines() == ["One", "two three", "four"]


async def test_what_another_tab_writes_is_followed_taken_over_and_given_back(up: Trial, browser: Browser) -> None:
    async with writer(up, browser, "over.alice") as (alice, own):
        begun = await begin(alice, ["bob@example.net"], "Shared", "One")
        await begun.is_saved()
        page = await own_window(begun)
        window = Window(page, "Shared")
        await expect(window.text).to_have_text("One")
        await alice.open("/mail/drafts")
        await alice.row("Shared").click()
        here = Window(alice, "Shared")
        await expect(here.box.get_by_text(ELSEWHERE)).to_be_visible()
        await alice.expect_no_violations()
        await page.page.bring_to_front()
        await window.text.press("Control+End")
        await page.page.keyboard.type(", more")
        await expect(here.text).to_have_text("One, more")
        await expect(here.text).not_to_be_editable()
        await alice.page.bring_to_front()
        await here.button("Take over").click()
        # What is typed at once is written, and is no command of the page.
        await alice.page.keyboard.type("e# ")
        await expect(window.box.get_by_text(ELSEWHERE)).to_be_visible()
        await expect(here.text).to_be_focused()
        await expect(here.text).to_have_text("e# One, more")
        await expect(window.text).to_have_text("e# One, more")
        await window.button("Take over").click()
        await expect(window.text).not_to_have_attribute("aria-readonly", "true")
        await window.text.press("Control+End")
        await page.page.keyboard.type(", last")
        async with page.page.expect_event("close"):
            await page.page.keyboard.press("Escape")

        async def stored() -> bool:
            bodies = [mail.get_body(("plain",)) for mail in await mails_in(own, "drafts", "Shared")]
            return [body.get_content().strip() for body in bodies if body] == ["e# One, more, last"]

        await eventually(stored, "the mail server has all words, once")


async def test_mailto_opens_a_message_with_what_the_link_says_which_is_the_same_after_a_reload(
    up: Trial, browser: Browser
) -> None:
    async with reader(up, "link.dora") as dora, writer(up, browser, "link.alice") as (alice, own):
        await send(dora, alice.email, "Contact", "Write to mailto:carla@example.net please.")
        await alice.row("Contact").click()
        await alice.page.get_by_role("link", name="mailto:carla@example.net").click()
        box = Window(alice).box
        await expect(box.get_by_role("button", name="carla@example.net", exact=True)).to_be_visible()
        assert alice.page.context.pages == [alice.page]

        # By the address that a browser opens as the handler.
        link = f"mailto:{dora.address}?subject=Pallet%203&cc=carla@example.net&body=Where%20is%20it%3F"
        asked: list[str] = []
        alice.page.on("request", lambda request: asked.append(urlsplit(request.url).path))
        await alice.open(f"/mail/compose/new?mailto={quote(link, safe='')}")
        window = Window(alice, "Pallet 3")
        await expect(window.text).to_have_text("Where is it?")
        for address in (dora.address, "carla@example.net"):
            await expect(window.box.get_by_role("button", name=address, exact=True)).to_be_visible()
        assert asked.count("/jmap/session") == 1
        await alice.expect_no_violations()
        await window.text.press("Control+End")
        await alice.page.keyboard.type(" Tell me.")
        await window.is_saved()
        await alice.page.reload()
        await expect(window.text).to_have_text("Where is it? Tell me.")
        assert len(await mails_in(own, "drafts", "Pallet 3")) == 1

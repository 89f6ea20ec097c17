"""The windows in which messages are written, by keyboard and pointer; the policy of the page blocks nothing of ours."""

import re

from playwright.async_api import Browser, Locator, Page, expect

from mail_page import NARROW, MailPage, mail_page
from trial import Trial

PASTE = """([kind, text]) => {
    const data = new DataTransfer(); data.setData(kind, text)
    const paste = {clipboardData: data, bubbles: true, cancelable: true}
    document.activeElement.dispatchEvent(new ClipboardEvent('paste', paste))
}"""
PASTE_PICTURE = """async () => {
    const canvas = document.createElement('canvas')
    const blob = await new Promise((resolve) => canvas.toBlob(resolve))
    const data = new DataTransfer(); data.items.add(new File([blob], 'stacks.png', {type: 'image/png'}))
    const paste = {clipboardData: data, bubbles: true, cancelable: true}
    document.activeElement.dispatchEvent(new ClipboardEvent('paste', paste))
}"""


def field(page: Page, name: str) -> Locator:
    return page.get_by_role("dialog").get_by_role("textbox", name=name, exact=True)


async def opened(alice: MailPage, subject: str) -> Locator:
    """A new window with a subject, and the field of its text, which has the focus."""
    await alice.page.locator("body").press("c")
    await expect(alice.page.get_by_role("combobox", name="To").last).to_be_focused()
    window = alice.page.get_by_role("dialog", name="New message")
    await window.get_by_role("textbox", name="Subject").fill(subject)
    text = alice.page.get_by_role("dialog", name=subject).get_by_role("textbox", name="Message")
    await text.focus()
    return text


async def test_a_message_is_written_with_the_keyboard_only(up: Trial, browser: Browser) -> None:
    async with mail_page(up, browser, "cw.keys") as alice:
        await alice.sign_up_and_wait()
        page = alice.page
        await page.locator("body").press("c")
        await expect(page.get_by_role("combobox", name="To")).to_be_focused()
        # Nobody types so fast that the chips are not there yet.
        await expect(page.get_by_role("toolbar", name="Format")).to_be_visible()
        await page.keyboard.type("Priya Raghunathan <priya@example.org>; kenji@papier,")
        await page.keyboard.press("Backspace")
        await alice.expect_focus("BUTTON kenji@papier is not an address yet")
        await page.keyboard.press("Backspace")
        await page.keyboard.press("End")
        await page.keyboard.press("Tab")
        await page.keyboard.type("Paper")
        await expect(page.get_by_role("dialog", name="Paper")).to_be_visible()
        await page.keyboard.press("Tab")
        await page.keyboard.type("Option B is ")
        await page.keyboard.press("Control+b")
        await page.keyboard.type("uncoated")
        await page.keyboard.press("Control+b")
        text = field(page, "Message")
        await expect(text.locator("b")).to_have_text("uncoated")
        await page.keyboard.type(" paper")
        await page.keyboard.press("Control+z")
        await expect(text).not_to_contain_text("paper")
        await page.keyboard.press("Control+y")
        await expect(text).to_contain_text("uncoated paper")
        await page.keyboard.press("Shift+Home")
        await page.keyboard.press("Control+k")
        await expect(page.get_by_role("textbox", name="Address", exact=True)).to_be_focused()
        await page.keyboard.type("example.org")
        await page.keyboard.press("Enter")
        await expect(text.locator("a").first).to_have_attribute("href", "https://example.org")
        await expect(alice.text(re.compile("^ ?Saved"))).to_be_visible()
        await alice.expect_no_violations()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_what_is_pasted_is_harmless_and_pictures_stand_in_the_text(up: Trial, browser: Browser) -> None:
    async with mail_page(up, browser, "cw.paste") as alice:
        await alice.sign_up_and_wait()
        text = await opened(alice, "Stacks")
        html = '<p class="x">Pasted <b>words</b><img src="https://tracker.example/x.png" alt="a pixel"></p>'
        await alice.page.evaluate(PASTE, ["text/html", html])
        await expect(text).to_contain_text("Pasted wordsa pixel")
        await expect(text.locator("img, [class]")).to_have_count(0)
        await alice.page.evaluate(PASTE_PICTURE)
        await expect(text.locator("img")).to_have_attribute("src", re.compile("^blob:"))
        await text.locator("img").click()
        await expect(text.locator("img")).to_have_class("chosen")
        await alice.page.keyboard.press("Delete")
        await expect(text.locator("img")).to_have_count(0)


async def test_two_windows_stand_beside_each_other_and_others_are_tabs(up: Trial, browser: Browser) -> None:
    async with mail_page(up, browser, "cw.tabs") as alice:
        await alice.sign_up_and_wait()
        for subject in ("One", "Two", "Three"):
            await opened(alice, subject)
            await alice.button("Compose").focus()
        windows = alice.page.get_by_role("dialog")
        await expect(windows).to_have_count(2)
        await alice.button("Go on writing: One").press("Enter")
        await expect(alice.page.get_by_role("dialog", name="One").get_by_role("combobox")).to_be_focused()
        await expect(alice.button("Go on writing: Two")).to_be_visible()
        await alice.page.get_by_role("dialog", name="One").get_by_role("button", name="Minimise").click()
        await expect(alice.button("Go on writing: One")).to_be_focused()
        await alice.expect_no_violations()


async def test_a_draft_moves_to_a_window_of_its_own_and_stays_when_that_is_closed(up: Trial, browser: Browser) -> None:
    async with mail_page(up, browser, "cw.own") as alice:
        await alice.sign_up_and_wait()
        await opened(alice, "Moves")
        await alice.page.keyboard.type("Dear Bob")
        async with alice.page.context.expect_page() as coming:
            await alice.page.get_by_role("dialog").get_by_role("button", name="More", exact=True).click()
            await alice.page.get_by_role("menuitem", name="Open in its own window").click()
        own = await coming.value
        await expect(field(own, "Message")).to_have_text("Dear Bob")
        await expect(alice.page.get_by_role("dialog")).to_have_count(0)
        await field(own, "Message").press("End")
        await own.keyboard.type(", dear Ann")
        async with own.expect_event("close"):
            await own.get_by_role("button", name="Save and close").click()
        await alice.open("/mail/drafts")
        await expect(alice.row("Moves")).to_contain_text("Dear Bob, dear Ann")


async def test_a_phone_has_the_window_over_its_screen(up: Trial, browser: Browser) -> None:
    dark = {"viewport": NARROW, "color_scheme": "dark", "has_touch": True, "is_mobile": True}
    async with mail_page(up, browser, "cw.phone", **dark) as alice:
        await alice.sign_up_and_wait()
        await alice.button("Compose").last.tap()
        window = alice.page.get_by_role("dialog", name="New message")
        await expect(window).to_be_visible()
        assert await window.bounding_box() == {"x": 0, "y": 0, **NARROW}
        await expect(window.get_by_role("button", name="Send", exact=True)).to_be_visible()
        await alice.expect_no_violations()
        await window.get_by_role("button", name="Send later").tap()
        await expect(alice.page.get_by_role("menu", name="Send later")).to_be_visible()
        await alice.expect_no_violations()


async def test_a_format_that_was_turned_off_stays_off_in_the_next_line_and_in_a_list(
    up: Trial, browser: Browser
) -> None:
    async with mail_page(up, browser, "cw.formats") as alice:
        await alice.sign_up_and_wait()
        text, keyboard = await opened(alice, "Formats"), alice.page.keyboard
        for press in ("Control+i", "word", "Control+i", "Enter", "plain", "Control+Shift+8", "Enter", "item"):
            await (keyboard.press(press) if press[0].isupper() else keyboard.type(press))
        await expect(text.locator("i")).to_have_text("word")
        await expect(text.get_by_role("listitem").last).to_have_text("item")
        await keyboard.press("Control+b")
        await keyboard.type(" on")
        await keyboard.press("Enter")
        await keyboard.type("still on")
        await expect(text.locator("b").last).to_have_text("still on")


async def test_what_is_pasted_takes_our_colours_and_breaks_no_rule_of_the_page(up: Trial, browser: Browser) -> None:
    async with mail_page(up, browser, "cw.colours") as alice:
        notes: list[str] = []
        alice.page.on("console", lambda said: notes.append(said.text))
        await alice.sign_up_and_wait()
        text = await opened(alice, "Colours")
        html = (
            '<p style="color: white; font-weight: bold" onclick="x()">white <strong style="color: #fff">strong</strong>'
            '<tt style="color: red">tt</tt> <font color="white">font</font></p>'
        )
        await alice.page.evaluate(PASTE, ["text/html", html])
        await expect(text).to_contain_text("white strongtt font")
        await expect(text.locator("[style*=color], [color]")).to_have_count(0)
        await expect(text.locator("p")).to_have_css("font-weight", "700")
        assert [note for note in notes if "Security Policy" in note] == []


async def test_a_megabyte_that_is_pasted_is_attached_at_once_and_nothing_of_it_is_lost(
    up: Trial, browser: Browser
) -> None:
    async with mail_page(up, browser, "cw.long") as alice:
        await alice.sign_up_and_wait()
        text = await opened(alice, "Long")
        await text.press("a")
        await alice.page.evaluate(PASTE, ["text/plain", "Ten per cent less.\n" * 53_000])
        window = alice.page.get_by_role("dialog", name="Long")
        await expect(window.get_by_role("list", name="Attachments")).to_contain_text("1 MB")
        await expect(window.get_by_role("alert")).to_contain_text("It is attached as a file.")
        await expect(text).to_have_text("a")
        await alice.expect_no_violations()
        await window.get_by_role("button", name="Hide").click()
        await expect(window.get_by_role("alert")).to_have_count(0)
        await window.get_by_role("button", name="Remove Pasted text.txt").click()
        await expect(text).to_be_focused()


async def test_who_takes_a_message_back_goes_on_where_the_cursor_was(up: Trial, browser: Browser) -> None:
    async with mail_page(up, browser, "cw.undo") as alice:
        await alice.sign_up_and_wait()
        text, keyboard = await opened(alice, "Back"), alice.page.keyboard
        await alice.page.get_by_role("combobox", name="To").fill(alice.email)
        await text.focus()
        await keyboard.type("One\n\nthree")
        for _ in range(len("three") + 1):
            await keyboard.press("ArrowLeft")
        await keyboard.press("Control+Enter")
        await expect(text).to_have_count(0)
        await alice.button("Undo").first.click()
        await expect(text).to_be_focused()
        await keyboard.type("two")
        await expect(text.locator("div")).to_have_text(["One", "two", "three"])


async def test_a_picture_pasted_behind_a_link_stands_outside_of_it(up: Trial, browser: Browser) -> None:
    async with mail_page(up, browser, "cw.link") as alice:
        await alice.sign_up_and_wait()
        text = await opened(alice, "Link")
        await alice.page.keyboard.press("Control+k")
        await alice.page.keyboard.type("example.org")
        await alice.page.keyboard.press("Enter")
        await expect(text.locator("a")).to_have_text("example.org")
        await alice.page.evaluate(PASTE_PICTURE)
        await expect(text.locator("img")).to_have_count(1)
        await expect(text.locator("a img")).to_have_count(0)

"""The windows in which messages are written, by keyboard and pointer; the policy of the page blocks nothing of ours."""

import asyncio
import re

from playwright.async_api import Browser, Locator, Route, expect

from mail_page import MailPage, mail_page
from postroom.web.interface import FOLDER
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


DROP = """() => {
    const data = new DataTransfer(); data.items.add(new File(['1'], 'plan.pdf', {type: 'application/pdf'}))
    document.activeElement.dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}))
}"""


async def opened(alice: MailPage, subject: str) -> Locator:
    """A new window with a subject, and the field of its text, which has the focus."""
    await alice.button("Compose").press("c")
    await expect(alice.page.get_by_role("combobox", name="To").last).to_be_focused()
    window = alice.page.get_by_role("dialog", name="New message")
    await window.get_by_role("textbox", name="Subject").fill(subject)
    text = alice.page.get_by_role("dialog", name=subject).get_by_role("textbox", name="Message")
    await text.focus()
    return text


def editor() -> str:
    """The name of the script with Squire in it."""
    scripts = (FOLDER / "_app/immutable").rglob("*.js")
    (found,) = (path.name for path in scripts if "squire-selection-start" in path.read_text())
    return found


async def test_what_is_done_before_the_window_is_there_is_in_it_then(up: Trial, browser: Browser) -> None:
    async with mail_page(up, browser, "cw.early") as alice:
        await alice.sign_up_and_wait()
        page, there = alice.page, asyncio.Event()

        async def hold(route: Route) -> None:
            await there.wait()
            await route.continue_()

        await page.route(f"**/{editor()}", hold)
        await page.reload()
        await expect(alice.row("Welcome to your new mailbox")).to_be_visible()
        await page.keyboard.press("c")
        await page.keyboard.type("anm")
        await page.keyboard.press("Backspace")
        await page.evaluate(PASTE, ["text/plain", "n@example.org"])
        await page.evaluate(DROP)
        await expect(page.get_by_role("combobox", name="To")).to_have_count(0)
        there.set()
        await expect(page.get_by_role("combobox", name="To")).to_be_focused()
        await expect(page.get_by_role("list", name="Attachments")).to_contain_text("plan.pdf")
        await expect(page.get_by_role("combobox", name="To")).to_have_value("ann@example.org")


async def test_a_message_is_written_with_the_keyboard_only(up: Trial, browser: Browser) -> None:
    async with mail_page(up, browser, "cw.keys") as alice:
        await alice.sign_up_and_wait()
        page, keyboard = alice.page, alice.page.keyboard
        await page.locator("body").press("c")
        await expect(page.get_by_role("combobox", name="To")).to_be_focused()
        # Nobody types so fast that the chips are not there yet.
        await expect(page.get_by_role("toolbar", name="Format")).to_be_visible()
        await keyboard.type("Priya Raghunathan <priya@example.org>; kenji@papier,")
        await keyboard.press("Backspace")
        await alice.expect_focus("BUTTON kenji@papier is not an address yet")
        for key in ("Backspace", "End", "Tab"):
            await keyboard.press(key)
        await keyboard.type("Paper")
        await expect(page.get_by_role("dialog", name="Paper")).to_be_visible()
        await keyboard.press("Tab")
        await keyboard.type("Option B is ")
        await keyboard.press("Control+b")
        await keyboard.type("uncoated")
        await keyboard.press("Control+b")
        text = page.get_by_role("dialog").get_by_role("textbox", name="Message", exact=True)
        await expect(text.locator("b")).to_have_text("uncoated")
        await keyboard.type(" paper")
        await keyboard.press("Control+z")
        await expect(text).not_to_contain_text("paper")
        await keyboard.press("Control+y")
        await expect(text).to_contain_text("uncoated paper")
        await keyboard.press("Shift+Home")
        await keyboard.press("Control+k")
        await expect(page.get_by_role("textbox", name="Address", exact=True)).to_be_focused()
        await keyboard.type("example.org")
        await keyboard.press("Enter")
        await expect(text.locator("a").first).to_have_attribute("href", "https://example.org")
        await expect(alice.text(re.compile("^ ?Saved"))).to_be_visible()
        await alice.expect_no_violations()

        # A format that was turned off stays off in the next line and in a list; one that was not goes on.
        text = await opened(alice, "Formats")
        for press in ("Control+i", "word", "Control+i", "Enter", "plain", "Control+Shift+8", "Enter", "item"):
            await (keyboard.press(press) if press[0].isupper() else keyboard.type(press))
        await expect(text.locator("i")).to_have_text("word")
        await expect(text.get_by_role("listitem").last).to_have_text("item")
        await keyboard.press("Control+b")
        await keyboard.type(" on")
        await keyboard.press("Enter")
        await keyboard.type("still on")
        await expect(text.locator("b").last).to_have_text("still on")
        for subject in ("Formats", "Paper"):
            await page.get_by_role("dialog", name=subject).get_by_role("textbox", name="Message").press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_what_is_pasted_is_harmless_has_our_colours_and_breaks_no_rule_of_the_page(
    up: Trial, browser: Browser
) -> None:
    async with mail_page(up, browser, "cw.paste") as alice:
        notes: list[str] = []
        alice.page.on("console", lambda said: notes.append(said.text))
        await alice.sign_up_and_wait()
        text = await opened(alice, "Stacks")
        html = (
            '<p class="x" style="color: white; font-weight: bold" onclick="x()">Pasted '
            '<strong style="color: #fff">words</strong><tt style="color: red">tt</tt> <font color="white">font</font>'
            '<img src="https://tracker.example/x.png" alt="a pixel"></p>'
        )
        await alice.page.evaluate(PASTE, ["text/html", html])
        await expect(text).to_contain_text("Pasted wordstt fonta pixel")
        await expect(text.locator("img, [class], [style*=color], [color]")).to_have_count(0)
        await expect(text.locator("p")).to_have_css("font-weight", "700")
        assert [note for note in notes if "Security Policy" in note] == []

        # Pictures stand in the text: behind a link, outside of it.
        text = await opened(alice, "Link")
        await alice.page.keyboard.press("Control+k")
        await alice.page.keyboard.type("example.org")
        await alice.page.keyboard.press("Enter")
        await expect(text.locator("a")).to_have_text("example.org")
        await alice.page.evaluate(PASTE_PICTURE)
        await expect(text.locator("img")).to_have_attribute("src", re.compile("^blob:"))
        await expect(text.locator("a img")).to_have_count(0)
        await text.locator("img").click()
        await expect(text.locator("img")).to_have_class("chosen")
        await alice.page.keyboard.press("Delete")
        await expect(text.locator("img")).to_have_count(0)

        # A megabyte is attached at once, and nothing of it is lost.
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


async def test_two_windows_stand_beside_each_other_others_are_tabs_and_a_discarded_one_is_back_with_a_key(
    up: Trial, browser: Browser
) -> None:
    async with mail_page(up, browser, "cw.tabs") as alice:
        await alice.sign_up_and_wait()
        for subject in ("One", "Two", "Three"):
            await opened(alice, subject)
        windows = alice.page.get_by_role("dialog")
        await expect(windows).to_have_count(2)
        await alice.button("Go on writing: One").press("Enter")
        one = alice.page.get_by_role("dialog", name="One")
        await expect(one.get_by_role("combobox")).to_be_focused()
        await expect(alice.button("Go on writing: Two")).to_be_visible()
        await one.get_by_role("button", name="Minimise").click()
        await expect(alice.button("Go on writing: One")).to_be_focused()
        await alice.expect_no_violations()
        await alice.button("Go on writing: One").press("Enter")
        text = one.get_by_role("textbox", name="Message")
        await text.press_sequentially("All of it")
        await one.get_by_role("button", name="Discard draft").click()
        await expect(one).to_have_count(0)
        await expect(alice.text("Draft discarded")).to_be_visible()
        await alice.button("Compose").press("z")
        await expect(text).to_have_text("All of it")

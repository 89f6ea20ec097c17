"""The core of what a person does, each from any page of mail on."""

from collections.abc import Awaitable, Callable, Mapping
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from eventually import eventually
from other_browsers.driven import FRAMES, PHONE
from other_browsers.page import WELCOME, WITHIN, OtherPage

PICTURE = Path(__file__).parent.parent.parent / "docs/pictures/inbox-phone-dark.png"
WITH_PICTURE, WITH_LINK, SENT = "Bay 7 from above", "A new lift", "Pallet 3"

KEPT = """
  const registration = await navigator.serviceWorker.getRegistration('/mail')
  return Boolean(registration?.active && !registration.installing) && (await caches.has('postroom-person'))
    && Boolean(await caches.match('/mail', { ignoreVary: true }))"""
"""The page is kept last. The name of the cache alone says nothing: signing out empties it, and the worker, which stays,
opens it again before it fetches the files."""

SEPARATORS = """[...document.querySelectorAll('[role=toolbar] .start')].filter(isSeen).map((button) => {
  const line = getComputedStyle(button, '::before')
  const own = button.getBoundingClientRect()
  const above = button.previousElementSibling.getBoundingClientRect()
  return { gap: own.left - above.right, height: own.height, top: parseFloat(line.top), left: parseFloat(line.left),
    long: parseFloat(line.height) }
})"""
"""The lines between the groups of a toolbar, from the corner of the button behind them."""


def letter(to: str) -> bytes:
    """With formats, a picture in its text, a place to write in, and words that nobody sees."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = "Jonas Weber <jonas@birkenau.example.net>", to
    message["Subject"], message["Message-ID"] = WITH_PICTURE, "<bay-7@birkenau.example.net>"
    message.set_content("The third shelf is free.")
    shelf = "<p style='-webkit-user-modify:read-write'>The third shelf is <b>free</b>.</p>"
    unseen = "<p style='display:none'>The lift is not.</p><p style='height:0;overflow:hidden'>Nor is the lift.</p>"
    message.add_alternative(f"{shelf}{unseen}<img src='cid:bay@birkenau'>", subtype="html")
    html = message.get_payload(1)
    assert isinstance(html, EmailMessage)
    html.add_related(PICTURE.read_bytes(), maintype="image", subtype="png", cid="<bay@birkenau>")
    return message.as_bytes()


def letter_with_a_link(to: str) -> bytes:
    """The link says another place than it opens."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = "Petra Weber <petra@birkenau.example.net>", to
    message["Subject"], message["Message-ID"] = WITH_LINK, "<lift@birkenau.example.net>"
    message.set_content("<a href='https://lifts.example.org/pay'>birkenau.example.net</a>", subtype="html")
    return message.as_bytes()


async def signs_out_and_in_again(alice: OtherPage) -> None:
    await alice.open("/sign-out")
    await alice.press("button", "Sign out")
    await alice.sign_in()
    await alice.has("gridcell", WELCOME)


async def reads_a_message_with_a_picture_in_its_text(alice: OtherPage) -> None:
    await alice.open("/mail")
    await alice.press("gridcell", WITH_PICTURE)
    await alice.has("heading", WITH_PICTURE)
    await alice.holds_framed("document.body.innerText.includes('third shelf is free')", "the frame shows the text")
    await alice.holds_framed("document.images[0].naturalWidth === 390", "the picture is shown")
    await alice.holds_framed("innerHeight >= document.body.getBoundingClientRect().bottom", "the frame is high enough")


async def is_asked_before_a_link_leads_elsewhere(alice: OtherPage) -> None:
    await alice.open("/mail")
    await alice.press("gridcell", WITH_LINK)
    await alice.holds_framed("document.querySelector('a') !== null", "the frame shows the link")
    await alice.sees("petra@birkenau.example.net")
    # Nothing grows after this, so the link stays where it is.
    await alice.sees("A link leads elsewhere than it says")
    corners = [await alice.find(f"[...document.querySelectorAll('{FRAMES}')].at(-1).getBoundingClientRect().toJSON()")]
    corners.append(
        await alice.browser.run_framed("return document.querySelector('a').getBoundingClientRect().toJSON()")
    )
    await alice.browser.click_at(sum(each["x"] for each in corners) + 5, sum(each["y"] for each in corners) + 5)
    await alice.has("dialog", "Open this link?")
    await alice.sees("lifts.example.org")
    await alice.press("button", "Cancel")
    await alice.lacks("dialog", "Open this link?")


async def quotes_what_could_be_seen(alice: OtherPage) -> None:
    await reads_a_message_with_a_picture_in_its_text(alice)
    await alice.holds_framed("!document.querySelector('p').isContentEditable", "nothing can be typed into it")
    await alice.keys("r")
    await alice.has("dialog", f"Re: {WITH_PICTURE}")
    await alice.press("button", "Show quoted text")
    text = "document.querySelector('[role=dialog] [role=textbox]').innerText"
    await alice.holds(f"{text}.includes('third shelf is free')", "what could be seen is quoted")
    assert "lift" not in await alice.find(text)
    await alice.holds(
        "document.querySelector('[role=dialog] [role=textbox] img').naturalWidth === 390", "its picture is"
    )
    await alice.press("button", "Discard draft")
    await alice.lacks("dialog", f"Re: {WITH_PICTURE}")


async def finds_the_same_message_after_a_reload(alice: OtherPage) -> None:
    await reads_a_message_with_a_picture_in_its_text(alice)
    await alice.reload()
    await alice.has("heading", WITH_PICTURE)
    await alice.holds_framed("document.images[0].naturalWidth === 390", "the picture is shown again")


async def finds_mail_after_pages_that_were_left_early(alice: OtherPage) -> None:
    """WebKit keeps a page that is left, and with it what it was asking of IndexedDB: others must not wait for that."""
    await alice.open("/mail")
    for pause in range(0, 500, 50):
        await alice.has("gridcell", WELCOME)
        await alice.find(f"setTimeout(() => location.assign('/mail?{pause}'), {pause})")
        await alice.holds(f"location.search === '?{pause}'", "the next page is there")


async def sees_lines_between_the_groups_of_the_toolbar(alice: OtherPage) -> None:
    await alice.open("/mail")
    await alice.press("gridcell", WITH_PICTURE)
    # The list has such lines, too, and a page that is on its way to a message breaks off the opening of another page.
    await alice.has("heading", WITH_PICTURE)
    await alice.holds(f"{SEPARATORS}.length > 0", "there are lines")
    for line in await alice.find(SEPARATORS):
        assert line["long"] == 20, line
        assert line["top"] + line["long"] / 2 == line["height"] / 2, line
        assert -line["gap"] < line["left"] < 0, line


async def chooses_dark_colours(alice: OtherPage) -> None:
    await alice.open("/mail/settings/general")
    await alice.press("radio", "Dark")
    is_dark = "document.documentElement.dataset.theme === 'dark'"
    await alice.holds(is_dark, "the page is dark")
    await alice.reload()
    await alice.has("radio", "Dark")
    await alice.holds(is_dark, "the page is dark from the start")


async def writes_with_an_attachment_and_reads_it_in_the_dark(alice: OtherPage) -> None:
    await chooses_dark_colours(alice)
    await alice.open("/mail")
    await alice.has("gridcell", WELCOME)
    await alice.keys("c")
    await alice.has_focus("combobox", "To")
    await alice.type(f"{alice.email},")
    await alice.fill("Subject", SENT)
    await alice.press("textbox", "Message")
    await alice.keys(*"It stands in ", "Control+b", *"bay 7", "Control+b", *".", "Enter", *"Third shelf", "Backspace")
    await alice.attach(PICTURE)
    await alice.sees("83 KB")
    await alice.holds("document.querySelector('[role=progressbar]') === null", "the file is uploaded")
    await alice.keys("Control+Enter")
    await alice.lacks("dialog", SENT)
    await alice.press("gridcell", SENT)
    await alice.has("heading", SENT)
    text = r"document.body.innerText.replaceAll('\u00a0', ' ')"
    await alice.holds_framed(rf"{text}.includes('in bay 7.\nThird shel')", "the text is as typed")
    await alice.holds_framed("document.querySelector('b').textContent === 'bay 7'", "its format is as typed")
    surface = "getComputedStyle(document.documentElement).backgroundColor"
    await alice.holds_framed(f"{surface} === 'rgb(26, 26, 25)'", "it lies on the surface of the dark theme")
    await alice.sees(PICTURE.name)


async def searches(alice: OtherPage) -> None:
    await alice.open("/mail")
    await alice.has("gridcell", WELCOME)
    await alice.keys("/")
    await alice.has_focus("combobox", "Search all mail")
    await alice.type("third shelf")
    await alice.keys("Enter")
    await alice.has("gridcell", WITH_PICTURE)
    await alice.lacks("gridcell", WELCOME)


async def sorts_by_keyboard(alice: OtherPage) -> None:
    await alice.open("/mail")
    await alice.has("gridcell", WITH_PICTURE)
    await alice.keys("j", "e")
    await alice.sees("Conversation archived")
    await alice.keys("z")
    await alice.sees("Undone")
    await alice.keys("x")
    await alice.sees("1 selected")
    await alice.keys("Escape")


async def closes_the_sheet_of_keys_by_escape_from_its_search_field(alice: OtherPage) -> None:
    await alice.open("/mail")
    await alice.has("gridcell", WELCOME)
    await alice.keys("?")
    await alice.has("dialog", "Keyboard shortcuts")
    await alice.fill("Find a shortcut", "arch")
    await alice.keys("Escape")
    await alice.lacks("dialog", "Keyboard shortcuts")


async def starts_off_line(alice: OtherPage) -> None:
    await alice.open("/mail")
    await alice.press("gridcell", WITH_PICTURE)
    await alice.holds_framed("document.images[0].naturalWidth === 390", "the picture is shown")

    async def is_kept() -> bool:
        return await alice.browser.run(KEPT)

    await eventually(is_kept, f"{alice.browser.name} keeps the interface", WITHIN)
    await alice.network.stop()
    try:
        await alice.open("/mail")
        await alice.press("gridcell", WITH_PICTURE)
        # A service worker answers for no sandboxed frame: browsers find it in their HTTP cache. WebKit has none here,
        # and shows the text without formats.
        text = (
            "[...document.querySelectorAll('article')].some((each) => each.innerText.includes('third shelf is free'))"
        )
        await alice.holds(f"{text} || document.querySelector('{FRAMES}') !== null", "what was read is here")
        await alice.has("button", "Postroom away")
    finally:
        await alice.network.start()
    await alice.press("button", "Postroom away")
    await alice.has("button", "Live")


async def uses_a_window_of_the_size_of_a_phone(alice: OtherPage) -> None:
    async with alice.browser.phone(f"{alice.origin}/mail"):
        # What came since this device kept the list moves its rows down a moment after they are painted.
        await alice.has("gridcell", SENT)
        await alice.press("gridcell", WITH_PICTURE)
        await alice.has("heading", WITH_PICTURE)
        assert await alice.find("[innerWidth, innerHeight]") == list(PHONE)
        await alice.lacks("gridcell", WITH_PICTURE)
        await alice.holds_framed("document.images[0].naturalWidth === 390", "the picture is shown")
        assert await alice.find("document.documentElement.scrollWidth <= innerWidth")
        await alice.press("button", "Back to the list")
        await alice.has("gridcell", WITH_PICTURE)
        await alice.press("button", "Compose")
        await alice.has("dialog", "New message")


Step = Callable[[OtherPage], Awaitable[None]]

STEPS: Mapping[str, Step] = {
    step.__name__: step
    for step in (
        signs_out_and_in_again,
        reads_a_message_with_a_picture_in_its_text,
        finds_the_same_message_after_a_reload,
        finds_mail_after_pages_that_were_left_early,
        sees_lines_between_the_groups_of_the_toolbar,
        searches,
        sorts_by_keyboard,
        closes_the_sheet_of_keys_by_escape_from_its_search_field,
        starts_off_line,
        writes_with_an_attachment_and_reads_it_in_the_dark,
        uses_a_window_of_the_size_of_a_phone,
        quotes_what_could_be_seen,
        is_asked_before_a_link_leads_elsewhere,
    )
}

"""What becomes of the interface when the network, or the session, ends at the wrong moment."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import Browser, Route, expect

from benchmarks.web.first_view import first_view, words_files
from eventually import eventually
from mail_page import MailPage, mail_page
from postroom.web.interface import FOLDER
from trial import Trial
from writing_page import Window

# A page that was loaded a moment ago does not load itself anew.
LONG_OPEN = "performance.now = () => 60_000"


async def test_a_reply_that_is_sent_offline_waits_and_goes_by_itself(up: Trial, browser: Browser) -> None:
    async with mail_page(up, browser, "off.alice") as alice:
        await alice.page.add_init_script(LONG_OPEN)
        await alice.sign_up()
        await alice.is_at("/mail")
        # From an address of the trial: its mail server delivers to no other.
        await up.postroom("sandbox", "deliver", alice.email, "--from", alice.email, "--subject", "A question")
        await alice.row("A question").click()
        await expect(alice.page.get_by_role("article").first).to_be_visible()
        loads = len(alice.documents)
        await alice.page.keyboard.press("r")
        window = Window(alice, "Re: A question")
        await expect(window.text).to_be_focused()
        await alice.page.context.set_offline(True)
        await alice.page.keyboard.type("Thank you!")
        await window.send()
        await expect(alice.text("is sent when you are back online")).to_be_visible()
        assert len(alice.documents) == loads
        await alice.page.context.set_offline(False)
        # The reply in Sent; the copy that she gets, since she writes to herself, may be there already.
        await expect(alice.framed("Thank you!")).to_be_visible()


async def test_a_page_that_lost_the_network_while_its_later_parts_came_gets_them_when_it_is_back(
    up: Trial, browser: Browser
) -> None:
    async with mail_page(up, browser, "parts.alice") as alice:
        await alice.sign_up_and_wait()
        first, lost, is_back = {*first_view(FOLDER), *words_files(FOLDER)}, set[str](), asyncio.Event()

        async def lose(route: Route) -> None:
            path = urlsplit(route.request.url).path
            if is_back.is_set() or path in first:
                await route.continue_()
            else:
                lost.add(path)
                await route.abort()

        await alice.page.route("**/_app/immutable/chunks/*.js", lose)
        await alice.page.reload()
        await eventually(lambda: len(lost) > 5, "later parts were lost")
        is_back.set()
        await alice.page.context.set_offline(True)
        await alice.page.context.set_offline(False)
        await alice.row("Welcome to your new mailbox").click()
        await expect(alice.page.get_by_role("article")).to_be_visible()


def sanitizer() -> Path:
    """The file of the interface with DOMPurify, which the page loads ahead of need once it is idle."""
    option = "SANITIZE_NAMED_PROPS"  # which nothing of ours names
    (found,) = (path for path in (FOLDER / "_app/immutable").rglob("*.js") if option in path.read_text())
    return found


HTML = b"From: b@example.org\r\nSubject: In HTML\r\nContent-Type: text/html\r\n\r\n<p>Read me</p>"


async def test_a_message_whose_sanitizer_cannot_be_loaded_is_shown_as_text(up: Trial, browser: Browser) -> None:
    async with mail_page(up, browser, "text.alice") as alice:
        await alice.page.route(f"**/{sanitizer().name}", lambda route: route.abort())
        await alice.sign_up_and_wait()
        (up.folder / "mail.eml").write_bytes(HTML)
        await up.postroom("sandbox", "deliver", alice.email, "--file", "mail.eml")
        await alice.row("In HTML").click()
        await expect(alice.text("Here is its text.")).to_be_visible()


async def test_signing_out_in_one_tab_empties_the_others(up: Trial, browser: Browser) -> None:
    async with mail_page(up, browser, "tabs.alice") as alice:
        await alice.sign_up()
        await alice.is_at("/mail")
        other = MailPage(up, await alice.page.context.new_page(), "tabs.alice")
        await other.open("/mail")
        await other.row("Welcome to your new mailbox").click()
        await alice.open("/sign-out")
        await alice.button("Sign out").click()
        await other.is_at("/sign-in")
        await expect(other.row("Welcome")).to_have_count(0)


async def test_keys_that_are_pressed_while_the_settings_still_load_do_nothing_to_the_mail(
    up: Trial, browser: Browser
) -> None:
    async with mail_page(up, browser, "early.alice") as alice:
        await alice.sign_up_and_wait()
        is_back = asyncio.Event()

        async def hold(route: Route) -> None:
            await is_back.wait()
            await route.continue_()

        await alice.page.route("**/_app/immutable/**/*.js", hold)
        await alice.page.keyboard.press("j")
        await alice.page.get_by_role("button", name="Account").click()
        await alice.page.get_by_role("link", name="Settings", exact=True).click()
        # SvelteKit lets the browser paint before it navigates.
        await alice.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
        await alice.page.keyboard.press("e")
        await alice.is_at("/mail")
        is_back.set()
        await alice.page.get_by_role("link", name="Back to mail").click()
        await expect(alice.row("Welcome to your new mailbox")).to_be_visible()

"""What becomes of the interface when the network, or the session, ends at the wrong moment."""

import asyncio
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Route, expect

from benchmarks.web.first_view import first_view, words_files
from eventually import eventually
from mail_page import MailPage, mail_page
from postroom.web.interface import FOLDER
from trial import Trial
from writing_page import Window

_LISTED = """new MutationObserver(() => {
  if (!window.listed && document.querySelector('[role=gridcell]')) window.listed = performance.now()
}).observe(document, { childList: true, subtree: true })"""

_ASKED_BEFORE = """() => performance.getEntriesByType('resource').filter(({ startTime }) => startTime < window.listed)
  .map(({ name }) => new URL(name).pathname).filter((path) => path.startsWith('/_app/immutable/'))"""


async def test_the_list_needs_only_the_files_of_the_first_view_and_the_others_come_when_the_network_is_back(
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

        await alice.page.route("**/_app/immutable/**", lose)
        await alice.page.add_init_script(_LISTED)
        await alice.page.reload()
        # For the list nothing is needed, or asked for, but what CI counts; and the keyboard moves in it already.
        await expect(alice.row("Welcome to your new mailbox")).to_be_visible()
        assert set(await alice.page.evaluate(_ASKED_BEFORE)) <= first
        await alice.page.keyboard.press("j")
        await expect(alice.page.locator("[role=row].current")).to_have_count(1)
        await eventually(lambda: len(lost) > 1, "what follows the list was lost")
        is_back.set()
        await alice.page.context.set_offline(True)
        await alice.page.context.set_offline(False)
        await alice.row("Welcome to your new mailbox").click()
        await expect(alice.page.get_by_role("article")).to_be_visible()


@pytest.mark.parametrize(("name", "mark"), [("all", ""), ("writing", "squire-selection-start")])
async def test_a_file_that_is_cut_on_its_way_is_named_and_had_with_the_next_load(
    up: Trial, browser: Browser, name: str, mark: str
) -> None:
    """A proxy that ends early may call half of a file the whole one, and a browser keeps it for a year."""
    scripts = [path for path in (FOLDER / "_app/immutable").rglob("*.js") if mark in path.read_text()]
    late = {f"/{path.relative_to(FOLDER)}" for path in scripts} - {*first_view(FOLDER), *words_files(FOLDER)}
    async with mail_page(up, browser, f"cut.{name}") as alice:
        await alice.sign_up_and_wait()
        cut, anew, is_mended = set[str](), set[str](), asyncio.Event()

        async def cut_once(route: Route) -> None:
            path = urlsplit(route.request.url).path
            if path in cut and route.request.resource_type == "fetch":
                anew.add(path)
            # What was cut once is cut as long as the browser has it from its cache.
            if path not in late or path in anew or (is_mended.is_set() and path not in cut):
                await route.continue_()
                return
            cut.add(path)
            body = await (await route.fetch()).body()
            await route.fulfill(headers={"Content-Type": "text/javascript"}, body=body[: len(body) // 2])

        # What the first page is still asking for is not cut: the page under test may never need those files.
        await alice.page.goto("about:blank")
        await alice.page.route("**/_app/immutable/**", cut_once)
        await alice.open("/mail")
        await expect(alice.row("Welcome to your new mailbox")).to_be_visible()
        await alice.page.keyboard.press("c")
        await expect(alice.text("A part of this page did not load.")).to_be_visible(timeout=5_000)
        await alice.expect_no_violations()

        async def are_all_there() -> bool:
            loaded = await alice.page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")
            return cut <= {urlsplit(each).path for each in loaded}

        await eventually(are_all_there, "no file is on its way")
        is_mended.set()
        await alice.button("Load the page again").click()
        await expect(alice.text("A part of this page did not load.")).to_have_count(0)
        await expect(alice.row("Welcome to your new mailbox")).to_be_visible()
        await alice.page.keyboard.press("c")
        await expect(alice.page.get_by_role("combobox", name="To")).to_be_focused()
        assert cut == anew
        alice.errors.clear()


async def test_signing_out_in_one_tab_leaves_nothing_for_the_next_person_in_any_tab(
    up: Trial, browser: Browser
) -> None:
    async with mail_page(up, browser, "leaves.alice") as first:
        await first.sign_up_and_wait()
        await up.postroom("sandbox", "deliver", first.email, "--subject", "Only for the first")
        other = MailPage(up, await first.page.context.new_page(), "leaves.alice")
        await other.open("/mail")
        await other.row("Only for the first").click()
        await first.row("Only for the first").click()
        await expect(first.page.get_by_role("article")).to_be_visible()
        await first.page.keyboard.press("r")
        window = Window(first, "Re: Only for the first")
        await expect(window.text).to_be_focused()
        # Nobody can know it: the mail server cannot be reached.
        await first.page.route("**/jmap/", lambda route: route.abort())
        await first.page.keyboard.type("half a reply")
        await window.is_kept()
        await first.button(f"Account {first.email}").click()
        await first.button("Sign out").click()
        await first.is_at("/sign-out")
        await first.page.get_by_role("dialog").get_by_role("button", name="Sign out").click()
        for page in (first, other):
            await page.is_at("/sign-in")
        await expect(other.row("Only for the first")).to_have_count(0)
        await first.page.unroute("**/jmap/")
        assert await first.page.evaluate("async () => (await indexedDB.databases()).length") == 0
        second = MailPage(up, first.page, "comes.alice")
        await second.sign_up_and_wait()
        await expect(second.row("Only for the first")).to_have_count(0)
        await expect(second.text(first.email)).to_have_count(0)

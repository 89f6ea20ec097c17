"""What a screen reader is told: names of rows, icons and regions. And what is seen without the page's
own colours, and without motion. In Chromium, on a trial."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from mail_page import MailPage, mail_page
from trial import Trial

_STYLE = """element => {
  const look = (of, pseudo) => {
    const { outlineStyle, outlineWidth, borderTopWidth, borderTopColor } = getComputedStyle(of, pseudo)
    return [outlineStyle, outlineWidth, borderTopWidth, borderTopColor].join(' ')
  }
  return [look(element), look(element.querySelector('.gutter') ?? element, '::before')].join(', ')
}"""

_MOVING = """() => document.getAnimations().filter(({ playState, effect }) =>
  playState === 'running' && effect.getComputedTiming().activeDuration > 1)
  .map(({ effect }) => effect.target.className)"""

IN_WORDS = re.compile(r"(Today|Yesterday|[A-Z][a-z]+day) \d\d:\d\d\.$|\d{1,2} [A-Z][a-z]+( \d{4})? at \d\d:\d\d\.$")


@pytest.fixture(scope="module")
async def alice(up: Trial, browser: Browser) -> AsyncIterator[MailPage]:
    async with mail_page(up, browser, "listens.alice") as alice:
        await alice.sign_up_and_wait()
        await up.postroom("sandbox", "fill", alice.email, "--mails", "60")
        yield alice


async def at_inbox(alice: MailPage) -> None:
    await alice.open("/mail")
    await expect(alice.row("Pallet 3 of the December order")).to_be_visible()
    await expect(alice.page.get_by_role("status")).to_be_attached()


async def names(alice: MailPage) -> list[str]:
    return [text.strip() for text in await alice.page.locator(".cell > .visually-hidden").all_inner_texts()]


async def test_a_row_is_named_by_all_that_its_icons_show_and_its_date_in_words(alice: MailPage) -> None:
    await at_inbox(alice)
    found = await names(alice)
    assert len(found) > 10
    assert [name for name in found if not IN_WORDS.search(name)] == []
    (pallet,) = [name for name in found if "Pallet 3 of the December order" in name]
    order = (
        "Unread",
        "Warning: sender not confirmed",
        "Mara",
        "4 messages",
        "Pallet 3",
        "Attachment",
        "Answered",
        "Today",
    )
    places = [pallet.index(word) for word in order]
    assert places == sorted(places), pallet


async def test_landmarks_headings_and_the_grid_are_where_a_screen_reader_looks_for_them(alice: MailPage) -> None:
    await at_inbox(alice)
    await alice.row("Pallet 3 of the December order").click()
    page = alice.page
    assert await page.locator("svg:not([aria-hidden=true])").count() == 0
    await expect(page.get_by_role("navigation", name="Folders")).to_be_visible()
    await expect(page.get_by_role("search")).to_be_visible()
    await expect(page.get_by_role("main")).to_be_visible()
    await expect(page.get_by_role("region", name="Message", exact=True)).to_be_visible()
    await expect(page.get_by_role("region", name="Conversations", exact=True)).to_be_visible()
    await expect(page.get_by_role("region", name="Notices")).to_be_attached()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Inbox")
    await expect(page.get_by_role("heading", level=3)).to_have_count(4)
    grid = page.get_by_role("grid")
    await expect(grid).to_have_attribute("aria-multiselectable", "true")
    await expect(grid).to_have_attribute("aria-rowcount", re.compile(r"\d+"))
    await expect(grid.locator("[aria-current=true]")).to_have_count(1)
    assert re.match(r"(\(\d+\) )?Inbox \u2013 listens\.alice@", await page.title())
    message = re.compile(r"^Message from Mara Lindqvist, .*\d\d:\d\d$")
    await expect(page.get_by_role("article", name=message)).to_have_count(2)


async def test_without_colours_of_the_page_what_is_selected_open_and_current_can_be_distinguished(
    alice: MailPage,
) -> None:
    await alice.page.emulate_media(forced_colors="active")
    try:
        await at_inbox(alice)
        for key in ("j", "x", "j", "j", "x"):
            await alice.page.keyboard.press(key)
        await alice.page.mouse.move(0, 0)
        selected, plain = (alice.page.locator(f".row[aria-selected={each}]") for each in ("true", "false"))
        assert await selected.first.evaluate(_STYLE) != await plain.first.evaluate(_STYLE)
        await alice.page.keyboard.press("Escape")
        await alice.row("Deniz Kaya").click()
        row = alice.page.locator(".row[aria-current=true]")
        assert await row.evaluate(_STYLE) != await plain.last.evaluate(_STYLE)
        for key in ("e", "z"):  # what lies over the page has an edge
            await alice.page.keyboard.press(key)
        await expect(alice.page.locator(".toast")).to_have_css("outline-style", "solid")
        tree = alice.page.get_by_role("treeitem")
        assert await tree.nth(0).evaluate(_STYLE) != await tree.nth(1).evaluate(_STYLE)
        await alice.open("/mail/settings/general")
        sections = alice.page.get_by_role("navigation", name="Settings").get_by_role("link")
        general = sections.filter(has_text="General")
        await expect(general).to_have_attribute("aria-current", "page")
        await expect(general).to_have_css("outline-style", "dashed")  # these rules load after the page
        assert await general.evaluate(_STYLE) != await sections.filter(has_text="Keyboard").evaluate(_STYLE)
    finally:
        await alice.page.emulate_media(forced_colors="none")


async def test_who_wants_no_motion_sees_none(alice: MailPage) -> None:
    await alice.page.emulate_media(reduced_motion="reduce")
    try:
        await at_inbox(alice)
        await alice.page.evaluate(
            f"window.moved = new Set(); (function look() {{ for (const each of ({_MOVING})()) window.moved.add(each);"
            " requestAnimationFrame(look) }})()".replace("}}", "}")
        )
        for keys in (("j", "e"), ("c",), ("Escape",), ("?",), ("Escape",), ("g", "l"), ("Escape",), ("z",)):
            for key in keys:
                await alice.page.keyboard.press(key)
            await alice.page.evaluate("new Promise(done => setTimeout(done, 300))")
        assert await alice.page.evaluate("[...window.moved]") == []
    finally:
        await alice.page.emulate_media(reduced_motion="no-preference")


async def test_arrows_that_point_somewhere_are_mirrored_from_right_to_left(alice: MailPage) -> None:
    await at_inbox(alice)
    await alice.row("Pallet 3 of the December order").click()
    arrow = alice.page.get_by_role("button", name="Reply", exact=True).last.locator("svg")
    await expect(arrow).to_have_css("transform", "none")
    # The build asks for the language in place of `:dir()`, which older browsers do not know.
    await alice.page.evaluate("Object.assign(document.documentElement, { dir: 'rtl', lang: 'ar' })")
    await expect(arrow).to_have_css("transform", "matrix(-1, 0, 0, 1, 0, 0)")
    await alice.page.evaluate("Object.assign(document.documentElement, { dir: '', lang: 'en' })")

"""How a message behaves in its frame: its height, its links, its colours, its end."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page

from hostile_mail.corpus import CLASSES, MAILS
from hostile_mail.harness import FRAME, frame_of, settled, until
from hostile_mail.hosts import Hosts

BY_ID = {mail.id: mail for mail in MAILS}
GROWING = [mail for mail in CLASSES["size"] if re.search("vh|percent|media-height", mail.id)]
COVERING = [mail for mail in CLASSES["styles"] if mail.silent == "covers"]
PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACw="
END = "That is all."
DARK, WHITE = "rgb(26, 26, 25)", "rgb(255, 255, 255)"


@pytest.fixture
async def page(browser: Browser, origin: str) -> AsyncIterator[Page]:
    opened = await browser.new_page()
    await opened.goto(f"{origin}/")
    yield opened
    await opened.close()


async def test_mail_does_not_grow_with_its_frame(page: Page, evil: Hosts) -> None:
    heights = {mail.id: await settled(await frame_of(page, mail.body(evil.domain))) for mail in GROWING}
    assert {name: height for name, height in heights.items() if height > 3_000} == {}


async def test_pictures_make_a_mail_of_twice_its_frame_no_longer_than_they_are(page: Page) -> None:
    pictures = f"<img src='{PIXEL}' style='display:block;height:50px'>" * 20
    frame = await frame_of(page, f"<div style='height:200vh'>{pictures}</div>")
    assert await settled(frame) < 4_000


async def test_nothing_of_a_mail_stays_while_its_reader_scrolls(page: Page, evil: Hosts) -> None:
    fixed: list[str] = []
    for mail in COVERING:
        frame = await frame_of(page, mail.body(evil.domain))
        elements = "[...document.querySelectorAll('*')]"
        positions = await frame.evaluate(f"{elements}.map((element) => getComputedStyle(element).position)")
        fixed += [mail.id] if {"fixed", "sticky"} & set(positions) else []
    assert fixed == []


async def test_page_learns_which_link_is_meant_and_which_key_was_pressed(page: Page) -> None:
    shown = await frame_of(page, "<a href=https://a.example/x>a</a> <a href=#b>b</a><p id=b>c</p>")
    address = shown.url
    for name in ("a", "b"):
        await page.frame_locator(FRAME).get_by_role("link", name=name).click()
    await page.keyboard.press("j")
    assert await until(page, "told().keys.length > 0")
    fate = await page.evaluate("told()")
    assert (fate["links"], fate["keys"]) == (["https://a.example/x"], ["j"])
    assert [frame.url for frame in page.frames[1:]] == [address]


MODIFY = "-webkit-user-modify:read-write"
EDITABLE = {
    "style": f"<p style='{MODIFY}'>Words</p>",
    "sheet": f"<style>p{{{MODIFY}!important}}</style><p>Words</p>",
    "escaped": "<style>p{-webkit-\\75ser-modify:/**/read-write-plaintext-only}</style><p>Words</p>",
    "nested": f"<style>@media screen{{@layer a{{main{{& p{{{MODIFY}}}}}}}}}</style><main><p>Words</p></main>",
    "animated": f"<style>@keyframes a{{0%,to{{{MODIFY}}}}}p{{animation:a 9s infinite}}</style><p>Words</p>",
    "attributes": "<body contenteditable><p contenteditable=plaintext-only inputmode=text spellcheck>Words</p>",
    "fields": "<form><label>Words<input><textarea>x</textarea></label></form>",
}
"""What makes a text editable that says "Words"."""


@pytest.mark.parametrize("html", EDITABLE.values(), ids=EDITABLE)
async def test_nothing_can_be_typed_into_a_mail(page: Page, html: str) -> None:
    frame = await frame_of(page, html)
    text = page.frame_locator(FRAME).get_by_text("Words")
    before = await frame.evaluate("document.body.textContent")
    await text.click()
    await page.keyboard.press("e")
    assert await until(page, "told().keys.length > 0")
    assert await frame.evaluate("document.body.textContent") == before
    assert await text.evaluate("element => [element.isContentEditable, element.inputMode]") == [False, ""]


@pytest.mark.parametrize("way", ["contentEditable = 'plaintext-only'", "style.webkitUserModify = 'read-write'"])
async def test_no_key_runs_a_command_where_a_text_of_a_mail_is_editable_after_all(page: Page, way: str) -> None:
    frame = await frame_of(page, "<p>Words</p><i>Other</i>")
    inside = page.frame_locator(FRAME)
    await inside.get_by_text("Words").evaluate(f"element => {{ element.{way} }}")
    await inside.get_by_text("Words").click()
    await page.keyboard.press("e")
    assert await until(frame, "document.querySelector('p').textContent.includes('e')")
    await inside.get_by_text("Other").click()
    await page.keyboard.press("j")
    assert await until(page, "told().keys.length > 0")
    assert (await page.evaluate("told()"))["keys"] == ["j"]


async def test_remote_pictures_load_after_consent(page: Page, evil: Hosts) -> None:
    mail = BY_ID["remote-img"]
    evil.called.clear()
    await frame_of(page, mail.body(evil.domain))
    assert (await page.evaluate("told()"))["remote"] == 1
    assert not evil.called
    await frame_of(page, mail.body(evil.domain), "light", True)
    assert await evil.wait([mail.id], 5)


async def test_quoted_text_is_folded_until_somebody_wants_to_read_it(page: Page) -> None:
    await frame_of(page, "<p>Yes.</p><blockquote type=cite>Shall we?</blockquote>")
    inside = page.frame_locator(FRAME)
    assert not await inside.get_by_text("Shall we?").is_visible()
    await inside.get_by_label("Show quoted text").click()
    assert await inside.get_by_text("Shall we?").is_visible()


@pytest.mark.parametrize(
    ("html", "theme", "surface"),
    [
        ("<p>x", "light", WHITE),
        ("<p>x", "dark", DARK),
        ("<p style='color:#000'>x", "dark", WHITE),
        ("<meta name=color-scheme content='light dark'><p style='color:#fff'>x", "dark", DARK),
    ],
)
async def test_mail_with_colours_that_cannot_be_dark_lies_on_paper(
    page: Page, html: str, theme: str, surface: str
) -> None:
    await page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
    frame = await frame_of(page, html, theme)
    assert await frame.evaluate("getComputedStyle(document.documentElement).backgroundColor") == surface


NEWSLETTER = """<html><head><meta name=color-scheme content=light><base href=https://a.example/>
<link rel=stylesheet href=/a.css><style>@import url(https://a.example/b.css);
@font-face { font-family: Ours; src: url(https://a.example/c.woff2) }
p { color: red; background: url("https://a.example/d.png") } @media (width < 600px) { p { font-family: Ours } }</style>
</head><body onload=x() style="margin:0;background-image:url(https://a.example/e.png)">
<p style='font:12px Ours;color:#333' onclick=x()>Sale <img src=https://a.example/f.png srcset="https://a.example/g 2x">
<script>x()</script><iframe src=https://a.example/></iframe>
<table background=https://a.example/h.png><tr><td style=background:#eee>x</table><a href=javascript:x()>Buy</a>"""


@pytest.mark.parametrize(
    "html", [NEWSLETTER, "<style>p{color:red}</style>x", "<p style=color:red>x", "<p onclick=x()>x"]
)
async def test_showing_a_mail_writes_nothing_into_the_console(page: Page, html: str) -> None:
    written: list[str] = []
    page.on("console", lambda message: written.append(message.text))
    frame = await frame_of(page, html)
    await settled(frame)
    for each in (frame, page):
        async with page.expect_console_message(lambda message: message.text == END):
            await each.evaluate("end => console.log(end)", END)
    assert written == [END, END]


async def test_frame_that_went_elsewhere_is_removed(page: Page) -> None:
    await frame_of(page, "<p>x")
    await page.evaluate("document.querySelector('iframe').src += '?again'")
    assert await until(page, "document.querySelector('iframe') === null")


async def test_frame_that_says_nothing_within_two_seconds_is_given_up(page: Page) -> None:
    await page.route("**/frame.*.html", lambda route: route.fulfill(body="<p>not ours"))
    await page.evaluate("show('<p>x')")
    assert await until(page, "told().shown === 'silent'", 10)
    assert await page.locator("iframe").count() == 0

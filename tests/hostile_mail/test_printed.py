"""A mail prints what it showed, below the head that says who wrote it. "seen" was seen, and "hidden" was not."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Frame, Page

from hostile_mail.harness import frame_of, until

BODY = "<p class=a>seen</p><p class=b>hidden</p>"
SHEETS = {
    "print": "@media print{.a{display:none}.b{display:block!important}}.b{display:none}",
    "escaped": r"@media pr\69nt{.b{display:block!important}}.b{display:none}",
    "screen": "@media screen{.b{display:none}}",
    "not-print": "@media not print{.b{display:none}}",
    "paged": "@media (overflow-block:paged),(update:none){.b{display:block!important}}.b{display:none}",
    "dark": "@media (prefers-color-scheme:dark){.b{display:block!important}}.b{display:none}",
    "nested": "@layer x{@media print{.a{display:none}}}.b{display:none}",
    "host": ":host .a{display:none}:host(div) .b{display:block!important}.b{display:none}",
    "context": ":host-context(article) .a{display:none}.b{display:none}",
    "root": ":root .b{display:none}",
    "sibling": "style ~ body .b{display:none}",
    "head": "head style ~ *,head:has(style) ~ body .a{display:none}.b{display:none}",
    "scope": "@scope{.b{display:none}}",
    "scope-of-all": ":scope .b{display:none}",
    "nesting": "& .b{display:none}",
    "scope-of-the-root": "@scope (:root){.b{display:none}}",
    "zoom": ".a{zoom:9}.b{display:none}",
}
MAILS = {
    **{name: f"<style>{css}</style>{BODY}" for name, css in SHEETS.items()},
    "of-a-sheet": f"<style media=print>.a{{display:none}}.b{{display:block!important}}</style>"
    f"<style>.b{{display:none}}</style>{BODY}",
}
COVERS = {
    "margin": "<style>body{margin-top:-300px;background:#fff;height:400px}</style>From: the bank",
    "host": "<style>:host{position:absolute;top:-300px;height:400px;background:#fff}</style>From: the bank",
    "float": "<div style='float:left;margin-top:-300px;height:400px;width:100%;background:#fff'>From: the bank</div>",
    "moved": "<div style='position:absolute;top:-300px;height:400px;width:100%;background:#fff'>From: the bank</div>",
    "fixed": "<div style='position:fixed;inset:0;background:#fff'>From: the bank</div>",
}
WRITTEN = "<style>li::marker{content:'hidden'}li{text-emphasis:'x'}</style><li>seen"
TEXT = "document.querySelector('.place > div').shadowRoot.querySelector('body').innerText.trim()"
"""As it is rendered."""
HEAD = """[...document.querySelectorAll('h1, dt, dd')].map((element) => {
  const { left, top, width, height } = element.getBoundingClientRect()
  return [element, document.elementFromPoint(left + Math.min(width, 20) / 2, top + height / 2)]
}).filter(([element, top]) => element !== top).map(([element]) => element.textContent)"""
"""What of the head is covered."""


@pytest.fixture
async def page(browser: Browser, origin: str) -> AsyncIterator[Page]:
    opened = await browser.new_page(color_scheme="dark")
    # The frame stays there.
    await opened.add_init_script("window.print = () => (window.printed = true)")
    await opened.goto(f"{origin}/")
    yield opened
    await opened.close()


async def printed(page: Page, html: str) -> Frame:
    """On paper: with the medium of it."""
    await page.emulate_media(media="screen")
    await page.evaluate("html => printMail(html)", html)
    frame = page.frames[-1]
    assert await until(frame, "window.printed")
    await page.emulate_media(media="print")
    return frame


async def test_mail_prints_what_it_showed(page: Page) -> None:
    shown = {
        name: await (await frame_of(page, html)).evaluate("document.body.innerText") for name, html in MAILS.items()
    }
    assert {name: text.split() for name, text in shown.items() if text.split() != ["seen"]} == {}
    found = {name: await (await printed(page, html)).evaluate(TEXT) for name, html in MAILS.items()}
    assert {name: text for name, text in found.items() if text != "seen"} == {}


async def test_mail_covers_nothing_of_the_head_that_is_printed(page: Page) -> None:
    found = {name: await (await printed(page, html)).evaluate(HEAD) for name, html in COVERS.items()}
    assert {name: covered for name, covered in found.items() if covered} == {}


async def test_rules_write_nothing_on_paper(page: Page) -> None:
    frame = await printed(page, WRITTEN)
    item = "document.querySelector('.place > div').shadowRoot.querySelector('li')"
    assert await frame.evaluate(f"getComputedStyle({item}, '::marker').content") == "normal"
    assert await frame.evaluate(f"getComputedStyle({item}).textEmphasisStyle") == "none"

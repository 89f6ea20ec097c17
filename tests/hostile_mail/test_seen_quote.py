"""What nobody could see of a mail is not in its quote. In each of them "seen" can be seen, and "hidden" cannot."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page

from hostile_mail.harness import FRAME, frame_of

ABSOLUTE = "position:absolute"
STYLES = {
    "display": "display:none",
    "visibility": "visibility:hidden",
    "collapse": "visibility:collapse",
    "opacity": "opacity:0",
    "faint": "opacity:.01",
    "content": "content-visibility:hidden",
    "transparent": "color:transparent",
    "little-colour": "color:rgba(0,0,0,.01)",
    "little-of-a-space": "color:color(srgb 0 0 0/.01)",
    "font": "font-size:0",
    "adjusted": "font-size-adjust:0",
    "tiny": "font-size:1px",
    "letters": "font-size:9px;letter-spacing:-9px;width:9px;overflow:hidden",
    "height": "height:0;overflow:hidden",
    "preheader": "max-height:0;max-width:0;overflow:hidden",
    "clip": "height:0;overflow:clip",
    "scroller": "height:0;overflow:auto",
    "indent": "text-indent:-9999px;overflow:hidden",
    "left": f"{ABSOLUTE};left:-9999px",
    "top": f"{ABSOLUTE};top:-9999px",
    "margin": "margin-left:-9999px",
    "scale": "transform:scale(0)",
    "narrow": "transform:scaleX(0)",
    "own-scale": "scale:0",
    "turned": "transform:rotateX(90deg)",
    "moved": "transform:translate(-9999px)",
    "reader": f"{ABSOLUTE};width:1px;height:1px;overflow:hidden;clip:rect(0,0,0,0)",
    "variable": "--d:none;display:var(--d)",
    "line-of-none": "height:0;line-height:0;overflow:hidden",
}
HIDDEN = {
    **{name: f"<p>seen</p><div style='{style}'>hidden</div>" for name, style in STYLES.items()},
    "sheet": "<style>.a{d\\69splay:none}</style><p>seen</p><div class=a>hidden</div>",
    "important": "<style>div{display:none!important}</style><p>seen</p><div style='display:block'>hidden</div>",
    "attribute": "<p>seen</p><div hidden>hidden</div><table><tr hidden><td>hidden</table>",
    "until-found": "<p>seen</p><div hidden=until-found>hidden</div>",
    "details": "<p>seen</p><details><summary>seen</summary>hidden <p>hidden</p></details>",
    "forged-fold": "<p>seen</p><details class=quote data-fold><summary>seen</summary>hidden</details>",
    "print": "<style>@media print{i{display:inline!important}}i{display:none}</style><p>seen</p><i>hidden</i>",
    "scheme": "<style>@media (prefers-color-scheme:light){i{display:none}}</style><p>seen</p><i>hidden</i>",
    "width": "<style>@media (min-width:300px){i{display:none}}</style><p>seen</p><i>hidden</i>",
    "layer": "<style>@layer a{@supports (color:red){b{& i{display:none}}}}</style><p>seen</p><b><i>hidden</i></b>",
    "inner": "<p>seen</p><div style='opacity:0'><p style='opacity:1'>hidden</p></div>",
    "outer": "<div style='visibility:hidden'>hidden <b style='visibility:visible'>seen</b></div>",
    "contents": "<div style='display:contents'>seen <i style='display:none'>hidden</i></div>",
    "folded": "<p>seen</p><blockquote>seen <i style='display:none'>hidden</i></blockquote>",
    "cut": "<div style='width:20em;height:1.6em;overflow:hidden'>seen seen seen<br>hidden hidden</div>",
    "adjusted-face": "<style>@f\\6fnt-face{font-family:x;src:local('DejaVu Sans');size-adjust:0%}"
    "i{font-family:x}</style><p>seen</p><i>hidden</i>",
    "line": "<div style='width:4ch;white-space:nowrap;overflow:hidden'>seen hidden hidden</div>",
    "wrapped": f"<div style='width:9em;height:1.6em;overflow:hidden'>seen seen {'x' * 30} {'hidden ' * 9}</div>",
    "held": "<p>seen</p><div style='scale:1.01;height:0;overflow:hidden'><b style='position:absolute'>hidden</b></div>",
    "escapes": "<div style='height:0;overflow:hidden'>hidden <b style='position:absolute;top:0'>seen</b></div>",
    "picture": "<p>seen</p><img alt=hidden src=cid:a@b style='display:none'>",
    "remote": "<p>seen</p><img alt=hidden src=//a.example/x style='display:none'>",
    "link": "<p>seen <a href=https://a.example/><span style='display:none'>hidden</span>seen</a></p>",
    "table": "<table><tr><td>seen<td style='font-size:0'>hidden</table>",
    "script": "<p>seen</p><template>hidden</template><title>hidden</title>",
}
WAYS = {
    "clip-path": "clip-path:inset(100%)",
    "mask": "mask:linear-gradient(transparent,transparent)",
    "filter": "filter:opacity(0)",
    "animated": "animation:a 9s infinite",
    "back": "transform:rotateY(180deg);backface-visibility:hidden",
    "far": f"{ABSOLUTE};left:99999px",
    "blend": "mix-blend-mode:lighten",
    "dots": "-webkit-text-security:disc",
    "mask-box": "-webkit-mask-box-image:linear-gradient(transparent,transparent)",
    "shadow": "color:transparent;text-shadow:0 0 transparent",
    "stroke": "color:transparent;-webkit-text-stroke:1px #000",
    "painted": "color:transparent;-webkit-background-clip:text",
    "override": "direction:rtl;unicode-bidi:bidi-override",
    "order": "display:flex;order:1",
    "reverse": "display:flex;flex-direction:row-reverse",
}
UNKNOWN = {
    **{name: f"<p>seen</p><div style='{style}'>hidden</div>" for name, style in WAYS.items()},
    "anchored": "<p>seen</p><div style='height:0;overflow:hidden'><b style='anchor-name:--a'>hidden</b></div>"
    "<i style='position:absolute;position-anchor:--a;position-visibility:anchors-visible;top:anchor(top)'>hidden</i>",
    "written": "<style>p::after{content:' not'}</style><p>seen</p>",
    "scrolled": "<div style='height:3em;overflow:auto'>seen<br>a<br>b<br>c<br>hidden</div>",
    "nothing": "<p style='display:none'>hidden</p>",
}
ALL = (
    """<body dir=auto><style>p{font-size:20px}</style><h1>All <a href="https://a.example/?a=1&amp;b=2">of</a> it</h1>
<table><tr><td>is<td></td><td width=300><font color=red>seen</font></table><ul><li>and<ol><li>more</ol></ul>
<p>"""
    + "x" * 50
    + """ <img src="cid:a%40b" alt="Plan" width=40 height=40> <img src=https://a.example/x alt="Remote"></p>
<div style="overflow:auto">Scrolled<br>far<br>down<br>there<pre>and  spaced</pre></div><hr>
<div style="overflow:hidden;border-radius:9px">Rounded</div><q>Said</q><div style="width:3000px">Wide</div>
<div style="position:relative"><div style="position:absolute;right:0">Right</div>Left</div><sub>low</sub> 1 . i
<details open><summary>Sum</summary> Opened</details><p>On Monday Ann wrote:</p>
<blockquote type=cite>Quoted</blockquote>"""
)
TEXT = (
    """All of it is seen and more """
    + "x" * 50
    + """ Remote Scrolled far down there and spaced Rounded Said Wide Right Left low 1 . i Sum
Opened On Monday Ann wrote: Quoted"""
)


@pytest.fixture
async def page(browser: Browser, origin: str) -> AsyncIterator[Page]:
    opened = await browser.new_page()
    await opened.goto(f"{origin}/")
    yield opened
    await opened.close()


async def quoted(page: Page, html: str) -> tuple[str, bool]:
    await frame_of(page, html)
    found = await page.evaluate("html => quoted(html)", html)
    return found["html"], found["isKnown"]


def is_without_hidden(html: str, known: bool) -> bool:
    return known and "seen" in html and "hidden" not in html


def words(html: str) -> list[str]:
    return re.sub(r"<[^>]*>", " ", html).replace("&nbsp;", " ").split()


async def test_what_nobody_could_see_of_a_mail_is_not_in_its_quote(page: Page) -> None:
    found = {name: await quoted(page, html) for name, html in HIDDEN.items()}
    assert {name: html for name, (html, known) in found.items() if not is_without_hidden(html, known)} == {}


async def test_what_may_have_been_hidden_is_said_to_be_unknown(page: Page) -> None:
    found = {name: await quoted(page, html) for name, html in UNKNOWN.items()}
    assert [name for name, (_, known) in found.items() if known] == []


async def test_all_that_can_be_seen_of_a_mail_is_in_its_quote(page: Page) -> None:
    html, known = await quoted(page, ALL)
    assert (words(html), known) == (TEXT.split(), True)
    assert '<a href="https://a.example/?a=1&amp;b=2">of</a>' in html
    assert re.search('<img [^>]*src="cid:a%40b"', html)
    assert '<font color="red">' in html
    # The person still reads it as before.
    assert not await page.frame_locator(FRAME).get_by_text("Quoted").is_visible()
    assert await page.frame_locator(FRAME).get_by_role("link", name="of").get_attribute("href") == "#"

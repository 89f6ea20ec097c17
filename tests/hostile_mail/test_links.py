"""What the eye sees of a link at the moment when it is pressed is compared with the place that opens."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page

from hostile_mail.harness import FRAME, frame_of, until

EVIL = "https://evil.example/login"
BANK = "https://paypal.com"
PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


def link(inner: str, more: str = "", href: str = EVIL) -> str:
    return f'<p>Dear customer</p><a href="{href}" {more}>{inner}</a>'


def styled(css: str, inner: str, more: str = "class=l") -> str:
    return f"<style>{css}</style>{link(inner, more)}"


HIDDEN = {
    "display": "display:none",
    "visibility": "visibility:hidden",
    "opacity": "opacity:0",
    "little-opacity": "opacity:.02",
    "font-0": "font-size:0",
    "font-1": "font-size:1px",
    "no-colour": "color:transparent",
    "little-colour": "color:rgba(0,0,0,.02)",
    "fill": "-webkit-text-fill-color:transparent",
    "paper": "color:#fff;background:#fff",
    "far": "position:absolute;left:-9999px",
    "indent": "display:inline-block;text-indent:-9999px;overflow:hidden;width:1px;height:1em",
    "cut": "display:inline-block;width:0;height:0;overflow:hidden",
    "clip": "position:absolute;clip-path:inset(50%)",
    "scale": "display:inline-block;transform:scale(0)",
}
DECEPTIVE = {
    "plain": link(BANK),
    **{f"hidden-before-{name}": link(f'<span style="{css}">x </span>{BANK}') for name, css in HIDDEN.items()},
    **{
        f"hidden-behind-{name}": link(f'paypal.com<span style="{css}"> and more</span>') for name, css in HIDDEN.items()
    },
    "soft-hyphen": link("https://pay&shy;pal.com"),
    "before": styled(f'.l::before{{content:"{BANK}"}}', "<span></span>"),
    "before-in-place": styled(f'.l span{{font-size:0}}.l::before{{content:"{BANK}"}}', "<span>click here</span>"),
    "before-and-text": styled('.l::before{content:"https://pay"}', "pal.com"),
    "after-and-text": styled('.l::after{content:"pal.com"}', "https://pay"),
    "both": styled('.l::before{content:"https://pay"}.l::after{content:"pal.com"}', "<span></span>"),
    "escaped": styled(r'.l::before{content:"https:\2f\2fpay\70 al.com"}', "<span></span>"),
    "attribute": styled(".l::before{content:attr(title)}", "<span></span>", f"class=l title={BANK}"),
    "deep": styled(f'.l b::after{{content:"{BANK}"}}', "<i><b></b></i>"),
    "quotes": styled(f'.l{{quotes:"{BANK}" ""}}.l::before{{content:open-quote}}', "<span></span>"),
    "counters": styled('.l::before{counter-set:c 16;content:counter(c,lower-alpha) "aypal.com"}', "<span></span>"),
    "marker": styled(f'.l{{display:list-item;margin-left:12em;list-style:"{BANK}"}}', "&nbsp;"),
    "bdo": link("<bdo dir=rtl>moc.lapyap//:sptth</bdo>"),
    "override": link('<span style="direction:rtl;unicode-bidi:bidi-override">moc.lapyap//:sptth</span>'),
    "order": link('<span style="display:flex"><i style="order:2">paypal.com</i><i style="order:1">https://</i></span>'),
    "row-reverse": link(
        '<span style="display:inline-flex;flex-direction:row-reverse"><i>pal.com</i><i>https://pay</i></span>'
    ),
    "float": link('<span style="float:right">.com</span><span style="float:right">https://paypal</span>'),
    "float-in-line": f'<div style="width:8em">{link("<i style=float:right>.com</i><i>https://paypal</i>")}</div>',
    "moved": link(
        '<span style="position:relative;display:block;height:1em;font:16px monospace">'
        '<i style="position:absolute;left:11ch">pal.com</i><i style="position:absolute;left:0">https://pay</i></span>'
    ),
    "upright": link(f'<span style="writing-mode:vertical-lr;text-orientation:upright">{BANK}</span>'),
    "picture": link(f'<img alt="{BANK}" src="cid:none">'),
    "picture-of-nothing": link(f'<img alt="{BANK}" src="https://evil.example/p.png" width=200 height=30>'),
    "arrow": link("→ paypal.com →"),
    "slashes": link("https:&#8260;&#8260;paypal.com"),
    "hyphen": link("https://pay-<br>pal.com"),
    "broken": link('<span style="display:block;width:5em;word-break:break-all">https://paypal.com</span>'),
    "broken-before-its-end": link(f'<i style="display:block;width:15.5ch;font:16px monospace">{BANK}</i>'),
    "prose": link("Go to https://paypal.com now"),
    "mail": link("security@paypal.com", href="mailto:evil@evil.example"),
    "overlay": f'<div style="position:relative"><span>{BANK}</span>'
    f'<a href="{EVIL}" style="position:absolute;left:0;top:0;'
    'width:100%;height:100%;opacity:0">x</a></div>',
    "overlay-of-nothing": f'<div style="position:relative">{BANK}'
    f'<a href="{EVIL}" style="position:absolute;inset:0"></a></div>',
    "overlay-zoomed": f'<div style="position:relative">{BANK}<div style="zoom:9">'
    f'<a href="{EVIL}" style="position:absolute;inset:0"></a></div></div>',
    "overlay-on-generated": f'<style>.o::before{{content:"{BANK}"}}</style><div class=o style="position:relative">'
    f'<a href="{EVIL}" style="position:absolute;inset:0"></a></div>',
    "overlay-moved": f'<p>{BANK}</p><a href="{EVIL}" style="display:block;margin-top:-3em;height:3em"></a>',
    "strip-above": f'<div style="position:relative;font:20px/30px serif">{BANK}<a href="{EVIL}"'
    'style="position:absolute;left:0;top:0;width:100%;height:40%"></a></div>',
    "strip-between": f'<div style="position:relative;font:20px/30px serif">{BANK}<a href="{EVIL}"'
    'style="position:absolute;left:31px;top:0;width:2px;height:100%"></a></div>',
    "end-of-a-word": f'https://paypal<a href="{EVIL}">.com</a>',
    "middle-of-a-word": f'https://pay<a href="{EVIL}">pal</a>.com',
    "word-of-links": "".join(f'<a href="{EVIL}">{part}</a>' for part in ("https://pay", "pal", ".com")),
    "narrow-space": link("<span style='word-spacing:-.25em'>https: //paypal .com</span>"),
    "apart": link("".join(f"<i style='margin-right:.6em'>{letter}</i>" for letter in BANK)),
    "faint-between": link('https:/<i style="color:#f4f4f4">x</i>/paypal<i style="color:#f4f4f4">/</i>.com'),
    "small-between": link('https:/<i style="font-size:4px">x</i>/paypal<i style="font-size:4px">/</i>.com'),
    "much-before": link(f'<span style="display:block;font-size:3px">{". " * 2500}</span>paypal.com'),
    "too-much-before": link(f'<span style="display:block;font-size:3px">{"." * 25_000}</span>paypal.com'),
    "letters-of-a-list": styled(
        ".l{display:list-item;list-style:lower-alpha inside;counter-set:list-item 190912064}", "com"
    ),
    "area": f'<img usemap="#m" width=300 height=30 alt="{BANK}" src="{PIXEL}"><map name=m>'
    f'<area href="{EVIL}" coords="0,0,300,30" shape=rect></map>',
    "area-alt": f'<img usemap="#m" width=300 height=30 src="{PIXEL}"><map name=m>'
    f'<area href="{EVIL}" alt="{BANK}" coords="0,0,300,30" shape=rect></map>',
    "contents": link(f'<i style="display:none">x</i>{BANK}', "style=display:contents"),
    "many": link("<b></b>" * 600 + f'<i style="position:absolute;left:0;top:60px">{BANK}</i>'),
    "spaces-before": link(" " * 25_000 + BANK),
    "unseen-before": link("\u200b" * 25_000 + BANK),
    "area-under-text": '<div style="position:relative;height:30px">'
    f'<span style="position:absolute;pointer-events:none">{BANK}</span>'
    f'<img usemap="#m" width=300 height=30 src="{PIXEL}"></div><map name=m>'
    f'<area href="{EVIL}" coords="0,0,300,30" shape=rect></map>',
    "area-of-a-part": '<div style="position:relative;height:30px">'
    f'<span style="position:absolute;pointer-events:none">{BANK}</span>'
    f'<img usemap="x#m" width=300 height=30 src="{PIXEL}"></div><map name=m>'
    f'<area href="{EVIL}" coords="0,0,300,30" shape=rect></map>',
}
HONEST = {
    "words": link("Log in"),
    "same": link(BANK, href="https://www.paypal.com/login"),
    "hidden-same": link('<span style="display:none">x </span>https://paypal.com', href="https://paypal.com/"),
    "hidden-other": link('Log in<span style="display:none">https://paypal.com</span>'),
    "around": f"<p>{BANK} {link('Log in')} {BANK}</p>",
    "above": f"<p>{BANK}</p>{link('Log in')}<p>{BANK}</p>",
    "button": link('<span style="display:inline-block;padding:12px 24px;background:#06c;color:#fff">Confirm</span>'),
    "icon": styled('.l::before{content:"→ "}', "Read more"),
    "picture": link(f'<img alt="Logo" src="{PIXEL}" width=100 height=30>'),
    "card": link("<table><tr><td>Shop</td></tr><tr><td>www.shop.de</td></tr></table>", href="https://click.shop.de/x"),
    "counter-style": styled(
        f'@counter-style evil{{system:cyclic;symbols:"{BANK}"}}.l{{display:list-item;margin:9em;list-style:evil}}',
        "&nbsp;",
    ),
    "mail": link("anna@shop.de", href="mailto:anna@shop.de"),
    "beside": f'(<a href="{EVIL}">Log in</a>) {BANK}<p style="line-height:1">{BANK}<br><a href="{EVIL}">Log in</a>',
    "list": f"<ol type=a start=5 style='margin:1em'><li>{link('Log in')}</ol>",
    "hyphen": link(f"<i style='display:inline-block;width:1px;hyphenate-character:\"{BANK}\"'>a&shy;b</i>"),
    "emphasis": link("".join(f"<i style='color:transparent;text-emphasis:\"{one}\" #000'>x</i>" for one in BANK)),
    "mark": styled(f'.l{{display:list-item;margin:9em}}.l::marker{{content:"{BANK}"}}', "&nbsp;"),
    "first-letter": styled(".l{display:block}.l::first-letter{font-size:99px}", "Read more"),
}
# What changes when it is pressed would be read as one place, and open another.
PRESSED = {
    "hover": "a:hover b{font-size:0}",
    "focus": "a:focus b{font-size:0}",
    "focus-within": "p:focus-within b{font-size:0}",
    "escaped": r"a:h\6fver b{font-size:0}",
    "list": "u,p a:is(u,:hover) b{font-size:0}",
    "nested": "a{&:hover{b{font-size:0}}}",
    "scope": "@scope (a:hover){b{font-size:0}}",
    "layer": "@layer x{@media all{p:has(a:hover) b{font-size:0}}}",
}


WRITTEN = """() => {
  const all = [...document.querySelectorAll('a, i')].map((element) => getComputedStyle(element))
  const some = (name) => [...new Set(all.map((style) => style[name]))].join()
  const { content } = getComputedStyle(document.links[0], '::marker')
  return [some('hyphenateCharacter'), some('textEmphasisStyle'), content]
}"""


@pytest.fixture(scope="module")
async def page(browser: Browser, origin: str) -> AsyncIterator[Page]:
    opened = await browser.new_page()
    await opened.goto(f"{origin}/")
    yield opened
    await opened.close()


async def asked(page: Page, html: str) -> tuple[bool, str]:
    """Whether the interface asks before the last link opens, and what was seen of it."""
    await frame_of(page, html)
    inside = page.frame_locator(FRAME)
    if "<area" in html:
        await inside.locator("img").click(force=True, position={"x": 150, "y": 15})
    elif "display:contents" in html:  # without a box it gets no focus
        await inside.locator("body").click(position={"x": 20, "y": 65})
    else:
        await inside.locator("a").last.focus()
        await page.keyboard.press("Enter")
    assert await until(page, "told().links.length === 1")
    fate = await page.evaluate("told()")
    return fate["asked"][0], fate["seen"][0]


async def test_link_that_is_seen_as_another_place_is_asked_about(page: Page) -> None:
    found = {name: await asked(page, html) for name, html in DECEPTIVE.items()}
    assert {name: seen for name, (asks, seen) in found.items() if not asks} == {}


async def test_link_that_says_nothing_else_than_it_does_is_not(page: Page) -> None:
    found = {name: await asked(page, html) for name, html in HONEST.items()}
    assert {name: seen for name, (asks, seen) in found.items() if asks} == {}


async def test_link_stays_the_same_when_it_is_pressed(page: Page) -> None:
    found = {}
    for name, css in PRESSED.items():
        await frame_of(page, f"<style>{css}</style><p><a href={EVIL}><b>{BANK}</b> go</a>")
        await page.frame_locator(FRAME).locator("a").click(position={"x": 5, "y": 5})
        assert await until(page, "told().links.length === 1")
        found[name] = (await page.evaluate("told()"))["asked"][0]
    assert [name for name, asks in found.items() if not asks] == []


async def test_rules_of_a_mail_write_nothing(page: Page) -> None:
    written = ("hyphen", "emphasis", "mark", "counter-style")
    for name in written:
        frame = await frame_of(page, HONEST[name])
        assert await frame.evaluate(WRITTEN) == ["auto", "none", "normal"], name


async def test_what_is_seen_of_a_link_of_a_large_mail_is_found_in_a_moment(page: Page) -> None:
    html = "<p>Some words that nobody reads.</p>" * 5_000 + link(BANK)
    frame = await frame_of(page, html)
    milliseconds = await frame.evaluate(
        "(start => (seenIn([...document.links].at(-1)), performance.now() - start))(performance.now())"
    )
    assert milliseconds < 2_000

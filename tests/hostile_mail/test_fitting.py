"""How a mail fits its frame, in its width and in its colours, in every browser."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from eventually import eventually
from hostile_mail.browsers import BROWSERS, Runs, opened

PHONE, DESK = 358, 768
"""CSS pixels of a frame"""
NEWSLETTER = (
    "<body style='background:#fff'><table width=600 cellpadding=0 cellspacing=0><tr>"
    "<td width=300>Two columns of words, none of which is broken inside</td><td width=300>Two</td></tr></table>"
)
LONG = "https://shop.example/" + "a" * 200
TABLE = (
    f"<table><tr><td id=words>Incomprehensibilities</td><td>Reconnaissance</td></tr><tr><td colspan=2>{LONG}</table>"
)
DARK = (
    "<meta name=color-scheme content='light dark'><style>p{color:#111;background:#eee}"
    "@media (prefers-color-scheme: dark){p{color:#eee;background:#222}}</style><p>x"
)
WIDE = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"


@pytest.fixture(params=BROWSERS)
async def tab(request: pytest.FixtureRequest, origin: str, tmp_path: Path) -> AsyncIterator[Runs]:
    async with opened(request.param, origin, tmp_path / "profile") as tab:
        yield tab


async def shown(tab: Runs, html: str, width: int, theme: str = "light") -> None:
    args = json.dumps([html, theme])
    await tab.run(f"document.querySelector('main').style.width = '{width}px'; show(...{args})")

    async def is_there() -> bool:
        return bool(await tab.run("return told().shown === 'height'"))

    await eventually(is_there, "the mail is shown")


async def holds(tab: Runs, expression: str, what: str) -> None:
    async def is_true() -> bool:
        return bool(await tab.run_framed(f"return {expression}"))

    await eventually(is_true, what)


async def test_mail_fits_a_phone_and_is_as_dark_as_the_page(tab: Runs) -> None:
    """One browser for all: it takes longer to start than to show them."""
    whole = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    await shown(tab, NEWSLETTER, PHONE)
    await holds(tab, f"{whole} && innerWidth === {PHONE}", "it is as wide as the phone")
    # Two lines of 24 pixels, made smaller.
    assert await tab.run_framed("return innerHeight") == pytest.approx(48 * PHONE / 600 + 2, abs=3)
    scale = await tab.run("return told().scale")
    assert scale == pytest.approx(PHONE / 600, abs=0.01)

    await tab.run("original(true)")
    await holds(tab, "document.documentElement.scrollWidth >= 600", "it has its own size")
    assert await tab.run("return told().scale") == 1
    await tab.run("original(false)")
    await holds(tab, whole, "it fits again")

    await shown(tab, NEWSLETTER, DESK)
    assert await tab.run("return told().scale") == 1

    await shown(tab, TABLE, PHONE)
    await holds(tab, whole, "the address is broken, not the table")
    lines = "const { height } = document.querySelector('#words').getBoundingClientRect(); return height"
    assert await tab.run_framed(lines) < 30
    assert await tab.run("return told().scale") == 1

    for theme, colour in (("light", "rgb(17, 17, 17)"), ("dark", "rgb(238, 238, 238)")):
        await shown(tab, DARK, PHONE, theme)
        assert await tab.run_framed("return getComputedStyle(document.querySelector('p')).color") == colour

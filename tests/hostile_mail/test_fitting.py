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
    """In the frame, which learns its size a moment after it is asked for."""

    async def is_true() -> bool:
        return bool(await tab.run_framed(f"return {expression}"))

    await eventually(is_true, what)


async def is_scaled(tab: Runs, by: float) -> None:
    async def is_true() -> bool:
        return await tab.run("return told().scale") == pytest.approx(by, abs=0.01)

    await eventually(is_true, f"it is scaled by {by:.2f}")


async def test_mail_fits_a_phone_and_is_as_dark_as_the_page(tab: Runs) -> None:
    """One browser for all: it takes longer to start than to show them."""
    whole = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    await shown(tab, NEWSLETTER, PHONE)
    await holds(tab, f"{whole} && innerWidth === {PHONE}", "it is as wide as the phone")
    # Two lines of 24 pixels, made smaller.
    await holds(tab, f"Math.abs(innerHeight - {48 * PHONE / 600 + 2}) < 3", "it is as high as its lines")
    await is_scaled(tab, PHONE / 600)

    await tab.run("original(true)")
    await holds(tab, "document.documentElement.scrollWidth >= 600", "it has its own size")
    await is_scaled(tab, 1)
    await tab.run("original(false)")
    await holds(tab, whole, "it fits again")

    await shown(tab, NEWSLETTER, DESK)
    await is_scaled(tab, 1)

    await shown(tab, TABLE, PHONE)
    await holds(tab, whole, "the address is broken, not the table")
    await holds(tab, "document.querySelector('#words').getBoundingClientRect().height < 30", "its words are whole")
    await is_scaled(tab, 1)

    for theme, colour in (("light", "rgb(17, 17, 17)"), ("dark", "rgb(238, 238, 238)")):
        await shown(tab, DARK, PHONE, theme)
        await holds(tab, f"getComputedStyle(document.querySelector('p')).color === '{colour}'", f"it is {theme}")

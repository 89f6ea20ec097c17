"""Each browser measures in its own way what is seen of a mail and of its links. What holds in Chromium holds in all."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from hostile_mail.browsers import Runs, opened
from hostile_mail.test_links import DECEPTIVE, HONEST
from hostile_mail.test_seen_quote import ALL, HIDDEN, TEXT, UNKNOWN, is_without_hidden, words
from other_browsers.browsers import BROWSERS

SOME = 6
"""Of each table every sixth row, beside those that a browser has failed."""
FAILED = (
    "tiny",
    "font",
    "scale",
    "contents",
    "unseen-before",
    "overlay-zoomed",
    "area-of-a-part",
    "broken-before-its-end",
)
ITS_OWN = {"Firefox": ("float-in-line", "mask-box"), "WebKit": ("float-in-line",)}
"""Its font breaks lines elsewhere; Firefox does not know the property."""
SHOWN = """show(%s)
for (const end = performance.now() + 5_000; told().shown !== 'height' && performance.now() < end;)
  await new Promise((again) => setTimeout(again, 5))
return told().shown"""
SEEN = """const link = [...document.querySelectorAll("[data-link]")].at(-1)
tell("link", { href: link.dataset.link, seen: seenIn(link) })"""
ASKED = """for (const end = performance.now() + 5_000; told().links.length < 1 && performance.now() < end;)
  await new Promise((again) => setTimeout(again, 5))
return told().asked[0]"""

pytestmark = pytest.mark.timeout(300)


async def asks(tab: Runs, html: str) -> bool | None:
    assert await tab.run(SHOWN % json.dumps(html)) == "height"
    await tab.run_framed(SEEN)
    return await tab.run(ASKED)


async def quoted(tab: Runs, html: str) -> Any:
    assert await tab.run(SHOWN % json.dumps(html)) == "height"
    return await tab.run(f"return await quoted({json.dumps(html)})")


@pytest.mark.parametrize("every", [SOME, pytest.param(1, marks=pytest.mark.long)])
@pytest.mark.parametrize("name", BROWSERS)
async def test_another_browser_sees_the_same(name: str, every: int, origin: str, tmp_path: Path) -> None:
    def some(table: Mapping[str, str]) -> dict[str, str]:
        return {
            key: html
            for at, (key, html) in enumerate(table.items())
            if (at % every == 0 or key in FAILED) and key not in ITS_OWN[name]
        }

    async with opened(name, origin, tmp_path / "profile") as tab:
        assert [key for key, html in some(DECEPTIVE).items() if await asks(tab, html) is not True] == []
        assert [key for key, html in some(HONEST).items() if await asks(tab, html) is not False] == []
        found = {key: await quoted(tab, html) for key, html in some(HIDDEN).items()}
        assert {key: one for key, one in found.items() if not is_without_hidden(one["html"], one["isKnown"])} == {}
        assert [key for key, html in some(UNKNOWN).items() if (await quoted(tab, html))["isKnown"]] == []
        all_of_it = await quoted(tab, ALL)
        assert (words(all_of_it["html"]), all_of_it["isKnown"]) == (TEXT.split(), True)

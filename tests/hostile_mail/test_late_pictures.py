"""The pictures that a mail brings along come after its text. Its frame grows with each, in every browser."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.async_api import Page

from chromium import chromium
from other_browsers.firefox import firefox
from other_browsers.webkit import webkit
from tests.missing import Missing, skip_without

WIDTHS = (320, 390, 768)
"""CSS pixels"""
LATEST = 45
"""Milliseconds: a frame is resized within about as many."""
TOGETHER = 10
"""A driver waits no longer than 20 s for its script."""


class _Runs(Protocol):
    async def run(self, body: str) -> Any: ...


class _Chromium:
    def __init__(self, page: Page) -> None:
        self._page = page

    async def run(self, body: str) -> Any:
        return await self._page.evaluate(f"async () => {{ {body} }}")


@asynccontextmanager
async def _opened(name: str, origin: str, profile: Path) -> AsyncIterator[_Runs]:
    if name == "Chromium":
        async with chromium() as browser:
            page = await browser.new_page()
            await page.goto(origin)
            yield _Chromium(page)
        return
    try:
        async with {"Firefox": firefox, "WebKit": webkit}[name](profile) as driven:
            await driven.open(origin)
            yield driven
    except Missing as why:
        skip_without(name, why)


@pytest.mark.parametrize("name", ["Chromium", "Firefox", "WebKit"])
@pytest.mark.parametrize("loads", [30, pytest.param(500, marks=[pytest.mark.long, pytest.mark.timeout(900)])])
async def test_mail_is_not_cut_off_whenever_its_pictures_come(
    name: str, loads: int, origin: str, tmp_path: Path
) -> None:
    cases = [(WIDTHS[at % len(WIDTHS)], at * 7 % LATEST) for at in range(loads)]
    cut: list[Any] = []
    async with _opened(name, origin, tmp_path / "profile") as browser:
        for first in range(0, loads, TOGETHER):
            some = json.dumps(cases[first : first + TOGETHER])
            cut += await browser.run(f"return await cutOff({some})")
    assert cut == []

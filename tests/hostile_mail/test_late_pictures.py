"""The pictures that a mail brings along come after its text. Its frame grows with each, in every browser."""

import json
from pathlib import Path
from typing import Any

import pytest

from hostile_mail.browsers import BROWSERS, opened

WIDTHS = (320, 390, 768)
"""CSS pixels"""
LATEST = 45
"""Milliseconds: a frame is resized within about as many."""
TOGETHER = 10
"""A driver waits no longer than 20 s for its script."""


@pytest.mark.parametrize("name", BROWSERS)
@pytest.mark.parametrize("loads", [30, pytest.param(500, marks=[pytest.mark.long, pytest.mark.timeout(900)])])
async def test_mail_is_not_cut_off_whenever_its_pictures_come(
    name: str, loads: int, origin: str, tmp_path: Path
) -> None:
    cases = [(WIDTHS[at % len(WIDTHS)], at * 7 % LATEST) for at in range(loads)]
    cut: list[Any] = []
    async with opened(name, origin, tmp_path / "profile") as browser:
        for first in range(0, loads, TOGETHER):
            some = json.dumps(cases[first : first + TOGETHER])
            cut += await browser.run(f"return await cutOff({some})")
    assert cut == []

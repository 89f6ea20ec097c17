"""Debian's Chromium, driven by Playwright, whose own browsers are not downloaded."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright

from tests.go_program import Missing, skip_without

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def chromium_path() -> str:
    """Raises `Missing`."""
    for name in PROGRAMS:
        if path := shutil.which(name):
            return path
    raise Missing(f"none of {', '.join(PROGRAMS)} is installed (Debian: apt-get install chromium)")


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """One browser for the tests of a module. Skips them without Chromium, and says so."""
    try:
        path = chromium_path()
    except Missing as missing:
        skip_without("Chromium", missing)
    # Chromium refuses to run as root with its own sandbox, which is not what is tested here.
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=flags)
        try:
            yield browser
        finally:
            await browser.close()

"""Debian's Chromium, driven by Playwright, whose own browsers are not downloaded."""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from tests.missing import Missing, skip_without

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
# A process of its own for each sandboxed frame costs half of the processor, and isolates nothing that is tested here.
_FEW_PROCESSES = "--disable-features=IsolateSandboxedIframes"
_DRIVEN_AT = re.compile(rb"DevTools listening on (ws://\S+)")


def chromium_path() -> str:
    """Raises `Missing`."""
    for name in PROGRAMS:
        if path := shutil.which(name):
            return path
    raise Missing(f"none of {', '.join(PROGRAMS)} is installed (Debian: apt-get install chromium)")


def shell_path() -> str:
    """Chromium without what draws its own windows, where it is installed: the same pages for a fifth less processor.
    Raises `Missing`."""
    return shutil.which("chromium-headless-shell") or chromium_path()


def needed_flags() -> list[str]:
    """Chromium refuses to run as root with its own sandbox, which is not what is tested here."""
    return ["--no-sandbox"] if os.geteuid() == 0 else []


@asynccontextmanager
async def chromium(*flags: str) -> AsyncIterator[Browser]:
    """One browser for the tests of a module. Skips them without Chromium, and says so."""
    try:
        path = shell_path()
    except Missing as missing:
        skip_without("Chromium", missing)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=[*needed_flags(), *flags])
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def ordinary_chromium(profile: Path, *flags: str) -> AsyncIterator[Browser]:
    """The browser as people start it. Playwright's own flags switch off what opens connections ahead of need."""
    try:
        path = chromium_path()
    except Missing as missing:
        skip_without("Chromium", missing)
    arguments = [
        "--headless=new",
        f"--user-data-dir={profile}",
        "--remote-debugging-port=0",
        _FEW_PROCESSES,
        *needed_flags(),
        *flags,
    ]
    process = await asyncio.create_subprocess_exec(path, *arguments, stderr=asyncio.subprocess.PIPE)
    assert process.stderr
    try:
        address = await asyncio.wait_for(_driven_at(process.stderr), 30)
        async with _drained(process.stderr), async_playwright() as playwright:
            yield await playwright.chromium.connect_over_cdp(address)
    finally:
        process.terminate()
        await process.wait()


async def _driven_at(said: asyncio.StreamReader) -> str:
    async for line in said:
        if found := _DRIVEN_AT.search(line):
            return found[1].decode()
    raise RuntimeError("Chromium ended before it could be used")


@asynccontextmanager
async def _drained(said: asyncio.StreamReader) -> AsyncIterator[None]:
    """Chromium stops when nobody reads what it complains about."""
    reading = asyncio.create_task(said.read())
    try:
        yield
    finally:
        reading.cancel()

"""A test that drives Firefox or WebKitGTK ends with a reason, whatever becomes of the browser, and ends all of it."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from eventually import eventually
from other_browsers.browsers import BROWSERS, started
from other_browsers.driven import Driven, Lost, PageError
from postroom_sandbox.loopback import free_port
from tests.missing import Missing

PROGRAMS = {"Firefox": "firefox", "WebKit": "MiniBrowser"}
"""How the names of their programs begin."""


def _running() -> set[psutil.Process]:
    return set(psutil.Process().children(recursive=True))


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@asynccontextmanager
async def watched(name: str, folder: Path) -> AsyncIterator[tuple[Driven, list[psutil.Process]]]:
    """A browser, and all that was started for it. Afterwards nothing of it runs."""
    before = _running()
    async with started(name, folder / "profile", free_port()) as browser:
        own = list(_running() - before)
        assert any(each.name().startswith(PROGRAMS[name]) for each in own)
        yield browser, own
    await eventually(lambda: not any(map(_is_alive, own)), f"nothing of {name} runs any more")


@pytest.mark.parametrize("name", BROWSERS)
async def test_one_that_is_killed_is_said_to_have_ended(name: str, tmp_path: Path) -> None:
    async with watched(name, tmp_path) as (browser, own):
        for each in own:
            if each.name().startswith(PROGRAMS[name]):
                each.kill()
        for _ in range(2):
            with pytest.raises(Lost, match=f"{name} has ended"):
                await browser.run("return 1")


@pytest.mark.parametrize("name", BROWSERS)
async def test_one_whose_page_hangs_is_said_to_hang_and_nothing_more_is_asked_of_it(name: str, tmp_path: Path) -> None:
    async with watched(name, tmp_path) as (browser, _):
        browser.patience = 3
        with pytest.raises(Lost, match=rf"{name} did not answer .* within 3 s"):
            await browser.run("for (;;) {}")
        browser.patience = 60
        with pytest.raises(Lost, match=name):
            await browser.run("return 1")


@pytest.mark.parametrize("name", BROWSERS)
async def test_a_script_that_fails_is_reported(name: str, tmp_path: Path) -> None:
    async with watched(name, tmp_path) as (browser, _):
        with pytest.raises(PageError, match="no such thing"):
            await browser.run("throw new Error('no such thing')")


async def test_what_a_page_of_firefox_logs_as_an_error_is_known_once(tmp_path: Path) -> None:
    async with watched("Firefox", tmp_path) as (browser, _):
        await browser.run("console.error('no such thing'); console.warn('but')")
        assert await browser.logged() == ["no such thing"]
        assert await browser.logged() == []


@pytest.mark.parametrize("name", BROWSERS)
async def test_one_that_is_not_installed_is_missing_by_its_package(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _program: None)
    with pytest.raises(Missing, match="apt-get install"):
        async with BROWSERS[name](tmp_path / "profile", 9):
            pass

"""The core of what a person does, in Firefox and in WebKitGTK. What is common to all browsers is tested in Chromium."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from other_browsers.driven import Driven
from other_browsers.firefox import firefox
from other_browsers.page import OtherPage
from other_browsers.webkit import webkit
from tests.missing import Missing, skip_without
from trial import Trial

BROWSERS = {"Firefox": firefox, "WebKit": webkit}


@asynccontextmanager
async def driven(name: str, profile: Path) -> AsyncIterator[Driven]:
    try:
        async with BROWSERS[name](profile) as browser:
            yield browser
    except Missing as why:
        skip_without(name, why)


@pytest.mark.parametrize("name", BROWSERS)
async def test_a_person_signs_up_and_reads(name: str, up: Trial, tmp_path: Path) -> None:
    async with driven(name, tmp_path / "profile") as browser:
        alice = OtherPage(browser, up.environment["POSTROOM_URL"], f"{name.lower()}.alice")
        await alice.sign_up()
        await alice.press("gridcell", "Welcome to your new mailbox", exact=False)
        await alice.has("heading", "Welcome to your new mailbox")
        await browser.reload()
        await alice.has("heading", "Welcome to your new mailbox")

"""What the tests of hostile mail share: a page, built once, and servers of it."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext

from built_web import require_interface
from chromium import chromium
from hostile_mail.corpus import MAILS
from hostile_mail.harness import build, harness
from hostile_mail.hosts import Hosts, hosts
from hostile_mail.unprotected import application
from served_app import served


@pytest.fixture(scope="package")
def built() -> Iterator[Path]:
    """The page that shows mails."""
    require_interface()
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder))
        yield Path(folder)


@pytest.fixture(scope="package")
async def origin(built: Path) -> AsyncIterator[str]:
    """Of a page that shows mails as the interface does."""
    async with harness(built) as opened:
        yield opened


@pytest.fixture(scope="package")
async def bare_origin(built: Path) -> AsyncIterator[str]:
    """Of the same page without a policy."""
    async with harness(built, policy=False) as opened:
        yield opened


@pytest.fixture(scope="package")
async def unsafe() -> AsyncIterator[str]:
    """Of readers without protection."""
    async with served(application()) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="package")
async def evil() -> AsyncIterator[Hosts]:
    """Those that the mails name."""
    async with hosts(MAILS) as opened:
        yield opened


@pytest.fixture(scope="package")
async def browser(evil: Hosts) -> AsyncIterator[Browser]:
    """One that reaches these hosts, and no other."""
    async with chromium(f"--host-resolver-rules={evil.rules()}") as opened:
        yield opened


@pytest.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """With caches of its own, and no page that an earlier test has left."""
    async with await browser.new_context() as opened:
        yield opened

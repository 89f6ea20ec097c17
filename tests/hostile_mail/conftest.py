"""What the tests of hostile mail share: a page, built once, and servers of it."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from hostile_mail.harness import bare_harness, build, harness
from hostile_mail.unprotected import application
from served_app import served
from tests.go_program import Missing, skip_without


@pytest.fixture(scope="package")
def built() -> Iterator[Path]:
    """The page that shows mails."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            build(Path(folder))
        except Missing as why:
            skip_without("Chromium", why)
        yield Path(folder)


@pytest.fixture(scope="package")
async def origin(built: Path) -> AsyncIterator[str]:
    """Of a page that shows mails as the interface does."""
    async with harness(built) as opened:
        yield opened


@pytest.fixture(scope="package")
async def bare_origin(built: Path) -> AsyncIterator[str]:
    """Of the same page without a policy."""
    async with bare_harness(built) as opened:
        yield opened


@pytest.fixture(scope="package")
async def unsafe() -> AsyncIterator[str]:
    """Of readers without protection."""
    async with served(application()) as port:
        yield f"http://127.0.0.1:{port}"

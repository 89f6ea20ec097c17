"""What the tests of hostile mail share: two servers, built once."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hostile_mail.harness import build, harness
from hostile_mail.unprotected import application
from served_app import served
from tests.go_program import Missing, skip_without


@pytest.fixture(scope="package")
async def origin() -> AsyncIterator[str]:
    """Of a page that shows mails as the interface does."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            build(Path(folder))
        except Missing as why:
            skip_without("Chromium", why)
        async with harness(Path(folder)) as opened:
            yield opened


@pytest.fixture(scope="package")
async def unsafe() -> AsyncIterator[str]:
    """Of readers without protection."""
    async with served(application()) as port:
        yield f"http://127.0.0.1:{port}"

"""The browsers besides Chromium, by the names under which CI may do without them."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from other_browsers.driven import Driven
from other_browsers.firefox import firefox
from other_browsers.webkit import webkit
from tests.missing import Missing, skip_without

BROWSERS: Mapping[str, Callable[[Path, int], AbstractAsyncContextManager[Driven]]] = {
    "Firefox": firefox,
    "WebKit": webkit,
}


@asynccontextmanager
async def started(name: str, folder: Path, proxy: int) -> AsyncIterator[Driven]:
    """The test is skipped where it is missing."""
    try:
        async with BROWSERS[name](folder, proxy) as browser:
            yield browser
    except Missing as why:
        skip_without(name, why)

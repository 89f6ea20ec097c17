"""A page with message frames and nothing else, built from web/tests/message-frame and served like the interface."""

import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Frame, Page
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from hostile_mail.hosts import DOMAIN
from hostile_mail.mail import HostileMail
from hostile_mail.opening import Opener, Way
from postroom.http.problems import plain_problem
from postroom.web.interface import Interface, Place
from served_app import served

WEB = Path(__file__).parents[2] / "web"
FRAME = "iframe[title='Message from Mallory']"

_OUTSIDE = "document.head.innerHTML + document.querySelector('h1').outerHTML + document.querySelector('#end').outerHTML"
_FRAMES = (
    "[...document.querySelectorAll('iframe')].map(f => `${f.getAttribute('sandbox')} ${f.closest('.mail')?.className}`)"
)
# Nothing of a mail may be seen outside of its frame, and the page is as it was.
_PAGE = f"[document.body.children.length, {_OUTSIDE}, [...new Set({_FRAMES})].join()].join('|')"
_DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(innerHeight))))"


def build(folder: Path) -> None:
    config = "tests/message-frame/vite.config.ts"
    command = [
        sys.executable,
        str(WEB / "npm.py"),
        "exec",
        "--",
        "vite",
        "build",
        "--config",
        config,
        "--logLevel",
        "warn",
    ]
    subprocess.run([*command, "--outDir", str(folder), "--emptyOutDir"], check=True, timeout=120)


@asynccontextmanager
async def harness(folder: Path, *, policy: bool = True) -> AsyncIterator[str]:
    """The origin. Without a policy nothing but the sanitizer protects the page."""
    interface = Interface(Place(), plain_problem(404, "Not Found").response(), folder=folder)
    bare = Starlette(routes=[Mount("/", StaticFiles(directory=folder, html=True))])
    async with served(interface if policy else bare) as port:
        yield f"http://127.0.0.1:{port}"


def way(origin: str, sanitized: bool = True, together: int = 1, domain: str = DOMAIN) -> Way:
    """As the interface shows a mail, or without its sanitizer."""

    show = "showAll" if sanitized else "showAllBare"
    opener = _opener(origin, show, domain)
    # The page itself gives up after two seconds; ten megabytes take longer to get there on a busy machine.
    return Way(origin, opener, together=together, frame=FRAME, inspect=_damage, patience=60)


def quoting_way(origin: str, sanitized: bool = True, together: int = 1, domain: str = DOMAIN) -> Way:
    """As a letter quotes a mail, in the page itself; or the mail as it came."""
    show = "showQuotes" if sanitized else "showRaw"
    inspect = _damage if sanitized else None
    return Way(origin, _opener(origin, show, domain), together=together, early=not sanitized, inspect=inspect)


def _opener(origin: str, show: str, domain: str) -> Opener:
    async def opened(page: Page, mails: Sequence[HostileMail]) -> Mapping[str, str]:
        if page.url != f"{origin}/":
            await page.goto(f"{origin}/")
        html = [mail.body(domain) for mail in mails]
        seen = await page.evaluate(f"html => {show}(html)", html)
        return {mail.id: str(shown or "") for mail, shown in zip(mails, seen, strict=True)}

    return opened


async def until(page: Page | Frame, expression: str, seconds: float = 3) -> bool:
    """Playwright's own waiting is an `eval`, which the page's policy refuses."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if await page.evaluate(expression):
            return True
        await page.wait_for_timeout(10)
    return False


async def frame_of(page: Page, html: str, *more: str | bool) -> Frame:
    """The frame that shows this HTML. `more`: the theme, and whether remote pictures may load."""
    for _ in range(5):  # on a busy machine the page may give it up
        await page.evaluate("args => show(...args)", [html, *more])
        if await until(page, "told().shown === 'height'"):
            return page.frames[1]
    raise AssertionError("it is not shown")


async def settled(frame: Frame) -> int:
    """Its height, once its pictures are there and it stays the same while it and its page are drawn some times."""
    assert await until(frame, "[...document.images].every((image) => image.complete)")
    heights: list[int] = []
    for _ in range(100):
        # A frame tells its height when it is drawn, and gets that height when its page is drawn.
        heights.append(await frame.evaluate(_DRAWN))
        await frame.page.evaluate(_DRAWN)
        if len(heights) >= 5 and len(set(heights[-5:])) == 1:
            return heights[-1]
    raise AssertionError(f"its height changes all the time: {heights}")


async def _damage(page: Page) -> str:
    seen = await page.evaluate(_PAGE)
    count, head, frames = str(seen).split("|", 2)[0], seen, str(seen).rpartition("|")[2]
    if count != "3" or "What a mail may never change." not in head or frames not in ("", "allow-scripts mail"):
        return f"the page is {json.dumps(seen)[-300:]}"
    return ""

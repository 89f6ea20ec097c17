"""Opening hostile mails in a browser, many at a time, and what each of them did."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from playwright.async_api import BrowserContext, ConsoleMessage, Error, FrameLocator, Page, Request

from hostile_mail.hosts import Hosts
from hostile_mail.mail import HostileMail

SETTLE = 0.3
"""Seconds for which a mail is watched after it was shown and used."""

PATIENCE = 10
"""Seconds after which a page that does not answer is given up."""


@dataclass
class Fate:
    """What a mail did. `shown`: as the opener says. `answered`: the page did not hang."""

    shown: str = ""
    answered: bool = True
    calls: int = 0
    scripts: int = 0
    popups: int = 0
    requests: list[str] = field(default_factory=list)
    left: str = ""
    damage: str = ""

    def reached_out(self) -> bool:
        return self.calls > 0 or self.scripts > 0

    def harmless(self) -> bool:
        return not (self.calls or self.scripts or self.popups or self.requests or self.left or self.damage)


# Opens the mail in the page; its hosts lie in the place. Returns how it is shown.
Opener = Callable[[Page, HostileMail, str], Awaitable[str]]
# Says what is wrong with the page around the mail; empty if nothing is.
Inspector = Callable[[Page], Awaitable[str]]


@dataclass(frozen=True)
class Way:
    """A way to read a mail. `frame`: where to click; None for the page itself. `origin`: what may be requested.
    `stays`: whether the page must stay where it is. `early`: the next mail is opened as soon as this one has called."""

    origin: str
    open: Opener
    frame: str | None = None
    stays: bool = True
    early: bool = False
    inspect: Inspector | None = None
    settle: float = SETTLE


async def open_all(
    context: BrowserContext, hosts: Hosts, mails: Iterable[HostileMail], way: Way, places: int | None = None
) -> dict[str, Fate]:
    """One page a place: a mail finds what the one before it left."""
    hosts.called.clear()
    mails = list(mails)
    waiting = mails[::-1]
    fates: dict[str, Fate] = {}

    async def work(place: str) -> None:
        while waiting:
            reader = await _Reader.at(context, way)
            while waiting and not reader.spent:
                mail = waiting.pop()
                hosts.opens(place, mail.id)
                fates[mail.id] = await reader.read(mail, place, hosts)
            await reader.close()

    await asyncio.gather(*(work(place) for place in hosts.places[:places]))
    # Many at a time are slow: a mail that did not answer gets another chance, alone.
    waiting = [mail for mail in mails if not fates[mail.id].answered]
    await work(hosts.places[0])
    for name, fate in fates.items():
        fate.calls = hosts.called[name]  # late ones, too
    return fates


class _Reader:
    """A page, and what is heard of it."""

    def __init__(self, page: Page, way: Way) -> None:
        self.spent = False
        self._page = page
        self._way = way
        self._fate = Fate()
        page.on("console", self._console)
        page.on("requestfinished", self._request)
        page.on("requestfailed", self._request)
        page.on("popup", self._popup)

    @classmethod
    async def at(cls, context: BrowserContext, way: Way) -> "_Reader":
        return cls(await context.new_page(), way)

    async def read(self, mail: HostileMail, place: str, hosts: Hosts) -> Fate:
        fate = self._fate = Fate()
        try:
            async with asyncio.timeout(PATIENCE):
                fate.shown = await self._way.open(self._page, mail, place)
                address = self._page.url
                await use(self._page, mail, self._way.frame)
                await self._watch(mail, hosts)
                if self._way.stays:
                    fate.left = "" if self._page.url == address else self._page.url
                    fate.damage = await self._way.inspect(self._page) if self._way.inspect else ""
        except (Error, TimeoutError) as error:
            fate.answered = False
            fate.damage = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no answer'}"
            self.spent = True
        self.spent |= fate.popups > 0
        return fate

    async def close(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._page.close()
        except (Error, TimeoutError):
            pass  # a page that a mail keeps busy goes with its browser

    async def _watch(self, mail: HostileMail, hosts: Hosts) -> None:
        if self._way.early:
            await hosts.wait(mail.id, self._way.settle)
        else:
            await asyncio.sleep(self._way.settle)

    def _console(self, message: ConsoleMessage) -> None:
        self._fate.scripts += message.text.startswith("ran:")

    def _request(self, request: Request) -> None:
        """What the browser itself refuses (`csp`, `origin`) is heard of, too, but never sent."""
        sent = request.failure is None or request.failure.startswith("net::")
        if sent and not request.url.startswith(("data:", "blob:", *self._ours(request))):
            self._fate.requests.append(request.url[:200])

    def _ours(self, request: Request) -> tuple[str, ...]:
        """The page may ask our server for what it likes, a frame for nothing but its document."""
        try:
            inner = request.frame != self._page.main_frame
        except Error:  # of a navigation that has not begun
            inner = True
        return (f"{self._way.origin}/_app/immutable/assets/frame",) if inner else (f"{self._way.origin}/",)

    def _popup(self, popup: Page) -> None:
        self._fate.popups += 1
        self._closing = asyncio.ensure_future(popup.close())


async def use(page: Page, mail: HostileMail, frame: str | None) -> None:
    """Click and type, as a person would."""
    if mail.click:
        inside: Page | FrameLocator = page.frame_locator(frame) if frame else page
        target = inside.locator(mail.click).first
        try:
            await target.click(force=True, timeout=2_000)
        except Error:
            await _click_middle(page, frame)
    elif mail.key and frame:
        await _click_middle(page, frame)
    for key in (mail.key or "").split():
        await page.keyboard.press(key)


async def _click_middle(page: Page, frame: str | None) -> None:
    box = (
        await page.locator(frame).first.bounding_box(timeout=2_000)
        if frame and await page.locator(frame).count()
        else None
    )
    size = page.viewport_size or {"width": 800, "height": 600}
    if box:
        await page.mouse.click(box["x"] + min(box["width"], size["width"]) / 2, box["y"] + min(box["height"], 40) / 2)
    else:
        await page.mouse.click(size["width"] / 2, 60)

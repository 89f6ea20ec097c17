"""Opening hostile mails in a browser, many at a time, and what each of them did."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from playwright.async_api import BrowserContext, ConsoleMessage, Error, FrameLocator, Page, Request

from hostile_mail.hosts import Hosts
from hostile_mail.mail import ATTACHMENT, HostileMail

SETTLE = 0.3
"""Seconds for which mails are watched after they were shown and used."""

PATIENCE = 10

BUSY_READERS = 2
"""For pages that keep the processor busy: more of them only wait for each other."""


@dataclass
class Fate:
    """What a mail did. `shown`: as the opener says. `answered`: the page did not hang. `calls` are its own; the rest
    is what the page saw, of all mails that were open in it."""

    shown: str = ""
    answered: bool = True
    calls: int = 0
    scripts: list[str] = field(default_factory=list)
    popups: int = 0
    requests: list[str] = field(default_factory=list)
    left: str = ""
    damage: str = ""

    def reached_out(self, mail: str) -> bool:
        return self.calls > 0 or f"ran:{mail}" in self.scripts

    def harmless(self) -> bool:
        return not (self.calls or self.scripts or self.popups or self.requests or self.left or self.damage)


# Opens the mails in the page. Returns how each is shown.
Opener = Callable[[Page, Sequence[HostileMail]], Awaitable[Mapping[str, str]]]
# Says what is wrong with the page around the mails; empty if nothing is.
Inspector = Callable[[Page], Awaitable[str]]


@dataclass(frozen=True)
class Way:
    """A way to read mails. `frame`: where to click; None for the page itself. `file`: what opens an attached file, and
    what then shows it; None where the selector of the mail opens it. `origin`: what may be requested.
    `together`: how many are open in a page at once, if they need neither a hand nor the processor for themselves.
    `stays`: whether the page must stay where it is. `early`: the next are opened as soon as these have called.
    `patience`: seconds after which a page that does not answer is given up."""

    origin: str
    open: Opener
    frame: str | None = None
    file: tuple[str, str] | None = None
    together: int = 1
    stays: bool = True
    early: bool = False
    inspect: Inspector | None = None
    settle: float = SETTLE
    patience: float = PATIENCE

    def groups(self, mails: Sequence[HostileMail]) -> tuple[list[Sequence[HostileMail]], list[Sequence[HostileMail]]]:
        """What keeps the processor busy, and what waits most of the time: for a hand, or for a page of its own."""
        if self.together == 1:
            return [], [[mail] for mail in mails]
        heavy: list[Sequence[HostileMail]] = [[mail] for mail in mails if mail.is_heavy() and not mail.needs_a_hand()]
        light = [mail for mail in mails if not mail.is_heavy() and not mail.needs_a_hand()]
        firsts = range(0, len(light), self.together)
        together = [light[first : first + self.together] for first in firsts]
        return [*together, *heavy], [[mail] for mail in mails if mail.needs_a_hand()]


async def open_all(
    context: BrowserContext, hosts: Hosts, mails: Iterable[HostileMail], way: Way, readers: int
) -> dict[str, Fate]:
    """One page a reader: a mail finds what the one before it left."""
    hosts.called.clear()
    mails = list(mails)
    fates: dict[str, Fate] = {}

    async def work(waiting: list[Sequence[HostileMail]]) -> None:
        while waiting:
            reader = _Reader(await context.new_page(), way)
            while waiting and not reader.spent:
                fates.update(await reader.read(waiting.pop(0), hosts))
            await reader.close()

    busy, waiting = way.groups(mails)
    await asyncio.gather(*(work(busy) for _ in range(min(readers, BUSY_READERS))))
    await asyncio.gather(*(work(waiting) for _ in range(readers)))
    # Many at a time are slow: a mail that did not answer gets another chance, alone.
    await work([[mail] for mail in mails if not (fates[mail.id].answered or (way.early and hosts.called[mail.id]))])
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

    async def read(self, mails: Sequence[HostileMail], hosts: Hosts) -> dict[str, Fate]:
        fate = self._fate = Fate()
        shown: Mapping[str, str] = {}
        try:
            async with asyncio.timeout(self._way.patience):
                shown = await self._way.open(self._page, mails)
                address = self._page.url
                for mail in mails:
                    await use(self._page, mail, self._way)
            await self._watch(mails, hosts)
            async with asyncio.timeout(self._way.patience):
                if self._way.stays:
                    fate.left = "" if self._page.url == address else self._page.url
                    fate.damage = await self._way.inspect(self._page) if self._way.inspect else ""
        except (Error, TimeoutError) as error:
            fate.answered = False
            fate.damage = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no answer'}"
            self.spent = True
        self.spent |= fate.popups > 0
        return {mail.id: replace(fate, shown=shown.get(mail.id, "")) for mail in mails}

    async def close(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._page.close()
        except (Error, TimeoutError):
            pass  # a page that a mail keeps busy goes with its browser

    async def _watch(self, mails: Sequence[HostileMail], hosts: Hosts) -> None:
        if self._way.early:
            await hosts.wait([mail.id for mail in mails], self._way.settle)
        else:
            await asyncio.sleep(self._way.settle)

    def _console(self, message: ConsoleMessage) -> None:
        if message.text.startswith("ran:"):
            self._fate.scripts.append(message.text)

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


async def use(page: Page, mail: HostileMail, way: Way) -> None:
    """Click and type, as a person would."""
    frame = way.frame
    if mail.click == ATTACHMENT and way.file:
        opener, shown = way.file
        await page.locator(opener).first.click()
        await page.locator(shown).wait_for()
    elif mail.click:
        inside: Page | FrameLocator = page.frame_locator(frame) if frame else page
        target = inside.locator(mail.click)
        try:
            # Its text is there: what is not in it now will not come.
            if await target.count():
                await target.first.click(force=True, timeout=2_000)
            else:
                await _click_middle(page, frame)
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

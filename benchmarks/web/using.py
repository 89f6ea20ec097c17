"""What is measured of a person's day with a full mailbox: folders, keys, scrolling, memory, all that match. Times are in
ms."""

import asyncio
from collections.abc import Sequence
from typing import Any

from benchmarks.figures import Row
from benchmarks.lmtp import Senders
from benchmarks.web.measures import Person, both, milliseconds
from benchmarks.web.tab import Tab, tab

SCROLLED_ROWS = 10_000
SCROLLED_IN = 60.0
"""Seconds: faster than anybody reads, as fast as a hand turns a wheel for long."""

DAY_MAILS, DAY_PARTS = 5_000, 100
"""A day of twelve hours: this much new mail, in so many parts; after each the person opens a conversation."""

HOURS = 12
MEGABYTE = 1_000_000


async def open_folder(opened: Tab, person: Person, count: int) -> Row:
    """From the press on a folder in the sidebar to its rows painted; each folder was shown before."""
    painted, bare = list[float](), list[float]()
    for number in range(count + 2):
        role = ("archive", "inbox")[number % 2]
        bare.append(await person.bare.rows(role))
        await opened.run("role => bench.awaitFolder(role)", role)
        await opened.page.locator(f'nav a[href="/mail/{role}"]').first.click()
        pressed, shown = await opened.awaited()
        painted.append(shown - pressed)
    # The first two brought the rows.
    return {**both(painted[2:], bare[2:]), "first time": milliseconds(painted[:1], 50)}


async def star(opened: Tab, count: int) -> Row:
    """From the key to the star painted in its row."""
    await opened.page.keyboard.press("j")
    painted = list[float]()
    for _ in range(count):
        await opened.page.keyboard.press("j")
        await opened.run("() => bench.awaitStar()")
        await opened.page.keyboard.press("s")
        pressed, shown = await opened.awaited()
        painted.append(shown - pressed)
    return {"samples": count, "p50": milliseconds(painted, 50), "p95": milliseconds(painted, 95)}


async def scroll(opened: Tab, rows: int) -> Row:
    """Scroll evenly. A frame is empty where the middle of the list shows no row with a sender."""
    await opened.page.evaluate("() => document.querySelector('[role=grid]').scrollTo(0, 0)")
    found: dict[str, Any] = await opened.run(
        "([rows, seconds]) => bench.scroll(rows, seconds)", [rows, SCROLLED_IN * rows / SCROLLED_ROWS]
    )
    return {"rows": rows, "seconds": round(found["seconds"]), **{k: round(found[k], 1) for k in ("empty", "frame")}}


async def heap(opened: Tab) -> float:
    """Return the megabytes of JavaScript objects that are alive."""
    session = await opened.page.context.new_cdp_session(opened.page)
    try:
        await session.send("HeapProfiler.enable")
        await session.send("HeapProfiler.collectGarbage")
        used = await session.send("Runtime.getHeapUsage")
    finally:
        await session.detach()
    return round(used["usedSize"] / MEGABYTE, 1)


async def day(person: Person, browser: Any, lmtp: Senders, mails: int, parts: int) -> Row:
    """The heap at the start and the end of a day of new mail, in a page that stays open. Its clock is turned on between
    the parts, so that all timers of twelve hours run."""
    async with tab(browser, person.cookies) as opened:
        await opened.page.clock.install()
        await opened.page.goto(f"{person.url}/mail")
        await opened.list_painted()
        await opened.page.get_by_text("Live").first.wait_for()
        sizes = list[float]()
        for part in range(parts):
            subjects = [f"Day {part} mail {number}" for number in range(mails // parts)]
            await asyncio.gather(*(lmtp.send(person.email, subject) for subject in subjects))
            await opened.run("subjects => bench.awaitAnyRow(subjects)", subjects)
            await opened.page.clock.fast_forward(HOURS * 3_600_000 // parts)
            await opened.awaited()
            await opened.page.keyboard.press("j")
            await opened.page.keyboard.press("Enter")
            await opened.page.locator("article").first.wait_for()
            await opened.page.keyboard.press("u")
            if part in {parts // 10, parts - 1}:
                sizes.append(await heap(opened))
    return {"mails": mails, "hours": HOURS, "heap at first, MB": sizes[0], "heap at last, MB": sizes[-1]}


async def archive_all(opened: Tab, person: Person, mails: int) -> Row:
    """Archive everything in the inbox in one action, and take it back: seconds, and steps of progress that were shown."""
    before = await person.bare.count("inbox")
    await opened.run("() => bench.watchProgress()")
    took = await opened.run("() => bench.archiveAll()")
    left = await person.bare.count("inbox")
    back = await opened.run("() => bench.undoAll()")
    after = await person.bare.count("inbox")
    return {
        "conversations": before,
        "mails": mails,
        "seconds": round(took["seconds"], 1),
        "steps": took["steps"],
        "left": left,
        "undone in seconds": round(back["seconds"], 1),
        "there again": after,
    }


def grown(sizes: Sequence[float]) -> float:
    """Percent"""
    return round(100 * (sizes[-1] / sizes[0] - 1), 1)

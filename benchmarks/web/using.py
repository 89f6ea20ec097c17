"""What is measured of a person's day with a full mailbox: folders, keys, scrolling, memory, all that match."""

import asyncio

from playwright.async_api import Browser

from benchmarks.figures import Row
from benchmarks.lmtp import Senders
from benchmarks.web.measures import Person, both, milliseconds
from benchmarks.web.tab import Tab, tab

SCROLLED_IN = 60.0
"""Seconds for 10,000 rows: faster than anybody reads, as fast as a hand turns a wheel for long."""

HOURS = 12
MEGABYTE = 1_000_000


async def open_folder(opened: Tab, person: Person, count: int) -> Row:
    """From the press on a folder to its rows painted, in ms. Each was shown before, but at `first time`."""
    painted, bare = list[float](), list[float]()
    for number in range(count + 2):
        role = ("archive", "inbox")[number % 2]
        bare.append(await person.bare.rows(role))
        await opened.run("role => bench.awaitFolder(role)", role)
        await opened.page.locator(f'nav a[href="/mail/{role}"]').first.click()
        pressed, shown = await opened.awaited()
        painted.append(shown - pressed)
    return {**both(painted[2:], bare[2:]), "first time": round(painted[0], 1)}


async def star(opened: Tab, count: int) -> Row:
    """From the key to the star painted in its row, in ms."""
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
    """Scroll evenly. A frame is empty where the middle of the list shows no row with mail in it."""
    found = await opened.run("([rows, seconds]) => bench.scroll(rows, seconds)", [rows, SCROLLED_IN * rows / 10_000])
    return {"rows": rows, **{name: round(found[name], 1) for name in ("seconds", "empty", "frame")}}


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


async def day(person: Person, browser: Browser, lmtp: Senders, *, mails: int, parts: int) -> Row:
    """The heap of a page that stays open for a day of new mail. It comes in parts; after each the clock of the page is
    turned on, so that the timers of twelve hours run, and the person reads a conversation."""
    async with tab(browser, person.cookies) as opened:
        await opened.page.clock.install()
        await opened.page.goto(f"{person.url}/mail")
        await opened.page.get_by_text("Live").first.wait_for()
        sizes = list[float]()
        for part in range(parts):
            subjects = [f"Day {part} mail {number}" for number in range(mails // parts)]
            await opened.run("subjects => bench.awaitAnyRow(subjects)", subjects)
            await asyncio.gather(*(lmtp.send(person.email, subject) for subject in subjects))
            await opened.page.clock.fast_forward(HOURS * 3_600_000 // parts)
            await opened.awaited()
            await opened.page.keyboard.press("j")
            await opened.page.keyboard.press("Enter")
            await opened.page.locator("article").first.wait_for()
            await opened.page.keyboard.press("u")
            await opened.page.locator("article").first.wait_for(state="detached")
            # Below the top of the list, or with the focus in it, new mail would wait behind its pill.
            await opened.page.keyboard.press("Home")
            await opened.page.evaluate("document.activeElement.blur()")
            if part + 1 in {max(1, parts // 10), parts}:
                sizes.append(await heap(opened))
    grown = 100 * (sizes[-1] / sizes[0] - 1)
    return {"mails": mails, "hours": HOURS, "first, MB": sizes[0], "last, MB": sizes[-1], "growth, %": round(grown, 1)}


async def archive_all(opened: Tab, person: Person) -> Row:
    """Archive all of the inbox in one action, and take it back."""
    page = opened.page
    before = await person.bare.count("inbox")
    await page.keyboard.press("*")
    await page.keyboard.press("a")
    selected = int("".join(filter(str.isdigit, await page.locator("header .count").inner_text())))
    if selected < before:
        # Not offered where all conversations are loaded.
        await page.get_by_role("button", name="Select all").click()
    await page.locator('[role="grid"]').focus()
    await opened.run("() => bench.awaitArchived()")
    await page.keyboard.press("e")
    pressed, done, steps = await opened.awaited()
    left = await person.bare.count("inbox")
    await opened.run("() => bench.awaitBack()")
    await page.keyboard.press("z")
    back, again = await opened.awaited()
    return {
        "conversations": before,
        "seconds": round((done - pressed) / 1000, 1),
        "steps": len(steps),
        "left": left,
        "seconds to take it back": round((again - back) / 1000, 1),
        "there again": await person.bare.count("inbox"),
    }

"""What is measured of the mail page. Times are in ms."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from playwright.async_api import Browser

from benchmarks.figures import Row, percentile
from benchmarks.lmtp import Senders
from benchmarks.subscribers import BuiltInSubscriber
from benchmarks.web.bare import Bare
from benchmarks.web.first_view import PAGE, first_view, sizes_of, words_files
from benchmarks.web.tab import Tab, Traffic, tab
from postroom.web.build import FOLDER

AWAY = 1.2
"""Seconds between two messages, at least: the event source reports an account at most once a second."""

ANNOUNCED_WITHIN = PAINTED_WITHIN = 30.0


@dataclass(frozen=True)
class Samples:
    cold: int
    cached: int
    opened: int
    delivered: int
    folders: int
    stars: int
    scrolled: int
    day: int
    """new mails of a day"""
    archived: int
    """mails of the mailbox whose inbox is archived in one action: two in five conversations lie there"""


FULL = Samples(
    cold=20, cached=40, opened=40, delivered=60, folders=40, stars=40, scrolled=10_000, day=5_000, archived=9_000
)
"""Three mailboxes in a quarter of an hour: each delivery waits for `AWAY` and up to a second more."""

TINY = Samples(cold=1, cached=1, opened=2, delivered=2, folders=2, stars=2, scrolled=100, day=4, archived=201)


@dataclass(frozen=True)
class Person:
    """`cookies` of the browser in which they signed in; `bare` is a program of theirs."""

    url: str
    email: str
    cookies: Sequence[Any]
    bare: Bare


async def first_visit(browser: Browser, person: Person) -> Row:
    """Count the bytes that are asked for until 50 rows are painted, and then while the browser is idle. CI counts the
    first without a browser: both must agree."""
    async with tab(browser, person.cookies) as opened:
        traffic = Traffic()
        session = await traffic.watch(opened.page.context, opened.page)
        await opened.page.goto(f"{person.url}/mail")
        painted = await opened.list_painted()
        first = {PAGE, *await opened.run("at => bench.askedBefore(at)", painted)}
        # The spare frame of a message is the last.
        await opened.page.locator("iframe").wait_for(state="attached")
        await session.detach()
    files, later = sizes_of(FOLDER, first), sizes_of(FOLDER, traffic.paths - first)
    found = {*first_view(FOLDER), *words_files(FOLDER)}
    return {
        "files": len(files),
        "files, gzip -9, bytes": sum(files.values()),
        "files loaded next, when idle, gzip -9, bytes": sum(later.values()),
        "files over the wire, bytes": traffic.octets({*files, "/mail"}),
        "answers of the services over the wire, bytes": traffic.octets(first - {*files, "/mail"}),
        "files that CI does not count": sorted(files.keys() - found),
        "walks without what is loaded later": await _walks_at_once(browser, person),
    }


async def _walks_at_once(browser: Browser, person: Person) -> bool:
    """Whether a key moves through the list in the turn in which it was painted: nothing more can be loaded by then."""
    async with tab(browser, person.cookies) as opened:
        await opened.page.goto(f"{person.url}/mail")
        await opened.run("() => bench.listed.then(() => bench.walk())")
        return await opened.run("() => document.querySelector('[role=row].current') !== null")


async def cold_list(browser: Browser, person: Person, count: int) -> Row:
    """From the start of the navigation, in a browser that knows nothing but the login, to 50 rows painted."""
    painted, bare = list[float](), list[float]()
    for _ in range(count):
        bare.append(await person.bare.rows())
        async with tab(browser, person.cookies) as opened:
            await opened.page.goto(f"{person.url}/mail")
            painted.append(await opened.list_painted())
    return both(painted, bare)


async def cached_list(opened: Tab, count: int) -> Row:
    """Reload the page. `navigation` counts from the reload; `before` is the part of it until the page's first script
    starts, `script` the rest. `session` is from there until the JMAP session arrived: the list must not wait for it."""
    navigation, script, session = list[float](), list[float](), list[float]()
    for _ in range(count):
        # Nobody reloads a page that has not come to rest; what it still does would be counted for the next one.
        await opened.page.get_by_text("Live").first.wait_for()
        # The spare frame of a message is the last that a page loads.
        await opened.page.locator("iframe").first.wait_for(state="attached")
        await opened.page.reload()
        navigation.append(await opened.list_painted())
        started = await opened.run("() => bench.script")
        script.append(navigation[-1] - started)
        session.append(await opened.answered("/jmap/session") - started)
    before = [painted - since for painted, since in zip(navigation, script, strict=True)]
    return {
        "samples": count,
        "before p50": milliseconds(before, 50),
        "before p95": milliseconds(before, 95),
        "script p50": milliseconds(script, 50),
        "script p95": milliseconds(script, 95),
        "navigation p50": milliseconds(navigation, 50),
        "navigation p95": milliseconds(navigation, 95),
        "session p50": milliseconds(session, 50),
        "painted without an answer to any call": await _is_painted_without_answers(opened),
    }


async def _is_painted_without_answers(opened: Tab) -> bool:
    """Whether the rows come from the cache: calls to JMAP fail, that for its session too. Slow, so not timed."""
    await opened.page.route("**/jmap/**", lambda route: route.abort())
    try:
        await opened.page.reload()
        await asyncio.wait_for(opened.list_painted(), PAINTED_WITHIN)
    except TimeoutError:
        return False
    finally:
        await opened.page.unroute("**/jmap/**")
    return True


async def open_mail(opened: Tab, bare: Bare, count: int) -> Row:
    """From the key press to the text painted, of conversations that were never opened and have one message. The first
    one, pressed as soon as a browser that keeps nothing has painted its list, waits for the reader's files and for the
    process of its frame: it is `first time`."""
    threads = (await opened.run("() => bench.single()"))[:count]
    painted, called = list[float](), list[float]()
    for number, thread in enumerate(threads):
        if number % 2:
            called.append(await bare.open(thread))
        await opened.run("thread => bench.awaitText(thread)", thread)
        await opened.page.keyboard.press("Enter")
        pressed, shown = await opened.awaited()
        painted.append(shown - pressed)
        if not number % 2:
            called.append(await bare.open(thread))
        await opened.run("() => bench.awaitClosed()")
        await opened.page.keyboard.press("u")
        await opened.awaited()
    return {**both(painted[1:], called[1:]), "first time": round(painted[0], 1)}


async def new_mail(opened: Tab, person: Person, lmtp: Senders, count: int) -> Row:
    """From LMTP's 250 to the row painted, and to the event at a bare client of /api/live."""
    chance = random.Random(1)
    subscriber = await person.bare.subscriber()
    await opened.synchronize()
    painted, announced = list[float](), list[float]()
    try:
        for _ in range(count):
            await asyncio.sleep(AWAY + chance.random())
            subject, known = f"Benchmark {uuid4().hex}", len(subscriber.received)
            await opened.run("subject => bench.awaitRow(subject)", subject)
            accepted = await lmtp.send(person.email, subject)
            painted.append(1000 * (opened.moment(await opened.awaited()) - accepted))
            announced.append(1000 * (await _announced(subscriber, known) - accepted))
    finally:
        await subscriber.close()
    return both(painted, announced)


async def _announced(subscriber: BuiltInSubscriber, number: int) -> float:
    """Return when the message of this number was announced. Waits for it."""
    end = time.perf_counter() + ANNOUNCED_WITHIN
    while len(subscriber.received) <= number:
        if time.perf_counter() > end:
            raise SystemExit(f"LOST: a message was not announced within {ANNOUNCED_WITHIN:g} s")
        await asyncio.sleep(0.01)
    return subscriber.received[number]


def both(painted: Sequence[float], bare: Sequence[float]) -> Row:
    """Beside the bare call or event of the same run."""
    return {
        "samples": len(painted),
        "p50": milliseconds(painted, 50),
        "p95": milliseconds(painted, 95),
        "bare p50": milliseconds(bare, 50),
        "bare p95": milliseconds(bare, 95),
    }


def milliseconds(values: Sequence[float], percent: int) -> float:
    return round(percentile(values, percent), 1)

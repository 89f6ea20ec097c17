"""How fast the mail page is in Chromium, on a trial whose mailboxes hold 200, 50,000 and 9,000 mails.

    python -m benchmarks.web [--json] [--write] [--tiny]

--write stores the results and makes docs/benchmarks-web.md of them. --tiny takes a few samples of a small mailbox: it
shows that everything runs, and its figures mean nothing. The interface must be built (make web). It takes a quarter of
an hour.
"""

import argparse
import asyncio
import functools
import json
import os
import platform
import sys
import time
from datetime import UTC, datetime

import httpx2
from playwright.async_api import Browser, async_playwright

from benchmarks.command import on_trial
from benchmarks.figures import Row
from benchmarks.lmtp import senders
from benchmarks.trial import Trial
from benchmarks.web import report
from benchmarks.web.bare import Bare
from benchmarks.web.measures import (
    FULL,
    TINY,
    Person,
    Samples,
    cached_list,
    cold_list,
    first_visit,
    new_mail,
    open_mail,
)
from benchmarks.web.tab import sign_up, tab
from benchmarks.web.using import archive_all, day, heap, open_folder, scroll, star
from postroom.web.build import FOLDER
from tests.chromium import chromium_path, needed_flags
from tests.missing import Missing

STARTED = time.monotonic()
MAILS, TINY_MAILS = (200, 50_000), (200,)


async def measure(trial: Trial, *, mails: tuple[int, ...], samples: Samples) -> Row:
    results: Row = {
        "day": datetime.now(UTC).strftime("%-d %B %Y"),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "load": round(os.getloadavg()[0], 1),
    }
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path(), args=needed_flags())
        try:
            results["browser"] = browser.version
            results["mailboxes"] = {
                str(number): await measure_mailbox(trial, browser, number, samples) for number in mails
            }
            results["archive all"] = await measure_archive_all(trial, browser, samples.archived)
        finally:
            await browser.close()
    return results


async def measure_mailbox(trial: Trial, browser: Browser, mails: int, samples: Samples) -> Row:
    person, lmtp = await _filled(trial, browser, mails)
    try:
        return await _figures(browser, person, lmtp, samples)
    finally:
        person.bare.close()


async def _filled(trial: Trial, browser: Browser, mails: int) -> tuple[Person, str]:
    """A person whose mailbox holds so many mails, and where more can be delivered."""
    domain = trial.environment["POSTROOM_DOMAINS"].partition(",")[0]
    email, url = f"reader{mails}@{domain}", trial.environment["POSTROOM_URL"]
    async with tab(browser) as first:
        cookies = await sign_up(first.page, trial, email)
    _say(f"filling a mailbox with {mails:,} mails")
    await trial.postroom("sandbox", "fill", email, "--mails", str(mails))
    person = Person(url, email, cookies, await Bare.signed_in(trial, email))
    async with httpx2.AsyncClient(trust_env=False) as http:
        state = (await http.get(f"{trial.environment['POSTROOM_STALWART_URL']}/_sandbox/state")).json()
    return person, state["lmtp"]


async def _figures(browser: Browser, person: Person, lmtp: str, samples: Samples) -> Row:
    _say("first view and cold list")
    row: Row = {
        "first view": await first_visit(browser, person),
        "cold list": await cold_list(browser, person, samples.cold),
    }
    async with tab(browser, person.cookies) as opened, senders(lmtp) as sending:
        await opened.page.goto(f"{person.url}/mail")
        await opened.list_painted()
        _say("opening mails")
        row["open a mail"] = await open_mail(opened, person.bare, samples.opened)
        _say("list from the cache")
        row["list from the cache"] = await cached_list(opened, samples.cached)
        await opened.page.reload()
        await opened.page.get_by_text("Live").first.wait_for()
        _say("new mail")
        row["new mail"] = await new_mail(opened, person, sending, samples.delivered)
        _say("stars, folders, scrolling")
        row["star"] = await star(opened, samples.stars)
        row["open a folder"] = await open_folder(opened, person, samples.folders)
        row["scroll"] = await scroll(opened, min(samples.scrolled, await person.bare.count("inbox")))
        row["heap, MB"] = await heap(opened)
        _say("a day of new mail")
        row["day"] = await day(person, browser, sending, mails=samples.day, parts=min(50, samples.day))
    return row


async def measure_archive_all(trial: Trial, browser: Browser, mails: int) -> Row:
    """In a mailbox of its own: what more than 5,000 messages lose by an action cannot be taken back."""
    person, _ = await _filled(trial, browser, mails)
    try:
        async with tab(browser, person.cookies) as opened:
            await opened.page.goto(f"{person.url}/mail")
            await opened.list_painted()
            _say("all that match")
            return await archive_all(opened, person)
    finally:
        person.bare.close()


def _say(what: str) -> None:
    print(f"{time.monotonic() - STARTED:4.0f} s … {what}", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.web")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--write", action="store_true", help=f"store the results, and make {report.PAGE.name} of them")
    parser.add_argument("--tiny", action="store_true", help="a few samples, to see that it runs")
    given = parser.parse_args()
    if given.tiny and given.write:
        parser.error("the figures of --tiny mean nothing: they are not stored")
    try:
        chromium_path()
    except Missing as missing:
        raise SystemExit(f"Nothing is measured: {missing}") from missing
    if not (FOLDER / "mail.html").exists():
        raise SystemExit("Nothing is measured: the interface is not built. Run `make web`.")
    mails, samples = (TINY_MAILS, TINY) if given.tiny else (MAILS, FULL)
    results = asyncio.run(on_trial(functools.partial(measure, mails=mails, samples=samples)))
    if given.write:
        report.RESULTS.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")
        report.PAGE.write_text(report.document(results))
    print(json.dumps(results, indent=2, ensure_ascii=False) if given.json else report.document(results))


if __name__ == "__main__":
    main()

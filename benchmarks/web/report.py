"""The page docs/benchmarks-web.md, made of the results of a run."""

import json
from pathlib import Path

from benchmarks.figures import Row
from benchmarks.web.first_view import LIMIT

RESULTS = Path(__file__).with_name("results.json")
PAGE = Path(__file__).parents[2] / "docs/benchmarks-web.md"
COMMAND = "make bench-web ARGS=--write"

PEER = """\
SnappyMail 2.38.2, built from its source, served by PHP and on Cyrus, loads 342.5 KB until its list is painted,
counted in the same way (signed in, empty cache, each file by `gzip -9`, without the responses that hold mail): 277.9
KB of scripts, of which OpenPGP.js takes 169.3 KB; 34.4 KB of page and templates; 15.7 KB of styles; 14.5 KB of
pictures and icons. Without OpenPGP.js it would be 173.2 KB. This was counted by hand on 27 November 2026."""

WALKS = "walks without what is loaded later"

ABOVE_BARE = 100
NEW_MAIL, CACHED_LIST, FOLDER, KEY = 150, 100, 150, 50
"""Targets in ms at p95."""

EMPTY, HEAP, GROWTH = 100, 150, 20
"""Targets in ms, MB and percent."""


def load() -> Row:
    return json.loads(RESULTS.read_text())


def document(results: Row) -> str:
    """Return the page in Markdown."""
    lines = [
        "# The web interface in a browser",
        "",
        f"Measured by `{COMMAND}` on {results['day']}: {results['machine']}. Everything runs on this machine: Chromium "
        f"{results['browser']} without a window, Postroom, PostgreSQL, Valkey and the stand-in for the mail server. "
        f"Load of other programs: {results['load']} at the start.",
        "",
        "The bare figures are of the same run: the same JMAP call through Postroom on a kept connection, or a bare "
        "client of `/api/live`. A time ends when the frame that holds the change is painted.",
        "",
        *_first_view(results),
    ]
    for mails, row in results["mailboxes"].items():
        lines += ["", f"## A mailbox of {int(mails):,} mails", "", *_times(row)]
        if "star" in row:
            lines += ["", *_using(row, int(mails))]
    if "archive all" in results:
        lines += ["", *_archiving(results["archive all"])]
    return "\n".join([*lines, ""])


def _first_view(results: Row) -> list[str]:
    first = next(iter(results["mailboxes"].values()))["first view"]
    size = first["files, gzip -9, bytes"]
    served, answers = (first[f"{what} over the wire, bytes"] for what in ("files", "answers of the services"))
    return [
        "## First view",
        "",
        f"Until 50 rows are painted{_keys(first)}, the browser loads {first['files']} files of the interface, "
        f"{_kb(size)} together (1,000 bytes, each file by `gzip -9`). {LIMIT // 1000} KB are allowed: "
        f"{_verdict(size <= LIMIT)}. As they are served, with all headers, they are {_kb(served)}; the answers of the "
        f"services, most of them mail, {_kb(answers)}. {_later(first)}",
        "",
        PEER,
    ]


def _keys(first: Row) -> str:
    return "" if WALKS in first else " and the keys work"


def _later(first: Row) -> str:
    octets = _kb(first["files loaded next, when idle, gzip -9, bytes"])
    if WALKS not in first:
        # Stored before the reader was loaded later.
        return f"Then, while the browser is idle, it loads what shows the first message: {octets}."
    walks = "works at once" if first[WALKS] else "**does not work yet**"
    return (
        f"A key that moves in the list {walks}. Then, while the browser is idle, it loads the reader, "
        f"dialogs and gestures: {octets}."
    )


def _kb(octets: float) -> str:
    return f"{octets / 1000:.1f} KB"


def _times(row: Row) -> list[str]:
    cold, opened, new, cached = row["cold list"], row["open a mail"], row["new mail"], row["list from the cache"]
    return [
        "| | p50, ms | p95, ms | bare p50 | bare p95 | target at p95 | | samples |",
        "|---|--:|--:|--:|--:|---|---|--:|",
        _line("new mail: LMTP's 250 → row", new, f"≤ {NEW_MAIL}", new["p95"] <= NEW_MAIL),
        _line(
            "open a mail: key → text",
            opened,
            f"≤ bare + {ABOVE_BARE}",
            opened["p95"] <= opened["bare p95"] + ABOVE_BARE,
        ),
        _line("list, first visit: navigation → 50 rows", cold, "", None),
        f"| list from the cache: start of the reload → 50 rows | {cached['navigation p50']} | "
        f"{cached['navigation p95']} | | | ≤ {CACHED_LIST} | {_verdict(cached['navigation p95'] <= CACHED_LIST)} | "
        f"{cached['samples']} |",
        f"| of it before the page's first script | {cached['before p50']} | {cached['before p95']} | | | | | "
        f"{cached['samples']} |",
        f"| of it from the first script | {cached['script p50']} | {cached['script p95']} | | | | | "
        f"{cached['samples']} |",
        "",
        f"The first mail, opened as soon as a browser that keeps nothing has painted its list, took "
        f"{opened['first time']} ms: it waits for the reader's files and for the process of its frame. It is not among "
        f"the others.",
        "",
        f"The page names the person whose list it may show, so it waits for no call. The JMAP session arrived "
        f"{cached['session p50']} ms (p50) after the first script started. Where no JMAP call was answered, not even "
        f"for the session, the rows were "
        f"{'painted all the same' if cached['painted without an answer to any call'] else '**not painted**'}.",
    ]


def _using(row: Row, mails: int) -> list[str]:
    folder, key, scrolled, day = (row[name] for name in ("open a folder", "star", "scroll", "day"))
    size = row["heap, MB"]
    return [
        "| | measured | target | |",
        "|---|---|---|---|",
        f"| open a folder: press → rows, p95 | {folder['p95']} ms (bare {folder['bare p95']} ms), the first time "
        f"{folder['first time']} ms | ≤ {FOLDER} ms | {_verdict(folder['p95'] <= FOLDER)} |",
        f"| star: key → row, p95 | {key['p95']} ms | ≤ {KEY} ms | {_verdict(key['p95'] <= KEY)} |",
        # A list that is shorter than what was scrolled has no row below its end.
        *(
            [
                f"| {scrolled['rows']:,} rows scrolled in {scrolled['seconds']:.0f} s: longest time without a row | "
                f"{scrolled['empty']} ms (longest frame {scrolled['frame']} ms) | ≤ {EMPTY} ms | "
                f"{_verdict(scrolled['empty'] <= EMPTY)} |"
            ]
            if scrolled["rows"] <= mails
            else []
        ),
        f"| heap after that | {size} MB | ≤ {HEAP} MB | {_verdict(size <= HEAP)} |",
        f"| {day['hours']} hours with {day['mails']:,} new mails: heap | {day['first, MB']} → {day['last, MB']} MB, "
        f"{day['growth, %']} % | ≤ {GROWTH} % | {_verdict(day['growth, %'] <= GROWTH)} |",
    ]


def _archiving(row: Row) -> list[str]:
    return [
        "## All that match",
        "",
        f"An inbox of {row['conversations']:,} conversations was archived in one action in {row['seconds']} s; "
        f"{row['steps']} steps of progress were shown, {row['left']:,} conversations were left. Taking it back took "
        f"{row['seconds to take it back']} s: {row['there again']:,} were there again.",
    ]


def _line(what: str, row: Row, target: str, is_met: bool | None) -> str:
    met = "" if is_met is None else _verdict(is_met)
    times = " | ".join(str(row[name]) for name in ("p50", "p95", "bare p50", "bare p95"))
    return f"| {what} | {times} | {target} | {met} | {row['samples']} |"


def _verdict(is_met: bool) -> str:
    return "met" if is_met else "**missed**"

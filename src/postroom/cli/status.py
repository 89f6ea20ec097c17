"""`postroom status`: the requests that wait or are dead, with the fix for each, and the state of each part."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Column
from rich.text import Text

from postroom.checks.all import run_checks
from postroom.cli.database import connected_to_database
from postroom.cli.difference_list import print_summary, summary_of
from postroom.cli.environment import settings_or_trial
from postroom.cli.json_output import json_text
from postroom.cli.sweep import print_progress, progress_as_dict, progress_of
from postroom.cli.terminal import Cell, ago, fixed, out, print_findings, print_rows, print_sentence
from postroom.cli.watch import watch
from postroom.composition.parts import Parts
from postroom.domain.backoff import MAX_RETRIES
from postroom.domain.breaker import Cause
from postroom.domain.change_outcome import KRATOS, MISSING
from postroom.domain.identity import Refusal
from postroom.domain.mailbox import mark_of
from postroom.domain.request import CHANGES, CREATES
from postroom.errors import ConfigurationError
from postroom.postgres.audit import Listing
from postroom.postgres.processes import SEEN_WITHIN
from postroom.postgres.unrecorded import unrecorded
from postroom.provisioning.unrecorded import REBUILD as FROM_STALWART
from postroom.settings.settings import Settings

SHOWN = 20
INTERVAL = 5.0
"""Seconds between two prints of `--watch`, by default."""
REBUILD = f"{FROM_STALWART}; postroom remake, if the mail server has lost the mailbox, too"
REMAKE = "first check POSTROOM_STALWART_URL, and whether the mail server will be restored; then postroom remake"
CHECKED_AGAIN = "none: it is checked again within two minutes"


async def status(*, watching: bool, interval: float | None, as_json: bool) -> None:
    if interval is not None and not watching:
        raise ConfigurationError("--interval is the time between two prints of --watch: give both")
    settings = settings_or_trial()

    async def show(console: Console) -> None:
        content = await _read(settings)
        if as_json:
            console.out(json_text(_as_dict(content)), highlight=False)
        else:
            _print(console, content)

    if watching:
        await watch(show, seconds=interval or INTERVAL, as_json=as_json)
    else:
        await show(out())


async def _read(settings: Settings) -> dict[str, Any]:
    async with connected_to_database(settings) as parts:
        content: dict[str, Any] = {"counts": await parts.audit.counts(), "breaker": await parts.breakers.read()}
        for name, listing in LISTINGS.items():
            content[name] = await parts.audit.listing(listing, limit=SHOWN)
        content["processes"] = await parts.processes.all()
        content["refused"] = await parts.refusals.without_request(limit=SHOWN)
        content["unrecorded"] = await _unrecorded(parts)
        content["sweep"] = await progress_of(parts)
        content["differs"] = await summary_of(parts, content["sweep"])
        content["parts"] = [finding for finding in await run_checks(parts) if finding.part != "settings"]
        return content


async def _unrecorded(parts: Parts) -> list[dict[str, Any]]:
    """The first `SHOWN`."""
    found: list[dict[str, Any]] = []
    async for page in unrecorded(parts.pool):
        found += [{"identity_id": identity_id, "email": email} for identity_id, email in page]
        if len(found) >= SHOWN:
            break
    return found[:SHOWN]


def _as_dict(content: Mapping[str, Any]) -> dict[str, Any]:
    breaker = content["breaker"]
    total, refusals = content["refused"]
    return {
        **content,
        # Times of /metrics; the sweep below has its own.
        "counts": {name: n for name, n in content["counts"].items() if not name.endswith("_timestamp_seconds")},
        "breaker": {
            "open": breaker.open,
            "cause": breaker.cause if breaker.open else None,
            "error": breaker.error,
            "probe_at": breaker.probe_at,
            "slow_until": breaker.slow_until,
        },
        "creates": breaker.creates
        and {"error": breaker.creates.error, "since": breaker.creates.since, "probe_at": breaker.creates.probe_at},
        "dead": [{**letter, "fix": advice(letter)} for letter in content["dead"]],
        "missing": [{**each, "fix": _remedy(each)} for each in content["missing"]],
        "unrecorded": [{**each, "fix": REBUILD} for each in content["unrecorded"]],
        "refused": {"total": total, "last": refusals},
        "sweep": progress_as_dict(content["sweep"]),
    }


def _print(console: Console, content: Mapping[str, Any]) -> None:
    counts, breaker, (refused, refusals) = content["counts"], content["breaker"], content["refused"]
    print_sentence(
        console,
        f"{counts['requests_waiting']} waiting, {counts['requests_running']} running, "
        f"{counts['requests_overdue']} overdue, {counts['requests_dead']} dead",
    )
    if breaker.open:
        following = f"next probe {ago(breaker.probe_at)}" if breaker.probe_at else "postroom resume ends it"
        stopped = "stopped on purpose" if breaker.cause is Cause.PAUSED else "stopped"
        print_sentence(console, f"Requests to the mail server are {stopped}: {breaker.error}; {following}", "red")
    if creates := breaker.creates:
        print_sentence(
            console,
            f"The mail server makes no mailbox, since {ago(creates.since)}: {creates.error}; requests wait until the "
            f"create probe makes one (next {ago(creates.probe_at)}), or for postroom resume",
            "red",
        )
    if breaker.slow_until and not breaker.open:
        print_sentence(console, f"The mail server asks for less: workers go on {ago(breaker.slow_until)}", "yellow")
    if counts["mailboxes_missing"]:
        print_sentence(console, f"Missing at the mail server: {counts['mailboxes_missing']}", "red")
    if refused:
        print_sentence(console, f"Refused in the last 30 days, without a mailbox: {refused}")
    print_progress(console, content["sweep"])
    print_summary(console, content["differs"])
    if not content["processes"]:
        print_sentence(console, "No process is running: start postroom serve or postroom work", "red")
    for table in TABLES:
        found = refusals if table.name == "refused" else content[table.name]
        title = f"{table.title} ({SHOWN} shown)" if len(found) == SHOWN else table.title
        print_rows(console, title, table.columns, [table.row(each) for each in found], name=table.name)
    print_findings(console, "Parts", content["parts"], name="parts")


def advice(letter: Mapping[str, Any]) -> str:
    """How an operator fixes a dead letter."""
    reason = letter["reason"]
    if "held by the account" in reason and reason.endswith("this identity's mark"):
        mark = mark_of(letter["identity_id"])
        return (
            f"if that mailbox is this person's, give it the identity's mark, the disabled alias {mark} in the domain "
            "of the marks, then postroom retry; else ask the person to choose another address"
        )
    if "held by" in reason or "taken by" in reason:
        return "ask the person to choose another address; the next webhook requests that"
    if "buried by" in reason:
        return "postroom retry, if it was a mistake"
    if "refused" in reason or "asked for" in reason:
        return "fix what the mail server names, then postroom retry"
    return "read each attempt in postroom log, fix the cause, then postroom retry"


_REMEDIES = {
    CREATES: "fix what the mail server names; they continue within a minute, or by postroom resume",
    CHANGES: "fix what the mail server names; they continue within a minute",
    KRATOS: "Kratos is asked again each minute; postroom check says what is wrong with it",
    MISSING: "restore the mailboxes at the mail server, or postroom remake each",
}
"""What ends a cause that is not the mail server's health."""


def _held_back(each: Mapping[str, Any]) -> tuple[str, ...]:
    cause, _, domain = str(each["waits_for"]).partition(":")
    remedy = "they continue when the mail server is healthy; postroom resume checks that now"
    if cause == "domain":
        remedy = f"fix what the mail server names, then postroom resume --domain {domain}"
    if cause in _REMEDIES:
        remedy = _REMEDIES[cause]
    return each["waits_for"], str(each["requests"]), each["last_error"] or "", remedy


def _dead(letter: Mapping[str, Any]) -> tuple[str, ...]:
    return letter["email"], ago(letter["enqueued_at"]), letter["reason"], advice(letter)


def _waiting(each: Mapping[str, Any]) -> tuple[str, ...]:
    number = f"{each['retries']}/{MAX_RETRIES}" if each["retries"] else "first"
    return ago(each["due_at"]), each["email"], each["state"], number, each["last_error"] or ""


def _missing(each: Mapping[str, Any]) -> tuple[str, ...]:
    missed, missing = ago(each["suspected_at"]), ago(each["missing_at"])
    return each["email"], missed, missing, each["stalwart_account_id"], _remedy(each)


def _remedy(missing: Mapping[str, Any]) -> str:
    return REMAKE if missing["missing_at"] else CHECKED_AGAIN


def _without_record(each: Mapping[str, Any]) -> tuple[str, ...]:
    return each["email"], str(each["identity_id"]), REBUILD


def _refused(each: Refusal) -> tuple[str, ...]:
    return ago(each.refused_at), each.email or "", each.code, each.reason, str(each.identity_id)


def _process(each: Mapping[str, Any]) -> tuple[str | Text, ...]:
    seen, is_gone = ago(each["seen_at"]), each["unseen_seconds"] >= SEEN_WITHIN
    late = [name for name, loop in sorted(each["loops"].items()) if loop["age"] > loop["late_after"]]
    loops = ", ".join(sorted(each["loops"])) or "none yet"
    return (
        each["host"],
        str(each["pid"]),
        each["kind"],
        each["version"],
        ago(each["started_at"]),
        Text(f"{seen}: it crashed, or cannot reach PostgreSQL", style="red") if is_gone else seen,
        Text(f"{loops}; late: {', '.join(late)}", style="red") if late else loops,
    )


LISTINGS: dict[str, Listing] = {
    "next": "next_waiting",
    "held_back": "held_back",
    "dead": "dead_letters",
    "missing": "missing",
}


@dataclass(frozen=True)
class Table:
    """`name` is its key in the JSON, and the first cell of its lines in a pipe."""

    name: str
    title: str
    columns: Sequence[str | Column]
    row: Callable[[Any], Sequence[Cell]]


TABLES = (
    Table("next", "Due next", (fixed("due"), "email", fixed("state"), fixed("retry"), "last error"), _waiting),
    Table("held_back", "Held back", ("waits for", fixed("requests"), "last error", "fix"), _held_back),
    Table("dead", "Dead letters", ("email", fixed("died"), "reason", "fix"), _dead),
    Table(
        "processes",
        "Processes",
        ("host", fixed("pid"), fixed("kind"), fixed("version"), fixed("started"), "last seen", "loops"),
        _process,
    ),
    Table(
        "missing",
        "Missing at the mail server",
        ("mailbox", fixed("first missed"), fixed("missing since"), "Stalwart account", "fix"),
        _missing,
    ),
    Table("unrecorded", "Made, but without a record", ("mailbox", "identity", "fix"), _without_record),
    # These have no request, so that no other table shows them.
    Table("refused", "Refused, without a mailbox", (fixed("when"), "address", "code", "reason", "identity"), _refused),
)

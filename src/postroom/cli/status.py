"""`postroom status`: what waits, what is dead and what to do, and how all parts are."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from postroom.checks.all import run_checks
from postroom.cli.database import connected_to_database
from postroom.cli.environment import settings_or_trial
from postroom.cli.sweep import print_progress, progress_as_dict, progress_of
from postroom.cli.terminal import ago, json_text, out, print_findings, print_rows, shown
from postroom.domain.backoff import MAX_RETRIES
from postroom.domain.identity import Refusal
from postroom.postgres.audit import Listing

SHOWN = 20
REMAKE = "postroom remake, unless the mail server is to be restored; if it is the wrong server, POSTROOM_STALWART_URL"
LOOKED_AT = "nothing: it is looked at again within two minutes"
SEEN_WITHIN = 60.0
"""Seconds: a process that lives, and reaches PostgreSQL, writes its row every 10 s."""


async def status(*, as_json: bool) -> None:
    async with connected_to_database(settings_or_trial()) as parts:
        content: dict[str, Any] = {"counts": await parts.audit.counts(), "breaker": await parts.breakers.read()}
        for name, listing in LISTINGS.items():
            content[name] = await parts.audit.look(listing, limit=SHOWN)
        content["processes"] = await parts.processes.all()
        content["refused"] = await parts.refusals.without_request(limit=SHOWN)
        content["sweep"] = await progress_of(parts)
        content["parts"] = [finding for finding in await run_checks(parts) if finding.part != "settings"]
    if as_json:
        typer.echo(json_text(_as_dict(content)))
    else:
        _print(out(), content)


def _as_dict(content: Mapping[str, Any]) -> dict[str, Any]:
    breaker = content["breaker"]
    total, refusals = content["refused"]
    return {
        **content,
        "breaker": {"open": breaker.open, "error": breaker.error, "probe_at": breaker.probe_at},
        "dead": [{**letter, "do": advice(letter)} for letter in content["dead"]],
        "missing": [{**each, "do": _remedy(each)} for each in content["missing"]],
        "refused": {"total": total, "last": refusals},
        "sweep": progress_as_dict(content["sweep"]),
    }


def _print(console: Console, content: Mapping[str, Any]) -> None:
    counts, breaker = content["counts"], content["breaker"]
    console.print(
        f"[bold]{counts['requests_waiting']:.0f}[/] waiting, [bold]{counts['requests_running']:.0f}[/] running, "
        f"[bold]{counts['requests_overdue']:.0f}[/] overdue, [bold]{counts['requests_dead']:.0f}[/] dead"
    )
    if breaker.open:
        error = escape(shown(breaker.error or ""))
        following = (
            f"next probe {ago(breaker.probe_at)}" if breaker.probe_at else "nobody probes; postroom resume ends it"
        )
        console.print(f"[red]The mail server is not asked[/]: {error}; {following}")
    print_progress(console, content["sweep"])
    if not content["processes"]:
        console.print("[red]No process runs[/]: neither postroom serve nor postroom work")
    for title, columns, name, row in TABLES:
        print_rows(console, title, columns, [row(each) for each in content[name]])
    title = f"Not found at the mail server: {counts['mailboxes_missing']:.0f} missing"
    columns = ("mailbox", "first missed", "missing", "Stalwart account", "what to do")
    print_rows(console, title, columns, [_missing(each) for each in content["missing"]])
    # They have no request, and no other list names them.
    total, refusals = content["refused"]
    title = f"Refused within 30 days, without a mailbox: {total}"
    columns = ("when", "address as it was sent", "code", "reason", "identity")
    print_rows(console, title, columns, [_refused(each) for each in refusals])
    print_findings(console, "Parts", content["parts"])


def advice(letter: Mapping[str, Any]) -> str:
    """What an operator can do about a dead letter."""
    reason = letter["reason"]
    if "held by" in reason or "taken by" in reason:
        return "let the person choose another address; it is tried at the next hook"
    if "buried by" in reason:
        return "postroom retry, if it was a mistake"
    if "refused" in reason or "asked for" in reason:
        return "mend what the mail server names, then postroom retry"
    return "see postroom log for each attempt; mend it, then postroom retry"


def _held_back(each: Mapping[str, Any]) -> tuple[str, ...]:
    cause, _, domain = str(each["waits_for"]).partition(":")
    remedy = "they go on when the mail server is well; postroom resume asks it now"
    if cause == "domain":
        remedy = f"mend what the mail server names, then postroom resume --domain {domain}"
    return each["waits_for"], str(each["requests"]), each["last_error"] or "", remedy


def _dead(letter: Mapping[str, Any]) -> tuple[str, ...]:
    return letter["email"], ago(letter["enqueued_at"]), letter["reason"], advice(letter)


def _drift(each: Mapping[str, Any]) -> tuple[str, ...]:
    return each["email"], each["wanted_email"], str(each["identity_id"])


def _waiting(each: Mapping[str, Any]) -> tuple[str, ...]:
    number = f"{each['retries']}/{MAX_RETRIES}" if each["retries"] else "first"
    return ago(each["due_at"]), each["email"], each["state"], number, each["last_error"] or ""


def _missing(each: Mapping[str, Any]) -> tuple[str, ...]:
    missed, missing = ago(each["suspected_at"]), ago(each["missing_at"])
    return each["email"], missed, missing, each["stalwart_account_id"], _remedy(each)


def _remedy(missing: Mapping[str, Any]) -> str:
    return REMAKE if missing["missing_at"] else LOOKED_AT


def _refused(each: Refusal) -> tuple[str, ...]:
    return ago(each.refused_at), each.email or "", each.code, each.reason, str(each.identity_id)


def _process(each: Mapping[str, Any]) -> tuple[str | Text, ...]:
    seen, is_gone = ago(each["seen_at"]), each["unseen_s"] >= SEEN_WITHIN
    late = [name for name, loop in sorted(each["loops"].items()) if loop["age"] > loop["late_after"]]
    loops = ", ".join(sorted(each["loops"])) or "none yet"
    return (
        each["host"],
        str(each["pid"]),
        each["kind"],
        ago(each["started_at"]),
        Text(f"{seen}: ended without a word, or cut off", style="red") if is_gone else seen,
        Text(f"{loops}; hanging: {', '.join(late)}", style="red") if late else loops,
    )


LISTINGS: dict[str, Listing] = {
    "next": "next_waiting",
    "held_back": "held_back",
    "dead": "dead_letters",
    "drift": "drifts",
    "missing": "missing",
}
TABLES: list[tuple[str, tuple[str, ...], str, Callable[[Mapping[str, Any]], Sequence[str | Text]]]] = [
    ("Next", ("due", "email", "state", "retry", "last error"), "next", _waiting),
    ("Held back", ("waits for", "requests", "last answer", "what to do"), "held_back", _held_back),
    ("Dead letters", ("email", "died", "reason", "what to do"), "dead", _dead),
    ("Another address is wanted", ("mailbox", "wanted", "identity"), "drift", _drift),
    ("Processes", ("host", "pid", "kind", "started", "seen", "loops"), "processes", _process),
]

"""Commands to look at requests, and the two things an operator may do to one."""

import asyncio
import getpass
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from postroom.cli.environment import settings_or_trial
from postroom.cli.refused import print_refused, refused_as_dict
from postroom.cli.sweep import print_progress, progress_as_dict, progress_of
from postroom.cli.terminal import ago, plain, print_rows, shown
from postroom.domain.backoff import MAX_RETRIES
from postroom.domain.request import Request, State
from postroom.errors import Refused
from postroom.examination.finding import Finding
from postroom.postgres.audit import Audit
from postroom.runtime import Parts, connected

AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
Who = Annotated[str, typer.Argument(metavar="EMAIL_OR_ID", help="An address, or a Kratos identity id.")]

SHOWN = 20
SEEN_WITHIN = 60.0
"""Seconds: a process that lives, and reaches PostgreSQL, writes its row every 10 s."""


def register(app: typer.Typer) -> None:
    app.command("status")(status_command)
    app.command("log")(log_command)
    app.command("retry")(retry_command)
    app.command("bury")(bury_command)


@asynccontextmanager
async def _parts() -> AsyncGenerator[Parts]:
    async with connected(settings_or_trial()) as parts:
        yield parts


def status_command(as_json: AsJson = False) -> None:
    """Show what waits, runs, is overdue or dead, and whether the parts around us are well.

    Example: postroom status --json
    """
    asyncio.run(_status(as_json=as_json))


async def _status(*, as_json: bool) -> None:
    # Not at the top: it loads the web framework, for which the other commands should not wait.
    from postroom.examination.whole import examine

    async with _parts() as parts:
        counts = await parts.audit.counts()
        waiting = await parts.audit.look("next_waiting", limit=SHOWN)
        dead = await parts.audit.look("dead_letters", limit=SHOWN)
        drifts = await parts.audit.look("drifts", limit=SHOWN)
        held_back = await parts.audit.look("held_back", limit=SHOWN)
        processes = await parts.processes.all()
        refused = await parts.refusals.without_request(limit=SHOWN)
        sweep = await progress_of(parts)
        breaker = await parts.breakers.read()
        findings = [finding for finding in await examine(parts) if finding.part != "settings"]
    if as_json:
        content = {
            "counts": counts,
            "breaker": {"open": breaker.open, "error": breaker.error, "probe_at": breaker.probe_at},
            "next": waiting,
            "held_back": held_back,
            "dead": [{**letter, "do": advice(letter)} for letter in dead],
            "drift": drifts,
            "processes": processes,
            "refused": refused_as_dict(*refused),
            "sweep": progress_as_dict(sweep),
            "parts": [finding.as_dict() for finding in findings],
        }
        typer.echo(json.dumps(content, indent=2, default=plain))
        return
    console = Console()
    console.print(
        f"[bold]{counts['requests_waiting']:.0f}[/] waiting, [bold]{counts['requests_running']:.0f}[/] running, "
        f"[bold]{counts['requests_overdue']:.0f}[/] overdue, [bold]{counts['requests_dead']:.0f}[/] dead"
    )
    if breaker.open:
        error = escape(shown(breaker.error or ""))
        console.print(f"[red]The mail server is not asked[/]: {error}; next probe {ago(breaker.probe_at)}")
    print_progress(console, sweep)
    print_rows(console, "Next", ("due", "email", "state", "retry", "last error"), [_waiting(each) for each in waiting])
    print_rows(
        console,
        "Held back",
        ("waits for", "requests", "last answer", "what to do"),
        [(each["waits_for"], str(each["requests"]), each["last_error"] or "", _remedy(each)) for each in held_back],
    )
    print_rows(
        console,
        "Dead letters",
        ("email", "died", "reason", "what to do"),
        [(letter["email"], ago(letter["enqueued_at"]), letter["reason"], advice(letter)) for letter in dead],
    )
    print_rows(
        console,
        "Another address is wanted",
        ("mailbox", "wanted", "identity"),
        [(each["email"], each["wanted_email"], str(each["identity_id"])) for each in drifts],
    )
    print_rows(
        console,
        "Processes",
        ("host", "pid", "kind", "started", "seen", "loops"),
        [_process(each) for each in processes],
    )
    print_refused(console, *refused)
    _print_parts(console, findings)


def log_command(who: Who, as_json: AsJson = False) -> None:
    """Show the timeline of one identity: every attempt, every retry, each refusal, everything an operator did.

    Example: postroom log alice@example.org
    """
    asyncio.run(_log(who, as_json=as_json))


async def _log(who: str, *, as_json: bool) -> None:
    async with _parts() as parts:
        identity_id = await parts.audit.identity_of(who)
        request, account_id = await parts.requests.read(identity_id) or (None, None)
        entries = await parts.audit.timeline(identity_id)
    if request is None and not entries:
        raise Refused("unknown", f"nothing is known of the identity {identity_id}")
    if as_json:
        content = {"request": request and _as_dict(request), "email_account_id": account_id, "log": entries}
        typer.echo(json.dumps(content, indent=2, default=plain))
        return
    console = Console()
    title = request.email if request else "No request"
    described = _describe(request, account_id) if request else "it was refused; the sweep takes it up when that ends"
    console.print(f"[bold]{title}[/], identity {identity_id}: {escape(shown(described))}")
    print_rows(
        console,
        "",
        ("when (UTC)", "action", "status", "attempt", "what"),
        [
            (
                each["created_at"].astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3],
                each["action"],
                each["status"],
                str(each["attempt_count"]),
                " ".join(str(each[key]) for key in ("code", "error_message", "actor") if each[key]),
            )
            for each in entries
        ],
    )


def retry_command(who: Who, as_json: AsJson = False) -> None:
    """Attempt a waiting or dead request now; a dead one gets its retries back. Recorded with your name.

    Example: postroom retry alice@example.org
    """
    asyncio.run(_act(who, as_json=as_json, reason=None))


def bury_command(
    who: Who,
    reason: Annotated[str, typer.Option(help="Why; it is kept in the audit.")],
    as_json: AsJson = False,
) -> None:
    """Give a waiting request up: it goes to the dead letters with your reason; `postroom retry` undoes it.

    Example: postroom bury alice@example.org --reason "left the company"
    """
    asyncio.run(_act(who, as_json=as_json, reason=reason))


async def _act(who: str, *, as_json: bool, reason: str | None) -> None:
    async with _parts() as parts:
        request, _ = await parts.audit.find(who)
        request = await _do(parts.audit, request, reason)
        await parts.announcements.replace(request, ())
    if as_json:
        typer.echo(json.dumps(_as_dict(request), default=plain))
    else:
        typer.echo(shown(f"{request.email}: {_describe(request, None)}"))


async def _do(audit: Audit, request: Request, reason: str | None) -> Request:
    actor = getpass.getuser()
    if reason is None:
        return await audit.retry(request.identity_id, actor=actor)
    return await audit.bury(request.identity_id, actor=actor, reason=reason)


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


def _remedy(held_back: Mapping[str, Any]) -> str:
    cause, _, domain = str(held_back["waits_for"]).partition(":")
    if cause == "domain":
        return f"mend what the mail server names, then postroom resume --domain {domain}"
    return "they go on when the mail server is well; postroom resume asks it now"


def _describe(request: Request, account_id: object) -> str:
    match request.state:
        case State.PROVISIONED:
            wanted = f"; {request.wanted_email} is wanted" if request.wanted_email else ""
            return f"provisioned, account {account_id}{wanted}" if account_id else f"provisioned{wanted}"
        case State.DEAD:
            return f"dead: {request.reason}"
        case State.RUNNING:
            return "an attempt runs"
        case State.WAITING:
            number = f"retry {request.retries} of {MAX_RETRIES}" if request.retries else "first attempt"
            return f"waits for its {number}, due {ago(request.due_at)}"


def _waiting(each: Mapping[str, Any]) -> tuple[str, ...]:
    number = f"{each['retries']}/{MAX_RETRIES}" if each["retries"] else "first"
    return ago(each["due_at"]), each["email"], each["state"], number, each["last_error"] or ""


def _process(each: Mapping[str, Any]) -> tuple[str, ...]:
    loops = [_loop(name, loop) for name, loop in sorted(each["loops"].items())]
    seen = ago(each["seen_at"])
    return (
        each["host"],
        str(each["pid"]),
        each["kind"],
        ago(each["started_at"]),
        seen if each["unseen_s"] < SEEN_WITHIN else f"[red]{seen}[/]: ended without a word, or cut off",
        ", ".join(loops) or "none yet",
    )


def _loop(name: str, loop: Mapping[str, float]) -> str:
    return name if loop["age"] <= loop["late_after"] else f"[red]{name} hangs for {loop['age']:.0f} s[/]"


def _print_parts(console: Console, findings: Sequence[Finding]) -> None:
    colours = {"fine": "green", "warning": "yellow", "wrong": "red"}
    rows = [(each.part, Text(each.state, style=colours[each.state]), each.detail, each.fix) for each in findings]
    print_rows(console, "Parts", ("part", "state", "what was found", "what to do"), rows)


def _as_dict(request: Request) -> dict[str, Any]:
    return {name: getattr(request, name) for name in request.__slots__}

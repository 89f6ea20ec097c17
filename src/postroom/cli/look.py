"""Commands about one request: look at it, and the two things an operator may do to it."""

import getpass
from collections.abc import Mapping
from datetime import UTC
from typing import Any

import typer
from rich.markup import escape
from rich.table import Column

from postroom.cli.control_characters import escape_control
from postroom.cli.database import connected_to_database
from postroom.cli.environment import settings_or_trial
from postroom.cli.json_output import json_text
from postroom.cli.terminal import ago, out, print_rows
from postroom.domain.backoff import MAX_RETRIES
from postroom.domain.mailbox import Account
from postroom.domain.request import Request, State
from postroom.errors import Refused
from postroom.postgres.audit import Audit


async def log(who: str, *, as_json: bool) -> None:
    async with connected_to_database(settings_or_trial()) as parts:
        identity_id = await parts.audit.identity_of(who)
        request, account = await parts.requests.read(identity_id) or (None, None)
        entries = await parts.audit.timeline(identity_id)
    if request is None and not entries:
        raise Refused("unknown", f"nothing is known of the identity {identity_id}")
    if as_json:
        content = {"request": request, "email_account_id": account and account.id, "log": entries}
        typer.echo(json_text(content))
        return
    console = out()
    title = request.email if request else "No request"
    described = _describe(request, account) if request else "it was refused; the sweep takes it up when that ends"
    console.print(f"[bold]{title}[/], identity {identity_id}: {escape(escape_control(described))}")
    print_rows(
        console,
        "",
        (Column("when (UTC)", no_wrap=True), "action", "status", "attempt", "what"),
        [
            (
                each["created_at"].astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3],
                each["action"],
                each["status"],
                str(each["attempt_count"]),
                _what(each),
            )
            for each in entries
        ],
    )


def _what(entry: Mapping[str, Any]) -> str:
    """`reserved_name: the name admin is reserved`, `left already (alice)`."""
    told = ": ".join(entry[key] for key in ("code", "error_message") if entry[key])
    return f"{told} ({entry['actor']})".strip() if entry["actor"] else told


async def retry(who: str, *, as_json: bool) -> None:
    await _act(who, as_json=as_json, reason=None)


async def bury(who: str, reason: str, *, as_json: bool) -> None:
    await _act(who, as_json=as_json, reason=required(reason))


def required(reason: str) -> str:
    if not reason.strip():
        raise Refused("no_reason", "the reason is empty; say why, for whoever looks later: --reason TEXT")
    try:
        reason.encode()
    except UnicodeEncodeError:
        raise Refused("no_text", "the reason is no text in UTF-8") from None
    return reason


async def _act(who: str, *, as_json: bool, reason: str | None) -> None:
    async with connected_to_database(settings_or_trial()) as parts:
        request, _ = await parts.audit.find(who)
        request = await _do(parts.audit, request, reason)
        await parts.retry_index.replace(request, ())
    typer.echo(json_text(request) if as_json else escape_control(f"{request.email}: {_describe(request, None)}"))


async def _do(audit: Audit, request: Request, reason: str | None) -> Request:
    actor = getpass.getuser()
    if reason is None:
        return await audit.retry(request.identity_id, actor=actor)
    return await audit.bury(request.identity_id, actor=actor, reason=reason)


def _describe(request: Request, account: Account | None) -> str:
    match request.state:
        case State.PROVISIONED:
            wanted = f"; {request.wanted_email} is wanted" if request.wanted_email else ""
            gone = f"; {account.doubt} at the mail server" if account and account.doubt else ""
            return f"provisioned, account {account.id}{gone}{wanted}" if account else f"provisioned{wanted}"
        case State.DEAD:
            return f"dead: {request.reason}"
        case State.RUNNING:
            return "an attempt runs"
        case State.WAITING:
            number = f"retry {request.retries} of {MAX_RETRIES}" if request.retries else "first attempt"
            return f"waits for its {number}, due {ago(request.due_at)}"

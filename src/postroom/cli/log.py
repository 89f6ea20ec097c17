"""`postroom log`: the audit of an identity, of everybody who asked for an address, or of everybody as it is written."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import typer
from rich.console import Console

from postroom.cli.control_characters import escape_control
from postroom.cli.database import connected_to_database
from postroom.cli.environment import settings_or_trial
from postroom.cli.json_output import json_text
from postroom.cli.json_rows import json_line
from postroom.cli.requests import describe
from postroom.cli.terminal import fixed, out, print_rows, print_sentence
from postroom.composition.parts import Parts
from postroom.errors import ConfigurationError, DatabaseUnavailable, Refused
from postroom.operations.timeline import Followed, Follower, Timeline, follow, timelines

COLUMNS = (fixed("when (UTC)"), "action", "status", "attempt", "actor", "reason")
Entry = Mapping[str, Any]


async def log(who: str | None, *, following: bool, as_json: bool) -> None:
    # Empty, as a shell makes of a variable that is not set, it stands for nobody, and not for everybody.
    if who is not None and not who.strip():
        raise ConfigurationError("the address is empty; give an address, or the id of an identity")
    if who is None and not following:
        raise ConfigurationError("give an address, the id of an identity, or --follow. See postroom log --help")
    async with connected_to_database(settings_or_trial()) as parts:
        found = await timelines(parts.audit, parts.requests, who) if who else []
        if following:
            await _follow(parts, who, found, _print_json_line if as_json else _print_line)
        elif who and not found:
            raise Refused("unknown", f"nothing is known of {who}; give an address, or the id of a Kratos identity")
        elif as_json:
            typer.echo(json_text({"identities": [_as_dict(each) for each in found]}))
        else:
            _print(out(), found)


async def _follow(parts: Parts, who: str | None, found: Sequence[Timeline], show: Callable[[Entry], None]) -> None:
    entries = [entry for each in found for entry in each.entries]
    for entry in sorted(entries, key=lambda entry: entry["id"]):
        show(entry)
    followed, known = Followed(), None
    if who:
        followed = Followed([each.identity_id for each in found if each.identity_id], who)
        known = [entry["id"] for entry in entries]
    async for entry in follow(Follower(parts.audit, followed, known), _warn):
        show(entry)


def _warn(error: DatabaseUnavailable) -> None:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    typer.echo(f"postroom: {now} {escape_control(str(error))}; trying again", err=True)


def _as_dict(timeline: Timeline) -> dict[str, Any]:
    return {
        "identity_id": timeline.identity_id,
        "request": timeline.request,
        "email_account_id": timeline.account and timeline.account.id,
        "log": timeline.entries,
    }


def _print(console: Console, found: Sequence[Timeline]) -> None:
    for each in found:
        print_sentence(console, _title(each), "bold")
        # In a pipe each row begins with the identity, where there are several.
        name = str(each.identity_id) if len(found) > 1 else ""
        print_rows(console, "", COLUMNS, [cells(entry) for entry in each.entries], name=name)


def _title(timeline: Timeline) -> str:
    """`alice@example.org, identity 4c6c…: provisioned, account 8b1d…`, `…: refused, reserved name`."""
    identity = f"identity {timeline.identity_id}" if timeline.identity_id else "no identity"
    if timeline.request:
        return f"{timeline.request.email}, {identity}: {describe(timeline.request, timeline.account)}"
    refusals = [entry for entry in timeline.entries if entry["action"] == "refuse"]
    if not refusals:
        return f"{timeline.entries[-1]['email'] or 'no address'}, {identity}: no request"
    code = (refusals[-1]["code"] or "for an unknown reason").replace("_", " ")
    return f"{refusals[-1]['email'] or 'no address'}, {identity}: refused, {code}"


def cells(entry: Entry) -> tuple[str, ...]:
    reason = ": ".join(entry[key] for key in ("code", "error_message") if entry[key])
    return (
        utc(entry["created_at"]),
        entry["action"],
        entry["status"],
        str(entry["attempt_count"]),
        entry["actor"] or "",
        reason,
    )


def utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def _print_line(entry: Entry) -> None:
    when, *rest = cells(entry)
    who = entry["email"] or str(entry["kratos_identity_id"] or "")
    typer.echo("\t".join(map(escape_control, (when, who, *rest))))


def _print_json_line(entry: Entry) -> None:
    typer.echo(json_line(entry))

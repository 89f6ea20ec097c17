"""`postroom show`: what is with one person, at each place, asked now."""

from collections.abc import Callable
from typing import Any

import typer
from rich.console import Console

from postroom.cli.environment import settings_or_trial
from postroom.cli.json_output import json_text
from postroom.cli.log import COLUMNS, cells, utc
from postroom.cli.requests import describe
from postroom.cli.terminal import fixed, out, print_rows, print_sentence
from postroom.composition.parts import connected
from postroom.operations.overview import Overview, Place, Source, Upcoming, places, upcoming
from postroom.operations.overviews import Candidates

SOURCES = {
    "at_kratos": Source.KRATOS,
    "wanted": Source.POSTGRESQL,
    "on_record": Source.POSTGRESQL,
    "at_stalwart": Source.STALWART,
}
HEADERS = ("", "identity at Kratos", "wanted", "mailbox on record", "account at Stalwart")
NONE = "none"
ROWS: dict[str, Callable[[Place], str]] = {
    "address": lambda place: place.email or NONE,
    "name": lambda place: place.name or NONE,
    "login": lambda place: f"off: {', '.join(place.because)}" if place.because else "on",
    "further addresses": lambda place: ", ".join(f"{each} ({what})" for each, what in place.others.items()),
    "version (UTC)": lambda place: utc(place.version) if place.version else "",
    "id": lambda place: place.id,
}


async def show(who: str, *, as_json: bool) -> None:
    settings = settings_or_trial()
    async with connected(settings) as parts:
        found = await parts.overviews.of(who)
    if isinstance(found, Candidates):
        _print_candidates(found, as_json=as_json)
        raise typer.Exit(2)
    following = upcoming(found, delay_factor=settings.delay_factor)
    if as_json:
        typer.echo(json_text(_as_dict(found, following)))
    else:
        _print(out(), found, following)


def _print_candidates(candidates: Candidates, *, as_json: bool) -> None:
    found = {str(identity_id): [*dict.fromkeys(how)] for identity_id, how in candidates.found.items()}
    if as_json:
        typer.echo(json_text({"candidates": [{"identity_id": each, "found": how} for each, how in found.items()]}))
        return
    print_sentence(out(), f"{candidates.who} may mean {len(found)} identities; give the id of one")
    print_rows(out(), "", ("identity", "found"), [(each, "; ".join(how)) for each, how in found.items()])


def _as_dict(overview: Overview, following: list[Upcoming]) -> dict[str, Any]:
    record = overview.record
    return {
        "identity_id": overview.identity_id,
        "silent": overview.silent,
        **places(overview),
        "request": record and record.found.request,
        "suspension": record and record.suspension,
        "other_accounts": [
            {"id": each.account.id, "email": each.account.email, "marked_for": each.marked_for}
            for each in overview.strangers
        ],
        "log": overview.on_record.log if overview.on_record else [],
        "next": following,
    }


def _print(console: Console, overview: Overview, following: list[Upcoming]) -> None:
    print_sentence(console, _title(overview), "bold")
    for source, why in overview.silent.items():
        print_sentence(console, f"{source} does not say anything: {why}", "yellow")
    for each in overview.strangers:
        whose = f"the mark of {', '.join(map(str, each.marked_for))}" if each.marked_for else "no mark"
        print_sentence(console, f"Stalwart's account {each.account.id}, {each.account.email}, has {whose}", "yellow")
    print_rows(console, "", HEADERS, _grid(overview), name="now")
    entries = [cells(each) for each in overview.on_record.log] if overview.on_record else []
    print_rows(console, "What happened", COLUMNS, entries, name="log")
    print_rows(
        console,
        "What comes next",
        (fixed("when (UTC)"), "what"),
        [(utc(each.at) if each.at else "", each.what) for each in following],
        name="next",
    )


def _title(overview: Overview) -> str:
    if overview.identity_id is None:
        return "no identity is known by this address"
    if record := overview.record:
        request = record.found.request
        return f"{record.wishing.email}, identity {overview.identity_id}: {describe(request, None)}"
    return f"identity {overview.identity_id}" + (": no request" if overview.says(Source.POSTGRESQL) else "")


def _grid(overview: Overview) -> list[tuple[str, ...]]:
    found = places(overview)

    def text(name: str, cell: Callable[[Place], str]) -> str:
        if place := found[name]:
            return cell(place)
        return NONE if overview.says(SOURCES[name]) else "?"

    grid = [(label, *(text(name, cell) for name in SOURCES)) for label, cell in ROWS.items()]
    return [row for row in grid if any(cell not in ("", NONE, "?") for cell in row[1:])]

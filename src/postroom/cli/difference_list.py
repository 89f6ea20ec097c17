"""In what identities differ from their mailboxes: `postroom list --state differs`, and lines of `postroom status`."""

from collections import Counter
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import typer
from rich.console import Console

from postroom.cli.database import connected_to_database
from postroom.cli.environment import settings_or_trial
from postroom.cli.json_rows import JsonRows
from postroom.cli.options import Output
from postroom.cli.terminal import ago, fixed, out, print_rows, print_sentence
from postroom.composition.parts import Parts
from postroom.domain.brake import ABSENT_FOR, Counted, Outlook, outlook
from postroom.domain.difference import Kind
from postroom.errors import ConfigurationError, Refused
from postroom.postgres.doubts import PostgresDoubts
from postroom.postgres.request_list import PAGE
from postroom.postgres.sweep import PostgresSwept
from postroom.provisioning.ports import SweepProgress

COLUMNS = ("mailbox", fixed("kind"), "on record", "at Kratos", fixed("since"), "what would be done", "identity")
WORDS = {
    Kind.RENAME: "another address",
    Kind.NAME: "another name",
    Kind.INACTIVE: "inactive",
    Kind.ADDRESS: "an address that cannot be assigned",
    Kind.OLDER: "an older version",
    Kind.ABSENT: "not listed",
}


async def list_differences(*, limit: int, after: str | None, output: Output) -> None:
    settings = settings_or_trial()
    if not settings.reports_differences:
        raise ConfigurationError(
            "differences are not looked for; set POSTROOM_KRATOS_ADMIN_URL, and POSTROOM_LIFECYCLE=report"
        )
    try:
        position = UUID(after) if after else None
    except ValueError:
        raise Refused("invalid_cursor", f"{after!r} is not a cursor of a list; take it from the page before") from None
    document, console, is_continued, left = JsonRows("differs"), out(), False, limit
    async with connected_to_database(settings) as parts:
        doubts, progress = PostgresDoubts(parts.pool), await PostgresSwept(parts.pool).progress()
        seconds = ABSENT_FOR * settings.delay_factor
        people = _people(await doubts.tally(seconds=seconds), progress.counted)
        while True:
            size = min(PAGE, left) if limit else PAGE
            page = await doubts.page(position, limit=size, seconds=seconds)
            found = [_as_dict(each, people, progress.counted) for each in page]
            if output is Output.JSON:
                document.write(found)
            else:
                print_rows(console, "", COLUMNS, [_cells(each) for each in found], is_continued=is_continued)
            is_continued = True
            read = len({each["identity_id"] for each in page})
            left -= read
            position = page[-1]["identity_id"] if read == size else None
            if position is None or (limit and left <= 0):
                break
    if output is Output.JSON:
        document.end({"next": position and str(position)})
    elif position:
        typer.echo(f"postroom: there may be more: --after {position} lists the next, --limit 0 all of them", err=True)


async def summary_of(parts: Parts, progress: SweepProgress | None) -> Mapping[str, Any] | None:
    """None where differences are not looked for."""
    if progress is None or not parts.settings.reports_differences:
        return None
    tally = await PostgresDoubts(parts.pool).tally(seconds=ABSENT_FOR * parts.settings.delay_factor)
    counted, people, outlooks = progress.counted, _people(tally, progress.counted), Counter[Outlook]()
    for each in tally:
        outlooks[_outlook(each, people, counted)] += each["people"]
    for kind, more in counted.more.items() if counted else ():
        outlooks[Outlook.WAITS if kind is not Kind.ADDRESS else Outlook.KEPT] += more
    return {
        "compared": counted is not None,
        "kinds": {str(kind): n for kind, n in people.items()},
        "outlooks": {each.name.lower(): n for each, n in outlooks.items()},
        "implausible": counted and counted.implausible,
    }


def print_summary(console: Console, summary: Mapping[str, Any] | None) -> None:
    if summary is None:
        return
    kinds = ", ".join(f"{n:,} {WORDS[Kind(kind)]}" for kind, n in summary["kinds"].items())
    if kinds:
        outlooks = "; ".join(f"{n:,}: {Outlook[name.upper()]}" for name, n in summary["outlooks"].items())
        print_sentence(console, f"Identities that differ from their mailbox: {kinds}", "yellow")
        print_sentence(
            console, f"This version changes none of these mailboxes. {outlooks}; see postroom list --state differs"
        )
    elif summary["compared"]:
        print_sentence(console, "No identity differs from its mailbox")
    if summary["implausible"]:
        print_sentence(console, f"The last pass shows nobody to be absent: {summary['implausible']}", "red")


def _people(tally: list[dict[str, Any]], counted: Counted | None) -> Mapping[Kind, int]:
    """How many differ, by kind, with those that are not stored."""
    found = Counter[Kind](counted.more if counted else {})
    for each in tally:
        found[Kind(each["kind"])] += each["people"]
    return {kind: found[kind] for kind in Kind if found[kind]}


def _outlook(each: Mapping[str, Any], people: Mapping[Kind, int], counted: Counted | None) -> Outlook:
    """Before the first whole pass nobody knows how many mailboxes there are, so limits are those of the fewest."""
    kind = Kind(each["kind"])
    return outlook(
        kind,
        people=people[kind],
        mailboxes=counted.mailboxes if counted else 0,
        implausible=bool(counted and counted.implausible),
        passes=each["passes"],
        is_long=each["is_long"],
        is_older=each["is_older"],
        is_held=each["is_held"],
    )


def _as_dict(each: Mapping[str, Any], people: Mapping[Kind, int], counted: Counted | None) -> Mapping[str, Any]:
    kind = Kind(each["kind"])
    return {
        "identity_id": each["identity_id"],
        "email": each["email"],
        "kind": each["kind"],
        "on_record": each["display_name"] if kind is Kind.NAME else each["email"],
        "at_kratos": each["seen"],
        "version": each["version"],
        "since": each["since"],
        "found_by": each["found_by"],
        "outlook": _outlook(each, people, counted).name.lower(),
    }


def _cells(each: Mapping[str, Any]) -> tuple[str, ...]:
    at_kratos = each["at_kratos"] or (WORDS[Kind(each["kind"])] if each["kind"] in ("inactive", "absent") else "none")
    done = Outlook[each["outlook"].upper()]
    record = each["on_record"] or "none"
    return each["email"] or "", each["kind"], record, at_kratos, ago(each["since"]), done, str(each["identity_id"])

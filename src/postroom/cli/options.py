"""Options and arguments that several commands share, so that each has the same text everywhere."""

from enum import StrEnum
from typing import Annotated

import typer


class Output(StrEnum):
    TABLE = "table"
    WIDE = "wide"
    JSON = "json"


def narrowing(value: str | None) -> str | None:
    """An option that selects some of all requests. Empty, as a shell makes of a variable that is not set, it would
    select them all: `postroom bury --waiting --domain "$NAME"`."""
    if value is not None and not value.strip():
        raise typer.BadParameter("it is empty; leave the option out to select all")
    try:
        (value or "").encode()
    except UnicodeEncodeError:
        raise typer.BadParameter("it is not text in UTF-8") from None
    return value


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Change nothing; print what would be done.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why. It is recorded with your login name.")]
StalwartVersion = Annotated[
    str | None,
    typer.Option(metavar="VERSION", help="The version of Stalwart, such as 0.16.19: it does not tell us."),
]
UntilEof = Annotated[bool, typer.Option("--until-eof", hidden=True, help="Stop when standard input ends.")]
MailDomain = Annotated[
    str | None, typer.Option("--domain", metavar="NAME", callback=narrowing, help="Only those of this mail domain.")
]
ReasonStarts = Annotated[
    str | None,
    typer.Option(
        "--reason-starts",
        metavar="TEXT",
        callback=narrowing,
        help="Only those whose reason, or last error, begins like this.",
    ),
]
WaitsFor = Annotated[
    str | None,
    typer.Option(
        metavar="CAUSE",
        callback=narrowing,
        help="Only those held back by it: outage, misconfigured, domain:NAME.",
    ),
]
Who = Annotated[str, typer.Argument(metavar="EMAIL_OR_ID", help="An address, or the id of a Kratos identity.")]
Whom = Annotated[
    list[str] | None, typer.Argument(metavar="EMAIL_OR_ID", help="Addresses, or ids of Kratos identities.")
]

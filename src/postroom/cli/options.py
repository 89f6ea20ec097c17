"""Options and arguments that several commands share, so that each has the same text everywhere."""

from enum import StrEnum
from typing import Annotated

import typer


class Output(StrEnum):
    TABLE = "table"
    WIDE = "wide"
    JSON = "json"


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Change nothing; print what would be done.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why. It is recorded with your login name.")]
UntilEof = Annotated[bool, typer.Option("--until-eof", hidden=True, help="Stop when standard input ends.")]
MailDomain = Annotated[str | None, typer.Option("--domain", metavar="NAME", help="Only those of this mail domain.")]
ReasonStarts = Annotated[
    str | None,
    typer.Option("--reason-starts", metavar="TEXT", help="Only those whose reason, or last error, begins like this."),
]
Who = Annotated[str, typer.Argument(metavar="EMAIL_OR_ID", help="An address, or the id of a Kratos identity.")]
Whom = Annotated[
    list[str] | None, typer.Argument(metavar="EMAIL_OR_ID", help="Addresses, or ids of Kratos identities.")
]

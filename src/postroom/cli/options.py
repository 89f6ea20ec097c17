"""Options and arguments that several commands share. Each reads the same wherever it is."""

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Change nothing; print what would be done.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why. It is recorded with your login name.")]
UntilEof = Annotated[bool, typer.Option("--until-eof", hidden=True, help="Stop when standard input ends.")]
Who = Annotated[str, typer.Argument(metavar="EMAIL_OR_ID", help="An address, or the id of a Kratos identity.")]

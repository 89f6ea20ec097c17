"""`python -m postroom_sandbox.stalwart` runs the stand-in as a separate process, on loopback only."""

import asyncio
import os
import sqlite3
import sys
from pathlib import Path
from typing import Annotated

import typer

from postroom.errors import ConfigurationError
from postroom_sandbox.http_server import serve
from postroom_sandbox.loopback import LOOPBACK, listen
from postroom_sandbox.processes import end_with_parent
from postroom_sandbox.stalwart.app import create_app
from postroom_sandbox.stalwart.store import StateOfLaterVersion

_NAME = "The stand-in for Stalwart"
_command = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@_command.command()
def main(
    state: Annotated[Path, typer.Option(help="Folder that holds the state; created if missing.")],
    domain: Annotated[list[str], typer.Option(help="A mail domain to create; repeatable.")],
    port: Annotated[int, typer.Option(help="HTTP port on 127.0.0.1; 0 takes a free one.")] = 0,
    lmtp_port: Annotated[int, typer.Option(help="LMTP port on 127.0.0.1 for incoming mail; 0 takes a free one.")] = 0,
    public_url: Annotated[str | None, typer.Option(help="Base of the URLs in the JMAP session.")] = None,
    latency_ms: Annotated[int, typer.Option(help="Milliseconds added to each response, for benchmarks.")] = 0,
    welcome: Annotated[bool, typer.Option("--welcome", help="Put a welcome message into each new mailbox.")] = False,
    until_eof: Annotated[bool, typer.Option("--until-eof", help="Stop when standard input ends.")] = False,
) -> None:
    """Run a stand-in for Stalwart 0.16, for trials and tests, never for real mail.

    Environment variables hold the secrets: STAND_IN_ADMIN the password of the login admin, STAND_IN_KEY the API key for
    Postroom, STAND_IN_MASTER the password of postroom-mail, which may impersonate. The command prints
    http://127.0.0.1:8380 and lmtp://127.0.0.1:PORT when it listens. /_sandbox/state shows faults and accounts.

    Example: STAND_IN_ADMIN=secret python -m postroom_sandbox.stalwart --state .postroom/stalwart --port 8380
    --domain example.org
    """
    try:
        listener, lmtp_listener = listen(port, _NAME, "--port"), listen(lmtp_port, _NAME, "--lmtp-port")
    except ConfigurationError as error:
        sys.exit(str(error))
    try:
        app = create_app(
            state,
            domains=domain,
            admin_password=os.environ.get("STAND_IN_ADMIN"),
            api_key=os.environ.get("STAND_IN_KEY"),
            mail_master=os.environ.get("STAND_IN_MASTER"),
            public_url=public_url,
            latency_ms=latency_ms,
            lmtp_listener=lmtp_listener,
            welcome=welcome,
        )
    except (sqlite3.DatabaseError, StateOfLaterVersion) as error:
        sys.exit(f"{_NAME} cannot use its state in {state} ({error}): remove that folder, or start over with --fresh")
    if until_eof:
        end_with_parent()
    typer.echo(f"http://{LOOPBACK}:{listener.getsockname()[1]}\nlmtp://{LOOPBACK}:{lmtp_listener.getsockname()[1]}")
    asyncio.run(serve([(app, listener)], name="Postroom's stand-in for Stalwart"))


if __name__ == "__main__":
    _command()

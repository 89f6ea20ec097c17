"""`python -m postroom_sandbox.kratos` runs the stand-in as a separate process. Both ports are on loopback only."""

import asyncio
import os
import socket
import sqlite3
import sys
from pathlib import Path
from typing import Annotated

import typer

from postroom.errors import ConfigurationError
from postroom_sandbox.http_server import serve
from postroom_sandbox.kratos.addresses import Addresses
from postroom_sandbox.kratos.admin import create_admin_app
from postroom_sandbox.kratos.public import create_public_app
from postroom_sandbox.kratos.store import Store
from postroom_sandbox.kratos.webhook import Webhook
from postroom_sandbox.loopback import LOOPBACK, listen
from postroom_sandbox.processes import end_with_parent

_NAME = "The stand-in for Kratos"
_command = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@_command.command()
def main(
    state: Annotated[Path, typer.Option(help="Folder that holds the state.")],
    public_port: Annotated[int, typer.Option(help="Port of the public API, on 127.0.0.1.")],
    admin_port: Annotated[int, typer.Option(help="Port of the admin API, on 127.0.0.1.")],
    hook_url: Annotated[str, typer.Option(help="URL of the webhook that follows registrations and changes.")],
    base_url: Annotated[str | None, typer.Option(help="URL of the public API for browsers, if not its port.")] = None,
    ui_url: Annotated[str | None, typer.Option(help="URL of Postroom's interface, for its pages.")] = None,
    until_eof: Annotated[bool, typer.Option("--until-eof", help="Stop when standard input ends.")] = False,
) -> None:
    """Run a stand-in for Ory Kratos, for trials and tests, never for production. The environment variable
    POSTROOM_WEBHOOK_KEY holds the key of the webhook.

    Example: python -m postroom_sandbox.kratos --state .postroom/kratos --public-port 4433 --admin-port 4434
    --hook-url http://127.0.0.1:3001/internal/mail/provision
    """
    if not (key := os.environ.get("POSTROOM_WEBHOOK_KEY")):
        sys.exit("The environment variable POSTROOM_WEBHOOK_KEY is empty or not set: set it to the key of the webhook.")
    try:
        public, admin = listen(public_port, _NAME, "--public-port"), listen(admin_port, _NAME, "--admin-port")
    except ConfigurationError as error:
        sys.exit(str(error))
    try:
        opened = Store(state)
    except sqlite3.DatabaseError as error:
        sys.exit(f"{_NAME} cannot use its state in {state} ({error}): remove that folder, or start over with --fresh")
    if until_eof:
        end_with_parent()
    asyncio.run(_serve(opened, public, admin, hook_url, key, Addresses(base_url, ui_url)))


async def _serve(
    store: Store, public: socket.socket, admin: socket.socket, hook_url: str, key: str, addresses: Addresses
) -> None:
    webhook = Webhook(store, hook_url, key)
    public_url = addresses.base_url or f"http://{LOOPBACK}:{public.getsockname()[1]}"
    postroom = hook_url.partition("/internal/")[0]
    apps = [
        (create_public_app(store, webhook, postroom, addresses), public),
        (create_admin_app(store, public_url=public_url), admin),
    ]
    try:
        await serve(apps, name="Postroom's stand-in for Kratos")
    finally:
        await webhook.close()
        store.close()


if __name__ == "__main__":
    _command()

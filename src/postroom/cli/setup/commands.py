"""`postroom setup …` as it is typed."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from postroom.cli.options import AsJson, DryRun, StalwartVersion

Force = Annotated[bool, typer.Option("--force", help="Overwrite files with another content.")]
SECRETS = Path("/etc/postroom/secrets")

setup = typer.Typer(help="Set up the servers that Postroom works with.", rich_markup_mode=None)


@setup.command("stalwart")
def stalwart_command(
    admin: Annotated[str, typer.Option(metavar="LOGIN", help="An administrator of Stalwart.")],
    impersonate: Annotated[
        bool,
        typer.Option("--impersonate", help="Let Postroom act for people, so that they reach their mail through it."),
    ] = False,
    secrets: Annotated[
        Path, typer.Option("--secrets", metavar="FOLDER", help="For the files of secrets that no setting names.")
    ] = SECRETS,
    address: Annotated[
        list[str] | None,
        typer.Option(metavar="IP", help="The address of this host as Stalwart sees it, if NAT or a proxy changes it."),
    ] = None,
    allowed_ip: Annotated[
        list[str] | None,
        typer.Option(metavar="IP", help="Accept Postroom's API key from this address or network only. Repeatable."),
    ] = None,
    registered_oauth_clients: Annotated[
        bool,
        typer.Option("--registered-oauth-clients", help="Let Stalwart issue OAuth tokens to registered clients only."),
    ] = False,
    remove_key: Annotated[str | None, typer.Option(metavar="ID", help="Remove this API key of Postroom's.")] = None,
    stalwart_version: StalwartVersion = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Create accounts, keys and settings on Stalwart.

    These are the account and API key by which Postroom creates mailboxes, and what mail for people needs. Safe to
    repeat. Needs POSTROOM_STALWART_URL and POSTROOM_DOMAINS, and no database. The administrator's password is read from
    the terminal, or from standard input. Secrets are written to files, and never printed.

    Example: postroom setup stalwart --admin admin@example.org --impersonate
    """
    from postroom.cli.setup.stalwart import StalwartOptions, set_up_stalwart

    options = StalwartOptions(
        impersonate,
        secrets,
        tuple(address or ()),
        tuple(allowed_ip or ()),
        registered_oauth_clients,
        remove_key,
        stalwart_version,
    )
    asyncio.run(set_up_stalwart(admin, options, dry_run=dry_run, as_json=as_json))


@setup.command("kratos")
def kratos_command(
    write: Annotated[
        Path | None, typer.Option("--write", metavar="FOLDER", help="Write the files there, with the key.")
    ] = None,
    at: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Where Kratos finds them, if you copy them. Default: where they are written."
        ),
    ] = None,
    url: Annotated[
        str | None, typer.Option(metavar="URL", help="Where Kratos reaches Postroom. Default: on the same host.")
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Print or write the webhook for Kratos.

    This is the web_hook action of the registration flow, and the Jsonnet file of its body. Printed, it has no key.
    Written, it has the one of POSTROOM_WEBHOOK_KEY. Needs no database.

    Example: postroom setup kratos --write /etc/kratos
    """
    from postroom.cli.setup.kratos import set_up_kratos

    set_up_kratos(write, at, url, force=force, as_json=as_json)


@setup.command("files")
def files_command(
    write: Annotated[Path | None, typer.Option("--write", metavar="FOLDER", help="Write all of them there.")] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """List or write the files for a deployment.

    These files come with Postroom: systemd units, alerts for Prometheus, configuration of Kratos and Centrifugo.

    Example: postroom setup files --write /etc/postroom/deploy
    """
    from postroom.cli.setup.files import deployed_files

    deployed_files(write, force=force, as_json=as_json)

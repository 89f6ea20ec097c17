"""`postroom migrate`."""

import typer

from postroom.cli.environment import load_and_warn
from postroom.postgres.migrate import role_of, upgrade


def migrate() -> None:
    settings = load_and_warn()
    service_url = settings.database_url.get_secret_value()
    owner = settings.migrate_database_url
    revision = upgrade(owner.get_secret_value() if owner else service_url, role_of(service_url))
    typer.echo(f"schema is at revision {revision}")

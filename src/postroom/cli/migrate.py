"""`postroom migrate`."""

import typer

from postroom.postgres.migrate import role_of, upgrade
from postroom.settings import load


def migrate() -> None:
    settings = load()
    service_url = settings.database_url.get_secret_value()
    owner = settings.migrate_database_url
    revision = upgrade(owner.get_secret_value() if owner else service_url, role_of(service_url))
    typer.echo(f"schema is at revision {revision}")

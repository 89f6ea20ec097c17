"""The initial tables: requests, accounts, audit, breaker, sweep."""

from postroom.postgres.migrate import run

revision = "0001"
down_revision = None


def upgrade() -> None:
    run(__file__)

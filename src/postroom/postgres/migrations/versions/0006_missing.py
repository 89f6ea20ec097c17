"""Mailboxes that no longer exist at the mail server."""

from postroom.postgres.migrate import run

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    run(__file__)

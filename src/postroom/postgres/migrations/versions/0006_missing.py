"""Mailboxes that are not at the mail server any more."""

from postroom.postgres.migrate import run

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    run(__file__)

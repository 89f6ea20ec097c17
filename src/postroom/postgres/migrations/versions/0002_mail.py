"""The tables of the mail part: access tokens, app passwords, mail states, events."""

from postroom.postgres.migrate import run

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    run(__file__)

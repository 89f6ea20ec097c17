"""The running processes, and when each of their loops last ran."""

from postroom.postgres.migrate import run

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    run(__file__)

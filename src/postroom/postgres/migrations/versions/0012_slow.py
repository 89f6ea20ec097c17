"""Until when the mail server asks for less."""

from postroom.postgres.migrate import run

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    run(__file__)

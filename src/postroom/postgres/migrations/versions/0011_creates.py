"""Whether creates fail, whoever they are for, and until when the mail server asks for less."""

from postroom.postgres.migrate import run

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    run(__file__)

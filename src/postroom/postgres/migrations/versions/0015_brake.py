"""How many people a source may change in a day without an operator."""

from postroom.postgres.migrate import run

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    run(__file__)

"""Only times that Python can represent."""

from postroom.postgres.migrate import run

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    run(__file__)

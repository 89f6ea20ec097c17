"""What a request waits for, crashes that bury nobody, how the sweep stands, what code may run on which schema."""

from postroom.postgres.migrate import run

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    run(__file__)

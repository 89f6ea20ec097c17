"""The audit's partitions, guarded each by itself."""

from postroom.postgres.migrate import run

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    run(__file__)

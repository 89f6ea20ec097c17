"""Each partition of the audit gets its own triggers; missing partitions are created."""

from postroom.postgres.migrate import run

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    run(__file__)

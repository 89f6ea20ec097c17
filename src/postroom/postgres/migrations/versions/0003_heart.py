"""Causes that requests wait for; crashes without a limit; times of the sweep; which code may run on which schema."""

from postroom.postgres.migrate import run

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    run(__file__)

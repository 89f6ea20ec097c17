"""The settings of a person's interface: one document each."""

from postroom.postgres.migrate import run

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    run(__file__)

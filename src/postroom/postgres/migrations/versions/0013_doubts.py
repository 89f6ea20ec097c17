"""In what identities differ from their mailboxes, and what a pass of the sweep has counted."""

from postroom.postgres.migrate import run

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    run(__file__)

"""Times of requests that a process can read."""

from pathlib import Path

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    statement = Path(__file__).with_suffix(".sql").read_text()
    # The driver's own cursor: the text has `%` in it and several statements.
    op.get_bind().connection.cursor().execute(statement)

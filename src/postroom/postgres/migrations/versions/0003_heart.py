"""What a request waits for, crashes that bury nobody, how the sweep stands, what code may run on which schema."""

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    statement = Path(__file__).with_suffix(".sql").read_text()
    # The driver's own cursor: the text has `%` in it and several statements.
    op.get_bind().connection.cursor().execute(statement)

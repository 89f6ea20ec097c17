"""`postroom_facts` becomes `installation`."""

from postroom.postgres.migrate import run

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    run(__file__)

"""What an identity wants of its mailbox, and which change of it is due."""

from pathlib import Path

from postroom.postgres.migrate import build_index, run, run_by_itself

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    run(__file__)
    here = Path(__file__)
    run_by_itself(here.with_name("0014_requests"))
    run_by_itself(here.with_name("0014_accounts"))
    # Of a mailbox without a former address there is no row in it.
    build_index("addresses_identity", "addresses (identity_id) WHERE role <> 'held'")
    run(str(here.with_name("0014_end")))

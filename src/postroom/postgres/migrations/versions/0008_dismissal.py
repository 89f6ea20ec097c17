"""Dismissed dead letters; indexes of the audit by address and by time."""

from pathlib import Path

from postroom.postgres.migrate import build_index, build_index_of_the_log, run

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    run(__file__)
    build_index(
        "email_requests_dead_letters",
        "email_requests (enqueued_at, identity_id) WHERE state = 'dead' AND dismissed_at IS NULL",
    )
    build_index_of_the_log("email", "(lower(btrim(email))) WHERE status NOT IN ('pending', 'success')")
    build_index_of_the_log("time", "(created_at)")
    run(str(Path(__file__).with_name("0008_log_indexes")))

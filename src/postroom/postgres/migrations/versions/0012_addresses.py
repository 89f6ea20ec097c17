"""Whose an address is; which mailboxes may be used; what a request is to do."""

from pathlib import Path

from postroom.postgres.migrate import run, run_by_itself, run_page_by_page

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    run(__file__)
    here = Path(__file__)
    run_by_itself(here.with_name("0012_accounts"))
    run_by_itself(here.with_name("0012_requests"))
    run_page_by_page(here.with_name("0012_page"))
    run(str(here.with_name("0012_end")))

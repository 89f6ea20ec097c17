"""A worker and a row that PostgreSQL does not let it claim."""

import pytest

from parts import environment, running_parts
from postroom.postgres.requests import PostgresRequests
from records import NOWHERE, Records, mailbox
from servers import Database
from stalwart_stand_in import StalwartStandIn


@pytest.fixture
def settings(database: Database, redis_url: str, stalwart: StalwartStandIn) -> dict[str, str]:
    return environment(database, redis_url, stalwart, drain_seconds=0.2)


@pytest.mark.parametrize("crashes", [0, 1])
async def test_row_whose_claim_postgresql_rejects_stops_no_other_request(
    settings: dict[str, str], requests: PostgresRequests, records: Records, crashes: int
) -> None:
    """For example because of an operator's trigger. The error stopped the worker's loop, and its process exited after
    every start."""
    refused, others = mailbox("refused"), [mailbox(f"user-{number}") for number in range(10)]
    for each in (refused, *others):
        await requests.accept(each, holder=None, lease=10, origin=NOWHERE, action="accept")
    await records.rows("UPDATE email_requests SET crashes = %s WHERE email LIKE 'refused@%%'", crashes)
    await records.make_due_in(-100, refused.identity_id)
    await records.rows(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'no'; END$$;"
        "CREATE TRIGGER refuse BEFORE UPDATE ON email_requests FOR EACH ROW"
        " WHEN (OLD.email LIKE 'refused@%') EXECUTE FUNCTION refuse()"
    )
    async with running_parts(settings):
        await records.until("provisioned", *(each.identity_id for each in others))
        assert (await records.request(refused.identity_id))["state"] == "waiting"
        await records.rows("DROP TRIGGER refuse ON email_requests")
        await records.until("provisioned", refused.identity_id, within=15)

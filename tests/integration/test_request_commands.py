"""`postroom list`, `retry`, `bury` and `dismiss` as an operator runs them."""

from uuid import UUID, uuid4

import pytest

from commands import Commands
from parts import environment
from postroom.domain.identity import Refusal
from postroom.postgres.connection import Pool
from postroom.postgres.refusals import PostgresRefusals
from postroom.postgres.request_list import PAGE
from records import NOWHERE, Records
from servers import Database


@pytest.fixture
def postroom(database: Database) -> Commands:
    return Commands(environment(database, None, None))


async def fill(records: Records, *, dead: int = 3, waiting: int = 2, provisioned: int = 2) -> None:
    await records.rows(
        """
        INSERT INTO email_requests (identity_id, email, state, due_at, enqueued_at, last_error, reason, waits_for)
        SELECT gen_random_uuid(), format('%%s-%%s@example.%%s', state, n, CASE n %% 2 WHEN 0 THEN 'org' ELSE 'net' END),
               state, CASE state WHEN 'waiting' THEN now() + make_interval(secs => n) END,
               now() - make_interval(secs => n),
               CASE state WHEN 'waiting' THEN 'mail server answered 500' END,
               CASE state WHEN 'dead' THEN 'failed 4 times' END,
               CASE state WHEN 'waiting' THEN 'domain:example.org' END
        FROM (VALUES ('dead', %s), ('waiting', %s), ('provisioned', %s)) AS asked (state, number),
             generate_series(1, number) AS n""",
        dead,
        waiting,
        provisioned,
    )


async def listed(postroom: Commands, *words: str) -> list[str]:
    return [each["email"] for each in (await postroom.json("list", *words))["requests"]]


async def test_a_list_shows_ids_and_reasons_of_all_but_the_dismissed(postroom: Commands, records: Records) -> None:
    await fill(records)
    await postroom("dismiss", "dead-3@example.net", "--reason", "known")
    rows = [line.split("\t") for line in (await postroom("list")).splitlines()]
    assert rows[0] == ["identity", "email", "state", "changed", "due", "reason"]
    assert [(row[1], row[2], row[5]) for row in rows[1:5]] == [
        ("waiting-1@example.net", "waiting", "mail server answered 500"),
        ("waiting-2@example.org", "waiting", "mail server answered 500"),
        ("dead-1@example.net", "dead", "failed 4 times"),
        ("dead-2@example.org", "dead", "failed 4 times"),
    ]
    assert {row[2] for row in rows[5:]} == {"provisioned"}
    assert {UUID(row[0]) for row in rows[1:]} == {
        row["identity_id"]
        for row in await records.rows("SELECT identity_id FROM email_requests WHERE dismissed_at IS NULL")
    }
    wide = [line.split("\t") for line in (await postroom("list", "--state", "dismissed", "-o", "wide")).splitlines()]
    assert wide[1][1:3] == ["dead-3@example.net", "dismissed"]
    assert len(wide[0]) == len(wide[1]) > len(rows[0])


async def test_a_list_is_narrowed_by_state_reason_and_domain(postroom: Commands, records: Records) -> None:
    await fill(records)
    assert await listed(postroom, "--state", "waiting", "--domain", "EXAMPLE.org") == ["waiting-2@example.org"]
    assert await listed(postroom, "--state", "waiting", "--state", "dead", "--reason", "failed") == [
        f"dead-{number}" for number in ("1@example.net", "2@example.org", "3@example.net")
    ]
    assert await listed(postroom, "--reason", "%") == []
    assert await postroom("list", "--state", "running") == ""


async def test_a_list_goes_on_where_it_ended_until_all_were_there_once(postroom: Commands, records: Records) -> None:
    await fill(records)
    everybody, after = await listed(postroom), ""
    assert len(everybody) == 7
    pages: list[list[str]] = []
    while after is not None:
        page = await postroom.json("list", "--limit", "3", *(["--after", after] if after else []))
        pages.append([each["email"] for each in page["requests"]])
        after = page["next"]
    assert pages == [everybody[:3], everybody[3:6], everybody[6:]]
    reported = (await postroom("list", "--limit", "3")).splitlines()
    assert reported[-1].startswith("postroom: there are more: --after ")
    cursor = reported[-1].split()[5]
    assert await listed(postroom, "--after", cursor) == everybody[3:]
    assert await postroom("list", "--limit", "7", "--json") == await postroom("list", "--limit", "0", "--json")
    assert "not a cursor of a list" in await postroom("list", "--after", "nowhere", code=2)


async def test_more_than_a_page_are_one_table_and_one_document(postroom: Commands, records: Records) -> None:
    await fill(records, dead=2 * PAGE + 5)
    assert len(await listed(postroom, "--limit", "0", "--state", "dead")) == 2 * PAGE + 5
    lines = (await postroom("list", "--limit", "0", "--state", "dead")).splitlines()
    assert len(lines) == 1 + 2 * PAGE + 5


async def test_several_are_retried_each_with_its_line_and_code_1_if_one_was_not(
    postroom: Commands, records: Records, pool: Pool
) -> None:
    await fill(records)
    refusal = Refusal(uuid4(), "admin@example.org", "reserved_name", "the name admin is reserved")
    await PostgresRefusals(pool).record([refusal], NOWHERE)
    names = ["dead-1@example.net", "admin@example.org", "waiting-2@example.org", "provisioned-1@example.net"]
    reported = (await postroom("retry", *names, code=1)).splitlines()
    assert [line.partition(", due")[0] for line in reported] == [
        "dead-1@example.net: waits for its first attempt",
        "waiting-2@example.org: waits for its first attempt",
        "postroom: no request for admin@example.org: refused as reserved_name (the name admin is reserved)",
        "postroom: the request of provisioned-1@example.net is provisioned: "
        "only a waiting or dead request can be retried",
    ]
    retried = await records.rows(
        "SELECT error_message, actor IS NOT NULL AS named FROM email_provisioning_log WHERE action = 'retry'"
    )
    assert {"error_message": "asked to try again; it was dead", "named": True} in retried
    again = await postroom.json("retry", *names, code=1)
    assert (again["done"], again["dry_run"], len(again["requests"])) == (2, False, 2)
    assert [(each["who"], each["code"]) for each in again["failed"]] == [
        ("admin@example.org", "unknown"),
        ("provisioned-1@example.net", "wrong_state"),
    ]


async def test_names_that_all_stand_for_no_request_are_a_mistake_with_code_2_as_in_log(
    postroom: Commands, records: Records
) -> None:
    await fill(records)
    for command in ("retry", "bury --reason why", "dismiss --reason why"):
        await postroom(*command.split(), "nobody@example.org", str(uuid4()), code=2)
    await postroom("log", "nobody@example.org", code=2)


async def test_a_dry_run_says_how_many_and_which(postroom: Commands, records: Records) -> None:
    await fill(records)
    reported = (
        await postroom("retry", "--dead", "--reason-starts", "failed", "--domain", "example.net", "--dry-run")
    ).splitlines()
    assert [line.partition(",")[0] for line in reported[:2]] == ["dead-1@example.net", "dead-3@example.net"]
    assert reported[2:] == ["2 would be retried"]
    assert await records.value("SELECT count(*) FROM email_requests WHERE state = 'dead'") == 3
    assert await postroom("retry", "--dead", "--reason-starts", "failed", "--domain", "example.net") == "2 retried\n"
    assert await listed(postroom, "--state", "dead") == ["dead-2@example.org"]


async def test_dismissed_requests_leave_the_status_and_a_retry_restores_them(
    postroom: Commands, records: Records
) -> None:
    await fill(records)
    assert await postroom("dismiss", "--dead", "--reason", "known") == "3 dismissed\n"
    status = await postroom.json("status")
    assert (status["counts"]["requests_dead"], status["dead"]) == (0, [])
    assert await postroom("retry", "--dead") == "0 retried\n"
    assert await postroom("retry", "--dismissed") == "3 retried\n"
    await postroom("bury", "dead-1@example.net", "--reason", "a test")
    assert [each["email"] for each in (await postroom.json("status"))["dead"]] == ["dead-1@example.net"]


async def test_waiting_requests_are_buried_by_their_cause(postroom: Commands, records: Records) -> None:
    await fill(records)
    words = ("bury", "--waiting", "--waits-for", "domain:example.org", "--reason", "the domain goes")
    assert await postroom(*words) == "2 buried\n"
    assert await postroom(*words) == "0 buried\n"


async def test_exactly_one_way_of_selecting_requests_is_required(postroom: Commands) -> None:
    for words in ("retry", "retry --reason-starts x", "bury --reason x", "dismiss --reason x"):
        assert "say which requests" in await postroom(*words.split(), code=2), words
    for words in ("retry a@example.org --dead", "bury a@example.org --reason x --waits-for outage"):
        assert "not both" in await postroom(*words.split(), code=2), words


async def test_a_pause_is_on_purpose_and_status_shows_who_paused_and_why(postroom: Commands, records: Records) -> None:
    await postroom("pause", "--reason", "Stalwart moves")
    reported = await postroom("pause", "--reason", "so that it is paused twice", code=2)
    assert "already paused by " in reported
    assert reported.endswith(": Stalwart moves; postroom resume ends it\n"), reported
    (entry,) = await records.rows(
        "SELECT action, error_message, actor IS NOT NULL AS named FROM email_provisioning_log"
    )
    assert entry == {"action": "pause", "error_message": "Stalwart moves", "named": True}
    breaker = (await postroom.json("status"))["breaker"]
    assert (breaker["open"], breaker["cause"], breaker["probe_at"]) == (True, "paused", None)
    assert breaker["error"].startswith("paused by ")
    assert breaker["error"].endswith(": Stalwart moves")
    assert "Requests to the mail server are stopped on purpose: paused by " in await postroom("status")

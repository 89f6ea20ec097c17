"""Actions of an operator on requests: when they are possible, on many requests at once, and their audit rows."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from fakes import FakeMailServer
from postroom.domain.request import ListedState, Provisioned, Request, State
from postroom.errors import MailServerError, Permanent, Refused, Transient
from postroom.operations import mail_server
from postroom.operations.requests import Batch, RequestOperations
from postroom.postgres.audit import Audit
from postroom.postgres.breaker import PostgresBreakers
from postroom.postgres.connection import Pool
from postroom.postgres.request_list import PAGE, Selection
from postroom.postgres.requests import PostgresRequests
from postroom.queue.retry_set import NoRetryIndex
from records import NOWHERE, Records, failed, mailbox, records_of, running, settled, stalwart_account
from servers import Database

DEAD = Selection([ListedState.DEAD])


@pytest.fixture
def operations(pool: Pool) -> RequestOperations:
    return RequestOperations(pool, NoRetryIndex())


@pytest.fixture
def audit(pool: Pool) -> Audit:
    return Audit(pool)


async def dead(requests: PostgresRequests, name: str = "alice", reason: str = "refused") -> UUID:
    return await failed(requests, name, Permanent(reason))


async def waiting(requests: PostgresRequests, name: str = "alice") -> UUID:
    return await failed(requests, name, Transient("mail server answered 500"))


async def outcome(batches: AsyncIterator[Batch]) -> tuple[list[Request], list[str]]:
    """The changed requests, and the errors."""
    all_batches = [each async for each in batches]
    done = [request for each in all_batches for request in each.done]
    return done, [failure.error for each in all_batches for failure in each.failures]


async def test_retry_is_rejected_for_a_held_address_or_a_running_or_unknown_request(
    requests: PostgresRequests, operations: RequestOperations, records: Records
) -> None:
    buried = await dead(requests)
    holder = await running(requests, mailbox())
    names = [str(buried), str(holder.identity_id), str(nobody := uuid4()), "nobody@example.org"]
    done, errors = await outcome(operations.retry(names, actor="olga"))
    assert (done, len(errors)) == ([], 4)
    reported = " ".join(errors)
    held = f"the address is held by another identity ({holder.identity_id}); nothing was changed"
    assert f"alice@example.org: {held}" in reported
    assert "the request of alice@example.org is running: only a waiting or dead request can be retried" in reported
    assert f"no request for {nobody}; give the address" in reported
    assert "no request for nobody@example.org; give the address" in reported
    assert await records.value("SELECT count(*) FROM email_provisioning_log WHERE action = 'retry'") == 0


async def test_retry_revives_only_one_of_several_dead_requests_for_one_address(
    requests: PostgresRequests, operations: RequestOperations
) -> None:
    await dead(requests)
    last = await dead(requests)
    done, errors = await outcome(operations.retry(DEAD, actor="olga"))
    assert [each.identity_id for each in done] == [last]
    assert errors == ["alice@example.org: the address is held by another identity; nothing was changed"]


async def test_operator_can_bury_only_waiting_requests_and_is_recorded_with_the_reason(
    requests: PostgresRequests, operations: RequestOperations, audit: Audit, records: Records
) -> None:
    identity_id = await waiting(requests)
    (request,), _ = await outcome(operations.bury([str(identity_id)], actor="olga", reason="spam wave"))
    assert (request.state, request.reason) == (State.DEAD, "buried by olga: spam wave")
    entry = (await records.log(identity_id))[-1]
    assert (entry["action"], entry["status"], entry["actor"]) == ("bury", "done", "olga")
    assert entry["error_message"] == "spam wave"
    await running(requests, mailbox("bob"))
    names = [str(identity_id), "bob@example.org"]
    _, errors = await outcome(operations.bury(names, actor="olga", reason="its outcome is not ours to guess"))
    assert errors == [
        "the request of alice@example.org is dead: only a waiting request can be buried",
        "the request of bob@example.org is running: only a waiting request can be buried",
    ]
    assert await audit.listing("dead_letters", limit=5) == [
        {
            "identity_id": identity_id,
            "email": "alice@example.org",
            "attempts": 1,
            "retries": 1,
            "crashes": 0,
            "enqueued_at": request.enqueued_at,
            "reason": "buried by olga: spam wave",
        }
    ]


@pytest.mark.parametrize("reason", ["", " \n", "\udcff", "\0"])
async def test_reason_is_neither_empty_nor_unstorable_in_postgresql(operations: RequestOperations, reason: str) -> None:
    for act in (operations.bury, operations.dismiss):
        with pytest.raises(Refused, match="the reason"):
            act(DEAD, actor="olga", reason=reason)


async def test_a_dismissed_request_leaves_the_list_and_the_count_and_stays_dead(
    requests: PostgresRequests, operations: RequestOperations, audit: Audit, records: Records
) -> None:
    identity_id = await dead(requests)
    (request,), _ = await outcome(operations.dismiss(["alice@example.org"], actor="olga", reason="a test"))
    assert (request.state, request.reason) == (State.DEAD, "refused")
    assert await audit.listing("dead_letters", limit=5) == []
    assert (await audit.counts())["requests_dead"] == 0
    entry = (await records.log(identity_id))[-1]
    assert (entry["action"], entry["status"], entry["actor"], entry["error_message"]) == (
        "dismiss",
        "done",
        "olga",
        "a test",
    )
    await waiting(requests, "bob")
    names = [str(identity_id), "bob@example.org"]
    _, errors = await outcome(operations.dismiss(names, actor="olga", reason="again"))
    assert errors == [
        "the request of alice@example.org is dismissed already",
        "the request of bob@example.org is waiting: only a dead request can be dismissed",
    ]


async def test_a_webhook_revives_a_dismissed_request_only_with_another_address(
    requests: PostgresRequests, operations: RequestOperations, records: Records
) -> None:
    identity_id = await dead(requests)
    await outcome(operations.dismiss([str(identity_id)], actor="olga", reason="a test"))
    again = {"holder": None, "lease": 10.0, "origin": NOWHERE, "action": "accept"}
    assert await requests.revive(mailbox("alice", identity_id), **again) is None
    assert await requests.accept(mailbox("alice", identity_id), **again) is None
    assert (await records.request(identity_id))["dismissed_at"] is not None
    revived = await requests.revive(mailbox("alicia", identity_id), **again)
    assert revived
    assert (revived.state, revived.dismissed_at) == (State.WAITING, None)


async def test_address_names_its_living_request_but_its_dead_one_for_a_dismissal(
    requests: PostgresRequests, operations: RequestOperations
) -> None:
    dismissed, buried = await dead(requests), await dead(requests)
    await outcome(operations.dismiss([str(dismissed)], actor="olga", reason="a test"))
    living = await running(requests, mailbox())
    assert await operations.find(" Alice@Example.org ") == living
    assert (await operations.find(str(buried))).state is State.DEAD
    (request,), _ = await outcome(operations.dismiss(["alice@example.org"], actor="olga", reason="a test"))
    assert request.identity_id == buried
    for unknown in ("nobody@example.org", str(uuid4())):
        with pytest.raises(Refused, match="no request for"):
            await operations.find(unknown)


async def test_dry_run_lists_the_affected_requests_and_changes_nothing(
    requests: PostgresRequests, operations: RequestOperations, records: Records
) -> None:
    first, second = await dead(requests, "alice"), await dead(requests, "bob")
    holder = (await running(requests, mailbox("alice"))).identity_id
    before = await records.rows("SELECT * FROM email_requests ORDER BY identity_id")
    done, errors = await outcome(operations.retry([str(first), str(second)], actor="olga", dry_run=True))
    assert [each.identity_id for each in done] == [second]
    assert errors == [f"alice@example.org: the address is held by another identity ({holder}); nothing was changed"]
    dismissed, _ = await outcome(operations.dismiss(DEAD, actor="olga", reason="a test", dry_run=True))
    assert {each.identity_id for each in dismissed} == {first, second}
    assert await records.rows("SELECT * FROM email_requests ORDER BY identity_id") == before


async def test_locked_row_is_reported_and_does_not_stop_the_others(
    requests: PostgresRequests, operations: RequestOperations, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("postroom.operations.requests.PAUSES", (0.01, 0.01))
    locked, free = await dead(requests, "alice"), await dead(requests, "bob")
    async with records_of(database.owner_url) as other, other.connection.transaction():
        await other.rows("SELECT FROM email_requests WHERE identity_id = %s FOR UPDATE", locked)
        done, errors = await outcome(operations.retry(DEAD, actor="olga"))
    assert [each.identity_id for each in done] == [free]
    assert errors == ["alice@example.org: its row in PostgreSQL is locked by another transaction; try again"]


async def fill(records: Records, number: int) -> None:
    """`number` dead letters of example.org, as many of example.net, and as many waiting requests."""
    await records.rows(
        """
        INSERT INTO email_requests (identity_id, email, state, due_at, enqueued_at, last_error, reason, waits_for)
        SELECT gen_random_uuid(), format('%%s-%%s@%%s', state, n, domain), state,
               CASE state WHEN 'waiting' THEN now() + make_interval(secs => n) END, now() - make_interval(secs => n),
               'mail server answered 500', CASE state WHEN 'dead' THEN 'failed 4 times: ' || n END,
               CASE state WHEN 'waiting' THEN 'domain:' || domain END
        FROM generate_series(1, %s) AS n, unnest(ARRAY['example.org', 'example.net']) AS domain,
             unnest(ARRAY['dead', 'waiting']) AS state""",
        number,
    )


async def test_selection_is_processed_in_batches_of_one_commit_each(
    operations: RequestOperations, records: Records
) -> None:
    await fill(records, PAGE)
    selection = Selection([ListedState.DEAD], reason_starts="failed 4 times", domain="example.org")
    batches = [each async for each in operations.retry(selection, actor="olga")]
    assert sum(len(each.done) for each in batches) == PAGE
    assert sum(each.rows_read for each in batches) == 2 * PAGE
    commits = "SELECT count(DISTINCT xmin::text) FROM email_provisioning_log WHERE action = 'retry'"
    assert await records.value(commits) == len(batches) == 2
    assert await records.value("SELECT count(*) FROM email_requests WHERE state = 'dead'") == PAGE
    assert [each async for each in operations.retry(selection, actor="olga") if each.done] == []


async def test_waiting_requests_are_selected_by_cause_and_by_last_error(
    operations: RequestOperations, records: Records
) -> None:
    await fill(records, 3)
    waits = Selection([ListedState.WAITING], reason_starts="mail server answered", waits_for="domain:example.net")
    done, _ = await outcome(operations.bury(waits, actor="olga", reason="the domain goes"))
    assert {each.email.partition("@")[2] for each in done} == {"example.net"}
    assert len(done) == 3
    nobody = Selection([ListedState.WAITING], reason_starts="mail server asked")
    assert await outcome(operations.bury(nobody, actor="olga", reason="nobody")) == ([], [])


async def test_request_that_dies_again_during_a_bulk_retry_is_not_retried_again(
    operations: RequestOperations, records: Records
) -> None:
    """Otherwise a run over requests that fail at once would never end."""
    await fill(records, PAGE)
    done = 0
    async for batch in operations.retry(DEAD, actor="olga"):
        done += len(batch.done)
        await records.rows(
            "UPDATE email_requests SET state = 'dead', due_at = NULL, reason = 'x', enqueued_at = clock_timestamp()"
            " WHERE state = 'waiting' AND identity_id = ANY(%s)",
            [each.identity_id for each in batch.done],
        )
    assert done == 2 * PAGE


async def test_of_operators_who_pause_at_once_one_succeeds_and_the_audit_has_one_row(
    pool: Pool, records: Records
) -> None:
    breakers = PostgresBreakers(pool)
    pauses = (mail_server.pause(breakers, actor=f"operator {n}", reason="move") for n in range(8))
    results = await asyncio.gather(*pauses, return_exceptions=True)
    (message,) = [each for each in results if isinstance(each, str)]
    assert [type(each) for each in results if each != message] == [Refused] * 7
    (entry,) = await records.rows("SELECT action, actor FROM email_provisioning_log")
    assert message == f"paused by {entry['actor']}: move" == (await breakers.read()).error


async def test_mailbox_that_was_found_meanwhile_is_not_remade(
    requests: PostgresRequests, operations: RequestOperations
) -> None:
    request = await running(requests)
    made = await settled(requests, request, Provisioned(stalwart_account(request.mailbox)))
    with pytest.raises(Refused, match="only a mailbox that is missing"):
        await operations.remake(made.request, actor="olga")


async def test_resume_does_not_report_success_if_requests_were_paused_meanwhile(pool: Pool) -> None:
    breakers = PostgresBreakers(pool)

    class PausedMeanwhile(FakeMailServer):
        async def health_check(self) -> MailServerError | None:
            await mail_server.pause(breakers, actor="bob", reason="Stalwart moves")
            return None

    with pytest.raises(Refused, match="stopped meanwhile: paused by bob: Stalwart moves"):
        await mail_server.resume(breakers, PausedMeanwhile(), actor="alice")
    assert (await breakers.read()).open


async def test_resume_lets_requests_continue_that_wait_because_no_mailbox_could_be_made(
    pool: Pool, records: Records
) -> None:
    breakers = PostgresBreakers(pool)
    assert [await breakers.creates_fail("answered 500"), await breakers.creates_fail("answered 500")] == [True, False]
    fault = (await breakers.read()).creates
    assert (await Audit(pool).counts())["creates_failing"] == 1
    assert fault
    assert (fault.error, fault.is_recent) == ("answered 500", True)
    still_failing = FakeMailServer(makes_none=Transient("answered 500"))
    assert await mail_server.resume(breakers, still_failing, actor="alice") is None
    assert (await breakers.read()).creates is None
    assert (await Audit(pool).counts())["creates_failing"] == 0
    ended = await records.value("SELECT creates_changed_at FROM mail_server_breaker")
    assert fault.since < ended, "the release begins slowly again"
    assert await breakers.creates_work(fault) is False
    (entry,) = await records.rows("SELECT action, actor, error_message FROM email_provisioning_log")
    assert tuple(entry.values()) == ("resume", "alice", "creates failed: answered 500")

"""A mailbox that was destroyed, or that the mail server returns without its mark, is noticed, reported and remade."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from commands import Commands
from parts import environment, running_parts
from postroom.cli.status import REMAKE
from postroom.composition.parts import Parts
from postroom.domain.mailbox import Account, Mailbox
from postroom.domain.missing import Doubt, Recorded, Sighting
from postroom.domain.request import Provisioned
from postroom.errors import MailboxMissing
from postroom.mailboxes.ports import MailAccount
from postroom.postgres.connection import Pool
from postroom.postgres.inspected import PostgresInspected
from postroom.postgres.mail_accounts import PostgresMailAccounts
from postroom.postgres.mail_states import PostgresMailStates
from postroom.postgres.outbox import PostgresOutbox
from postroom.postgres.requests import PostgresRequests
from postroom.provisioning.accept import Missing, Ready
from postroom.provisioning.ports import DoubtChange
from records import NOWHERE, Records, mailbox, records_of, running, settled, stalwart_account
from servers import Database
from stalwart_client import StalwartClient
from stalwart_stand_in import StalwartStandIn


@pytest.fixture
def inspected(pool: Pool) -> PostgresInspected:
    return PostgresInspected(pool)


async def made(requests: PostgresRequests, name: str = "alice") -> Mailbox:
    request = await running(requests, mailbox(name))
    await settled(requests, request, Provisioned(stalwart_account(request.mailbox)))
    return request.mailbox


async def noted(inspected: PostgresInspected, of: Mailbox, *doubts: Doubt | None) -> None:
    for doubt in doubts:
        recorded = await inspected.recorded(of.identity_id)
        assert recorded
        await inspected.record([DoubtChange(recorded, doubt, "the mail server has no account")])


# The records


async def test_inspection_reads_only_ready_mailboxes_page_by_page(
    requests: PostgresRequests, inspected: PostgresInspected
) -> None:
    await running(requests, mailbox("runs"))
    people = [await made(requests, f"user-{number}") for number in range(5)]
    expected = [Recorded(each.identity_id, f"id-of-{each.local_part}") for each in people]
    expected.sort(key=lambda each: each.identity_id)
    first = await inspected.page(None, 3)
    assert [*first, *await inspected.page(first[-1].identity_id, 3)] == expected
    await noted(inspected, people[0], Doubt.SUSPECTED)
    (doubtful,) = await inspected.doubtful(None, 3)
    assert (doubtful.identity_id, doubtful.doubt) == (people[0].identity_id, Doubt.SUSPECTED)
    assert await inspected.doubtful(doubtful.identity_id, 3) == []


async def test_suspicion_of_a_mailbox_is_timed_from_the_first_lookup(
    requests: PostgresRequests, inspected: PostgresInspected, records: Records
) -> None:
    alice = await made(requests)
    await noted(inspected, alice, Doubt.SUSPECTED)
    await records.rows("UPDATE email_accounts SET suspected_at = suspected_at - interval '50 seconds'")
    await noted(inspected, alice, Doubt.SUSPECTED)
    recorded = await inspected.recorded(alice.identity_id)
    assert recorded
    assert 50 <= recorded.suspected_for < 60


@pytest.mark.parametrize("trouble", ["refused", "locked"])
async def test_mailbox_that_cannot_be_recorded_keeps_back_no_other(
    requests: PostgresRequests, inspected: PostgresInspected, records: Records, database: Database, trouble: str
) -> None:
    people = [await made(requests, name) for name in ("alice", "bob", "carol")]
    async with records_of(database.owner_url) as other, other.connection.transaction():
        if trouble == "refused":
            await records.rows(
                "ALTER TABLE email_accounts ADD CHECK (suspected_at IS NULL OR email <> 'bob@example.org') NOT VALID"
            )
        else:
            await other.rows("SELECT FROM email_accounts WHERE email = 'bob@example.org' FOR UPDATE")
        found = [await inspected.recorded(each.identity_id) for each in people]
        await inspected.record([DoubtChange(each, Doubt.SUSPECTED, "it is gone") for each in found if each])
        missing, _ = await inspected.record([DoubtChange(each, Doubt.MISSING, "it is gone") for each in found if each])
    assert missing == {people[0].identity_id, people[2].identity_id}
    suspected = await records.rows("SELECT email FROM email_accounts WHERE suspected_at IS NOT NULL ORDER BY email")
    assert [each["email"] for each in suspected] == ["alice@example.org", "carol@example.org"]


async def test_lookup_result_for_a_replaced_account_is_not_stored(
    requests: PostgresRequests, inspected: PostgresInspected
) -> None:
    alice = await made(requests)
    old = Recorded(alice.identity_id, "id-before-it-was-remade")
    assert await inspected.record([DoubtChange(old, Doubt.SUSPECTED, "gone")]) == (set(), set())
    assert await inspected.doubtful(None, 10) == []


async def test_late_lookup_does_not_mark_a_mailbox_missing_that_was_found_since(
    requests: PostgresRequests, inspected: PostgresInspected
) -> None:
    alice = await made(requests)
    await noted(inspected, alice, Doubt.SUSPECTED, None)
    recorded = Recorded(alice.identity_id, "id-of-alice", Doubt.SUSPECTED, 61)
    assert await inspected.record([DoubtChange(recorded, Doubt.MISSING, "gone")]) == (set(), set())
    (now_there,) = await inspected.doubtful(None, 10)
    assert now_there.doubt is Doubt.SUSPECTED


async def test_missing_or_found_mailbox_is_reported_once_in_audit_gauge_and_browsers(
    requests: PostgresRequests, inspected: PostgresInspected, records: Records, pool: Pool
) -> None:
    alice, states = await made(requests), PostgresMailStates(pool)
    account = MailAccount(alice.identity_id, alice.email, "id-of-alice")
    await states.watch(account)
    await noted(inspected, alice, Doubt.SUSPECTED)
    assert await PostgresOutbox(pool).claim(10) == [], "one lookup publishes nothing"
    assert (await states.watched([account.account_id])) != []
    await noted(inspected, alice, Doubt.MISSING)
    (event,) = await PostgresOutbox(pool).claim(10)
    assert (event.identity_id, event.type, event.data) == (alice.identity_id, "mailbox", {"state": "missing"})
    assert await states.watched([account.account_id]) == [], "the account is not polled for new mail"
    assert await records.value("SELECT count(*) FROM email_accounts WHERE missing_at IS NOT NULL") == 1
    await noted(inspected, alice, None)
    log = await records.log(alice.identity_id)
    reported = [(each["action"], each["status"], each["stalwart_account_id"]) for each in log]
    assert reported[-2:] == [("missing", "done", "id-of-alice"), ("found", "done", "id-of-alice")]
    assert await inspected.doubtful(None, 10) == []


async def test_mailbox_is_not_served_after_the_first_lookup_that_missed_it(
    requests: PostgresRequests, inspected: PostgresInspected, pool: Pool
) -> None:
    alice, accounts = await made(requests), PostgresMailAccounts(pool)
    assert await accounts.of(alice.identity_id)
    for doubt in Doubt:
        await noted(inspected, alice, doubt)
        with pytest.raises(MailboxMissing):
            await accounts.of(alice.identity_id)
    await noted(inspected, alice, None)
    assert await accounts.of(alice.identity_id)


async def test_inspection_progress_survives_the_process(inspected: PostgresInspected) -> None:
    begun = await inspected.progress()
    assert (begun.after_id, begun.due_in <= 0, begun.finished_at) == (None, True, None)
    await inspected.advance(UUID(int=7), due_in=0)
    assert (await inspected.progress()).after_id == UUID(int=7)
    await inspected.advance(None, due_in=3600)
    ended = await inspected.progress()
    assert ended.after_id is None
    assert ended.finished_at
    assert 3500 < ended.due_in <= 3600


# With a mail server


class Trial:
    def __init__(self, parts: Parts, stalwart: StalwartStandIn, records: Records, given: dict[str, str]) -> None:
        self.parts = parts
        self.stalwart = stalwart
        self.records = records
        self.postroom = Commands(given)
        self.alice = mailbox("alice")
        self.inspected = PostgresInspected(parts.pool)

    async def hook(self, of: Mailbox | None = None) -> object:
        return await self.parts.accept(of or self.alice, NOWHERE)

    async def look_up(self) -> None:
        """Look up as the inspection does, without its pauses."""
        await self.parts.inspection.lookup.look_up(await self.inspected.page(None, 500), deadline=5)

    async def look_up_twice(self) -> None:
        await self.look_up()
        await self.records.rows("UPDATE email_accounts SET suspected_at = suspected_at - interval '61 seconds'")
        await self.look_up()

    async def account_id(self) -> str:
        account = await self.records.account(self.alice.identity_id)
        assert account
        return account["stalwart_account_id"]

    async def destroy(self) -> None:
        client = StalwartClient(self.stalwart.url, self.stalwart.admin)
        async with client.http:
            assert (await client.call("x:Account/set", destroy=[await self.account_id()]))["destroyed"]

    async def unmark(self) -> None:
        client = StalwartClient(self.stalwart.url, self.stalwart.admin)
        async with client.http:
            assert await client.update(await self.account_id(), aliases={}) == {}

    async def remade(self) -> None:
        await self.records.until("provisioned", self.alice.identity_id)


@pytest.fixture
async def trial(database: Database, stalwart: StalwartStandIn, records: Records) -> AsyncIterator[Trial]:
    given = environment(database, None, stalwart)
    async with running_parts(given) as parts:
        trial = Trial(parts, stalwart, records, given)
        assert isinstance(await trial.hook(), Ready)
        yield trial


async def test_webhook_for_a_destroyed_mailbox_is_answered_missing_not_ready(trial: Trial) -> None:
    await trial.look_up()
    assert isinstance(await trial.hook(), Ready)
    await trial.destroy()
    await trial.look_up()
    answer = await trial.hook()
    assert isinstance(answer, Missing)
    assert "the last check did not find alice@example.org" in answer.reason
    await trial.look_up_twice()
    answer = await trial.hook()
    assert isinstance(answer, Missing)
    assert "postroom remake alice@example.org" in answer.reason
    found = await trial.parts.requests.read(trial.alice.identity_id)
    assert found
    assert found[1] == Account(found[1].id if found[1] else uuid4(), Doubt.MISSING)
    assert (await trial.parts.audit.counts())["mailboxes_missing"] == 1


async def test_remake_creates_an_empty_mailbox_in_place_of_a_missing_one(trial: Trial) -> None:
    before = await trial.account_id()
    await trial.destroy()
    await trial.look_up_twice()
    reported = await trial.postroom.json("remake", "alice@example.org")
    assert (reported["found"], reported["remade"]) == (Sighting.MISSING, True)
    await trial.remade()
    assert await trial.account_id() != before
    assert isinstance(await trial.hook(), Ready)
    assert await trial.inspected.doubtful(None, 10) == []
    audit = await trial.records.audit(trial.alice.identity_id)
    assert audit[-3:] == [("remake", "done", 1), ("create", "pending", 2), ("create", "success", 2)]


async def test_remake_uses_the_old_mailbox_if_it_exists_under_another_id(trial: Trial) -> None:
    at_stalwart = await trial.account_id()
    await trial.records.rows("UPDATE email_accounts SET stalwart_account_id = 'zzz'")
    reported = await trial.postroom.json("remake", str(trial.alice.identity_id))
    assert reported["remade"], "it needs no second lookup, because it looks up the mark first"
    await trial.remade()
    assert await trial.account_id() == at_stalwart
    assert len(await trial.stalwart.accounts()) == 1


async def test_remake_looks_up_the_mark_before_it_creates_a_mailbox(trial: Trial) -> None:
    await trial.destroy()
    await trial.look_up()
    assert (await trial.postroom.json("remake", "alice@example.org"))["remade"]
    assert (await trial.records.request(trial.alice.identity_id))["outcome_unknown"]
    await trial.remade()


async def test_remake_leaves_an_existing_mailbox_unchanged_and_clears_the_doubt(trial: Trial) -> None:
    await noted(trial.inspected, trial.alice, Doubt.SUSPECTED, Doubt.MISSING)
    out = await trial.postroom("remake", "alice@example.org", code=1)
    assert "the mail server has it, with the identity's mark" in out
    assert isinstance(await trial.hook(), Ready)
    assert await trial.inspected.doubtful(None, 10) == []


async def test_remake_dry_run_looks_up_the_mailbox_but_makes_nothing(trial: Trial) -> None:
    await trial.destroy()
    reported = await trial.postroom.json("remake", "alice@example.org", "--dry-run")
    assert (reported["found"], reported["remade"]) == (Sighting.MISSING, False)
    assert (await trial.records.request(trial.alice.identity_id))["state"] == "provisioned"


async def test_remake_says_in_one_line_what_it_cannot_do(trial: Trial) -> None:
    await trial.stalwart.set_fault(kind="unavailable")
    errors = await trial.postroom("remake", "alice@example.org", code=2)
    assert "cannot find out whether the mail server has the mailbox" in errors
    assert errors.count("\n") == 1
    await trial.records.rows("UPDATE email_requests SET state = 'waiting', due_at = now() + interval '1 hour'")
    assert "the request of alice@example.org is waiting" in await trial.postroom("remake", "alice@example.org", code=2)


async def test_status_and_log_name_missing_mailboxes_and_the_fix(trial: Trial) -> None:
    assert (await trial.postroom.json("status"))["missing"] == []
    await trial.destroy()
    await trial.look_up_twice()
    (row,) = (await trial.postroom.json("status"))["missing"]
    assert (row["email"], row["fix"]) == ("alice@example.org", REMAKE)
    assert "Missing at the mail server: 1" in await trial.postroom("status")
    assert "missing at the mail server" in await trial.postroom("log", "alice@example.org")

"""A lost database is restored from the marks on the mail server."""

import getpass
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock
from uuid import UUID, uuid4

import pytest

from commands import Commands
from parts import environment
from postroom.cli.status import REBUILD
from postroom.composition.parts import Parts, connected, restore_from_marks
from postroom.domain.mailbox import Mailbox, StalwartAccount, account_id_of, mark_of
from postroom.errors import ConfigurationError, Throttled
from postroom.provisioning.ports import AccountPage, FoundAccount, Standing
from postroom.provisioning.rebuild import Rebuild, Tally
from postroom.settings.environment import load
from records import NOWHERE, Records
from servers import Database
from stalwart_client import StalwartClient
from stalwart_stand_in import StalwartStandIn, stalwart_stand_in


class Directory:
    """Accounts on the mail server, made by its operator."""

    def __init__(self, client: StalwartClient, domains: dict[str, str]) -> None:
        self._client = client
        self._domains = domains

    async def add(self, accounts: dict[str, dict[str, UUID]]) -> None:
        """Local part → domain of the mark → identity."""
        names = list(accounts)
        for start in range(0, len(names), 400):
            creates = {name: self._account(name, accounts[name]) for name in names[start : start + 400]}
            answer = await self._client.call("x:Account/set", create=creates)
            assert len(answer["created"]) == len(creates), answer

    def _account(self, name: str, marks: dict[str, UUID]) -> dict[str, Any]:
        aliases = {
            str(place): {"name": mark_of(identity_id), "domainId": self._domains[domain], "enabled": False}
            for place, (domain, identity_id) in enumerate(marks.items())
        }
        description = f"Person {name}"
        return {
            "@type": "User",
            "name": name,
            "domainId": self._domains["example.org"],
            "aliases": aliases,
            "description": description,
        }


@pytest.fixture
async def stalwart(tmp_path: Path) -> AsyncIterator[StalwartStandIn]:
    async with stalwart_stand_in(tmp_path, domains=["example.org", "example.net"]) as server:
        yield server


@pytest.fixture
async def directory(stalwart: StalwartStandIn) -> AsyncIterator[Directory]:
    client = StalwartClient(stalwart.url, stalwart.admin)
    async with client.http:
        domains: dict[str, str] = {}
        for name in ("example.org", "example.net"):
            (domains[name],) = (await client.call("x:Domain/query", filter={"name": name}))["ids"]
        yield Directory(client, domains)


@pytest.fixture
async def parts(database: Database, redis_url: str, stalwart: StalwartStandIn) -> AsyncIterator[Parts]:
    async with connected(load(environment(database, redis_url, stalwart))) as parts:
        yield parts


async def _rebuild(parts: Parts, *, dry_run: bool = False) -> Tally:
    tally = Tally()
    rebuild = await restore_from_marks(parts, actor="olga", dry_run=dry_run, report=lambda _: None)
    await rebuild.run(tally)
    return tally


def _ours(count: int) -> dict[str, UUID]:
    return {f"p{number}": uuid4() for number in range(count)}


def _marked(people: dict[str, UUID]) -> dict[str, dict[str, UUID]]:
    return {name: {"example.org": identity_id} for name, identity_id in people.items()}


async def test_rebuild_restores_exactly_our_own_mailboxes(parts: Parts, directory: Directory, records: Records) -> None:
    people = _ours(700)
    await directory.add(_marked(people) | {f"foreign{number}": {} for number in range(60)})
    await directory.add({f"elsewhere{number}": {"example.net": uuid4()} for number in range(7)})
    expected = {
        "restored": 700,
        "known": 0,
        "unmarked": 61,  # the operator's accounts, and that of the service
        "marked_elsewhere": 7,
        "under_way": 0,
        "differences": [],
    }
    dry = await _rebuild(parts, dry_run=True)
    assert {name: getattr(dry, name) for name in expected} == expected
    assert dry.read == 768
    assert await records.value("SELECT count(*) FROM email_requests") == 0
    assert await records.value("SELECT count(*) FROM email_provisioning_log") == 0

    done = await _rebuild(parts)
    assert done == dry
    rows = await records.rows(
        "SELECT r.identity_id, r.email, r.display_name, r.attempts, a.id, a.stalwart_account_id, l.actor, l.status, "
        "l.stalwart_account_id AS reported, l.attempt_count "
        "FROM email_requests r JOIN email_accounts a ON a.kratos_identity_id = r.identity_id AND a.email = r.email "
        "JOIN email_provisioning_log l ON l.kratos_identity_id = r.identity_id AND l.action = 'rebuild' "
        "WHERE r.state = 'provisioned'"
    )
    assert {row["identity_id"]: row["email"] for row in rows} == {
        identity_id: f"{name}@example.org" for name, identity_id in people.items()
    }
    assert len(rows) == await records.value("SELECT count(*) FROM email_requests") == 700
    for row in rows:
        assert row["id"] == account_id_of(row["identity_id"])
        assert row["reported"] == row["stalwart_account_id"]
        assert (row["actor"], row["status"], row["attempts"], row["attempt_count"]) == ("olga", "done", 0, 0)
        assert row["display_name"] == f"Person {row['email'].partition('@')[0]}"


async def test_interrupted_rebuild_is_completed_by_the_next_one(
    parts: Parts, directory: Directory, records: Records
) -> None:
    await directory.add(_marked(_ours(700)))

    def cut(_: Tally) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await (await restore_from_marks(parts, actor="olga", dry_run=False, report=cut)).run(Tally())
    first = await records.value("SELECT count(*) FROM email_accounts")
    assert 0 < first < 700  # an entire page, and no partial one
    done = await _rebuild(parts)
    assert (done.restored, done.known) == (700 - first, first)
    assert await records.value("SELECT count(*) FROM email_accounts") == 700
    assert await records.value("SELECT count(*) FROM email_provisioning_log") == 700


async def test_rebuild_leaves_existing_rows_unchanged_and_reports_differences(
    parts: Parts, directory: Directory, records: Records
) -> None:
    names = ("waits", "dead", "held", "renamed", "replaced", "two-marks")
    people = {name: uuid4() for name in names}
    second = uuid4()
    marks = _marked(people)
    await directory.add(marks)
    client = directory._client
    (two,) = (await client.call("x:Account/query", filter={"name": "two-marks"}))["ids"]
    (domain_id,) = (await client.call("x:Domain/query", filter={"name": "example.org"}))["ids"]
    aliases = {
        str(place): {"name": mark_of(each), "domainId": domain_id, "enabled": False}
        for place, each in enumerate((people["two-marks"], second))
    }
    assert await client.update(two, aliases=aliases) == {}
    for name in ("waits", "dead", "renamed", "replaced"):
        mailbox = Mailbox(people[name], "old@example.org" if name == "renamed" else f"{name}@example.org")
        await parts.requests.accept(mailbox, holder=None, lease=10, origin=NOWHERE, action="accept")
    await parts.requests.accept(
        Mailbox(uuid4(), "held@example.org"), holder=None, lease=10, origin=NOWHERE, action="accept"
    )
    await records.rows(
        "UPDATE email_requests SET state = 'dead', reason = 'x', due_at = NULL WHERE email = 'dead@example.org'"
    )
    await records.rows(
        "UPDATE email_requests SET state = 'provisioned', due_at = NULL "
        "WHERE email IN ('old@example.org', 'replaced@example.org')"
    )
    await records.rows(
        "INSERT INTO email_accounts SELECT gen_random_uuid(), identity_id, email, 'zzz' FROM email_requests "
        "WHERE email = 'replaced@example.org'"
    )
    everything = "SELECT r.*, a.* FROM email_requests r FULL JOIN email_accounts a ON true ORDER BY r.identity_id"
    before = await records.rows(everything)
    tally = await _rebuild(parts)
    assert (tally.restored, tally.known, tally.under_way) == (0, 0, 1)
    assert {each.email.partition("@")[0]: each.why for each in tally.differences} == {
        "dead": "its request is a dead letter: postroom retry adopts the mailbox",
        "held": "the request of another identity holds this address",
        "renamed": "another address or another Stalwart account is on record for its identity",
        "replaced": "another address or another Stalwart account is on record for its identity",
        "two-marks": "it carries 2 marks, not one",
    }
    assert await records.rows(everything) == before


async def test_mailbox_without_a_record_is_shown_and_rebuilt_or_remade(
    database: Database, redis_url: str, stalwart: StalwartStandIn, directory: Directory, records: Records
) -> None:
    """A database that was restored table by table: the requests say that the mailboxes are made, nothing says where."""
    postroom = Commands(environment(database, redis_url, stalwart))
    people = _ours(2)
    await directory.add(_marked(people))
    await postroom("rebuild", "--from-stalwart")
    await records.rows("DELETE FROM email_accounts")
    shown = (await postroom.json("status"))["unrecorded"]
    assert {each["identity_id"] for each in shown} == {str(each) for each in people.values()}
    assert {each["fix"] for each in shown} == {REBUILD}
    await records.rows("UPDATE email_requests SET retries = 3, postponed = 4")
    assert (await postroom.json("remake", str(people["p0"])))["remade"]
    (waiting,) = await records.rows(
        "SELECT email, outcome_unknown, retries, postponed FROM email_requests WHERE state = 'waiting'"
    )
    assert waiting == {"email": "p0@example.org", "outcome_unknown": True, "retries": 0, "postponed": 0}
    assert (await postroom.json("rebuild", "--from-stalwart"))["restored"] == 1
    assert (await postroom.json("status"))["unrecorded"] == []


async def test_rebuild_rejects_another_mark_domain_than_the_pinned_one(
    database: Database, redis_url: str, stalwart: StalwartStandIn, records: Records
) -> None:
    await records.rows("INSERT INTO installation VALUES ('mark_domain', 'example.org')")
    given = environment(database, redis_url, stalwart, mark_domain="example.net")
    async with connected(load(given)) as parts:
        with pytest.raises(ConfigurationError, match=r"set POSTROOM_MARK_DOMAIN=example\.org"):
            await _rebuild(parts)


async def test_rebuild_waits_for_a_throttled_page_and_leaves_new_requests_to_a_worker() -> None:
    found = [
        FoundAccount(StalwartAccount(name, f"{name}@example.org"), [UUID(int=number)], False, None)
        for number, name in enumerate("bc", 1)
    ]
    accounts, database, pause = AsyncMock(), AsyncMock(), AsyncMock()
    pages = [AccountPage(found, "c"), AccountPage([], None)]
    accounts.page.side_effect = [Throttled("429", retry_after=7), Throttled("429"), *pages]
    accounts.count.return_value, accounts.look_up.return_value = 1, {}
    database.on_record.return_value = {}
    database.compare.side_effect = lambda asked: dict.fromkeys(asked, Standing.MISSING)
    database.restore.return_value = {UUID(int=1)}
    tally = Tally()
    await Rebuild(accounts, database, actor="o", dry_run=False, report=lambda _: None, pause=pause).run(tally)
    assert [call.args for call in pause.await_args_list] == [(7,), (5,)]
    assert (tally.restored, tally.under_way) == (1, 1)


async def test_rebuild_command_counts_then_restores_and_reports_what_needs_attention(
    database: Database, redis_url: str, stalwart: StalwartStandIn, directory: Directory, records: Records
) -> None:
    postroom = Commands(environment(database, redis_url, stalwart))
    people = _ours(4)
    await directory.add(_marked(people))
    assert (
        "5 accounts: 4 would be restored, 0 known, 0 left to a worker, 1 without a mark, 0 different, "
        "0 marked in another domain, 0 missing" in await postroom("rebuild", "--from-stalwart", "--dry-run")
    )
    assert (await postroom.json("rebuild", "--from-stalwart"))["restored"] == 4
    assert await records.value("SELECT DISTINCT actor FROM email_provisioning_log") == getpass.getuser()
    await directory.add({"lost": {"example.net": uuid4()}})
    reported = await postroom("rebuild", "--from-stalwart", code=1)
    assert "0 different, 1 marked in another domain, 0 missing" in reported
    assert "Marked in another domain, and not restored: 1;" in reported


async def test_rebuild_command_reports_what_is_missing_in_one_line(
    database: Database, redis_url: str, stalwart: StalwartStandIn
) -> None:
    postroom = Commands(environment(database, redis_url, stalwart))
    reported = await postroom("rebuild", code=2)
    assert reported == "postroom: say what to rebuild from: postroom rebuild --from-stalwart\n"
    await stalwart.kill()
    reported = await postroom("rebuild", "--from-stalwart", code=2)
    assert reported.startswith("postroom: after 0 accounts: mail server cannot be reached")
    assert reported.count("\n") == 1

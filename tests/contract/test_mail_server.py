"""The port `MailServer` on the stand-in, and on a real Stalwart if STALWART_URL and STALWART_API_KEY name one.

A real server keeps what the tests make: names and identities are new in each run.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncGenerator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from eventually import eventually
from postroom.composition.parts import authorization
from postroom.domain.mailbox import Mailbox, ProbeMailbox
from postroom.domain.missing import Sighting
from postroom.errors import Conflict, Misconfigured, Permanent, Transient
from postroom.stalwart.accounts import StalwartAccounts
from postroom.stalwart.error_mapping import Busy
from postroom.stalwart.registry import StalwartRegistry
from postroom.stalwart.registry_client import StalwartClient
from postroom.stalwart.response_models import AccountList
from scripted_upstream import json_answer, problem_answer, scripted_upstream
from stalwart_stand_in import StalwartStandIn, stalwart_stand_in

LONG = 10.0
ERROR = "urn:ietf:params:jmap:error:"


class Server:
    """The adapter under test, and its client."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self.key = key
        self.client = StalwartClient(url, authorization(key))
        self.mail_server = StalwartRegistry(self.client, mark_domain="example.org", quota=10_000_000)

    async def own_description(self) -> str:
        session = await self.client.get("/jmap/session", deadline=LONG)
        own = session["primaryAccounts"]["urn:stalwart:jmap"]
        get = ("x:Account/get", {"ids": [own], "properties": ["id", "emailAddress", "description"]})
        found = (await self.client.call([get], deadline=LONG)).read(0, AccountList).accounts
        if not found:
            pytest.skip("STALWART_API_KEY is the recovery administrator's login, who has no account")
        return found[0].description or ""


@pytest.fixture(params=["stand-in", "real"], scope="module")
async def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Server]:
    folder: Path = tmp_path_factory.mktemp("stalwart")
    if request.param == "real":
        url, key = os.environ.get("STALWART_URL"), os.environ.get("STALWART_API_KEY")
        if not url or not key:
            pytest.skip("no real Stalwart: set STALWART_URL and STALWART_API_KEY (domain example.org, example.net)")
        real = Server(url, key)
        yield real
        await real.client.aclose()
        return
    async with stalwart_stand_in(folder, domains=["example.org", "example.net"]) as stand_in:
        assert stand_in.api_key
        stood_in = Server(stand_in.url, stand_in.api_key)
        yield stood_in
        await stood_in.client.aclose()


@pytest.fixture
async def stand_in(tmp_path: Path) -> AsyncGenerator[StalwartStandIn]:
    async with stalwart_stand_in(tmp_path) as stand_in:
        yield stand_in


def a_mailbox(identity_id: UUID | None = None, *, domain: str = "example.org") -> Mailbox:
    return Mailbox(identity_id or uuid4(), f"p{uuid4().hex[:12]}@{domain}", "A Person")


async def test_creating_a_mailbox_again_returns_the_existing_one(server: Server) -> None:
    mailbox = a_mailbox()
    first = await server.mail_server.create(mailbox, deadline=LONG)
    again = await server.mail_server.create(mailbox, deadline=LONG)
    assert first == again
    assert first.email == mailbox.email


async def test_identity_never_gets_a_second_mailbox(server: Server) -> None:
    identity_id = uuid4()
    first = await server.mail_server.create(a_mailbox(identity_id), deadline=LONG)
    other = await server.mail_server.create(a_mailbox(identity_id), deadline=LONG)
    elsewhere = await server.mail_server.create(a_mailbox(identity_id, domain="example.net"), deadline=LONG)
    assert first == other == elsewhere


async def test_eight_concurrent_creates_make_one_mailbox(server: Server) -> None:
    identity_id = uuid4()
    attempts = [server.mail_server.create(a_mailbox(identity_id), deadline=LONG) for _ in range(8)]
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    made = {outcome.id for outcome in outcomes if not isinstance(outcome, BaseException)}
    assert len(made) == 1, outcomes


async def test_a_foreign_mailbox_is_never_adopted(server: Server) -> None:
    theirs = a_mailbox()
    await server.mail_server.create(theirs, deadline=LONG)
    with pytest.raises(Conflict, match="does not carry this identity's mark"):
        await server.mail_server.create(Mailbox(uuid4(), theirs.email), deadline=LONG)


async def test_with_the_address_at_a_stranger_and_the_mark_elsewhere_the_marked_account_is_returned(
    server: Server,
) -> None:
    theirs, ours = a_mailbox(), a_mailbox()
    await server.mail_server.create(theirs, deadline=LONG)
    made = await server.mail_server.create(ours, deadline=LONG)
    # Stalwart names one of the two accounts at random: several rounds.
    for _ in range(8):
        again = await server.mail_server.create(Mailbox(ours.identity_id, theirs.email), deadline=LONG)
        assert again == made


async def test_a_mailbox_is_found_by_its_mark_only(server: Server) -> None:
    mailbox = a_mailbox()
    assert await server.mail_server.find(mailbox, deadline=LONG) is None
    made = await server.mail_server.create(mailbox, deadline=LONG)
    assert await server.mail_server.find(a_mailbox(mailbox.identity_id), deadline=LONG) == made


async def test_create_probe_makes_one_mailbox_that_is_nobodys(server: Server) -> None:
    found = await asyncio.gather(*(server.mail_server.create_probe() for _ in range(3)))
    assert [*found, await server.mail_server.create_probe()] == [None] * 4
    ours = ProbeMailbox("example.org")
    accounts, listed = StalwartAccounts(server.client, server.mail_server, mark_domain="example.org"), set[str]()
    page = await accounts.page(None, deadline=LONG)
    while page.last is not None:
        listed |= {each.account.email for each in page.accounts}
        page = await accounts.page(page.last, deadline=LONG)
    assert ours.email not in listed
    found_by_its_mark = await server.mail_server.find(ours, deadline=LONG)
    assert found_by_its_mark
    assert found_by_its_mark.email == ours.email


async def test_missing_domain_counts_as_misconfigured_and_is_named(server: Server) -> None:
    with pytest.raises(Misconfigured, match=r"does not have the domain missing\.test") as caught:
        await server.mail_server.create(a_mailbox(domain="missing.test"), deadline=LONG)
    assert caught.value.domain == "missing.test"


async def test_the_health_check_writes_to_the_account_of_our_key(server: Server) -> None:
    before = await server.own_description()
    assert await server.mail_server.check_health(deadline=LONG) is None
    after = await server.own_description()
    assert after != before
    assert after.startswith("Provisions mailboxes for Postroom")


async def test_three_concurrent_health_checks_all_pass(server: Server) -> None:
    """They collide: Stalwart refuses to write an object that has changed since it was read."""
    three = [Server(server.url, server.key) for _ in range(3)]
    for _ in range(20):
        assert await asyncio.gather(*(each.mail_server.health_check() for each in three)) == [None] * 3
    for each in three:
        await each.client.aclose()


async def test_with_a_full_store_the_health_check_fails(stand_in: StalwartStandIn) -> None:
    server = Server(stand_in.url, stand_in.api_key or "")
    assert await server.mail_server.health_check() is None
    await stand_in.set_fault(kind="full")
    assert isinstance(await server.mail_server.health_check(), Transient)
    with pytest.raises(Transient) as raised:
        await server.mail_server.create(a_mailbox(), deadline=LONG)
    assert raised.value.outcome_unknown
    await stand_in.clear_faults()
    assert await server.mail_server.health_check() is None
    await server.client.aclose()


async def test_health_check_as_recovery_administrator_has_no_account_to_write_to(stand_in: StalwartStandIn) -> None:
    server = Server(stand_in.url, ":".join(stand_in.admin))
    assert await server.mail_server.health_check() is None
    not_written = await server.mail_server.check_health(deadline=LONG)
    assert not_written
    assert not not_written.has_account
    await server.client.aclose()


async def test_rebuilt_server_with_other_domain_ids_gets_no_mailbox_in_the_wrong_domain(tmp_path: Path) -> None:
    """Stalwart takes ids from a counter: there, the ids of example.org are those of example.net here."""
    async with stalwart_stand_in(tmp_path / "old", domains=["example.org", "example.net"]) as old:
        server = Server(old.url, old.api_key or "")
        await server.mail_server.create(a_mailbox(), deadline=LONG)
        port = old.url.rpartition(":")[2]
    async with stalwart_stand_in(tmp_path / "new", domains=["example.net", "example.org"], port=int(port)) as new:
        bob = a_mailbox()
        with pytest.raises(Permanent, match=f"@example.net .* where {bob.email} was asked for") as raised:
            await server.mail_server.create(bob, deadline=LONG)
        (wrong,) = await new.accounts()
        assert wrong["addresses"] == [bob.email.replace(".org", ".net")], "the account stays unchanged"
        assert wrong["addresses"][0] in str(raised.value)
        other = a_mailbox()
        assert (await server.mail_server.create(other, deadline=LONG)).email == other.email
    await server.client.aclose()


async def test_what_became_of_our_accounts_is_found_in_one_request(server: Server) -> None:
    ours, theirs, gone, never = a_mailbox(), a_mailbox(), uuid4(), uuid4()
    made = await server.mail_server.create(ours, deadline=LONG)
    other = await server.mail_server.create(theirs, deadline=LONG)
    accounts = StalwartAccounts(server.client, server.mail_server, mark_domain="example.org")
    before = server.client.requests
    found = await accounts.look_up({ours.identity_id: made.id, gone: "zzzzz", never: other.id}, deadline=LONG)
    assert {each: seen.sighting for each, seen in found.items()} == {
        ours.identity_id: Sighting.PRESENT,
        gone: Sighting.MISSING,
        never: Sighting.UNMARKED,
    }
    assert server.client.requests == before + 1
    assert await accounts.look_up({}, deadline=LONG) == {}


async def test_one_lookup_can_cover_500_accounts(server: Server) -> None:
    mailbox = a_mailbox()
    made = await server.mail_server.create(mailbox, deadline=LONG)
    accounts = StalwartAccounts(server.client, server.mail_server, mark_domain="example.org")
    asked = {
        uuid4(): f"zzz{'abcdefghij'[n // 100]}{'abcdefghij'[n // 10 % 10]}{'abcdefghij'[n % 10]}" for n in range(499)
    }
    found = await accounts.look_up({**asked, mailbox.identity_id: made.id}, deadline=LONG)
    assert Counter(each.sighting for each in found.values()) == {Sighting.MISSING: 499, Sighting.PRESENT: 1}


async def test_creates_beyond_the_concurrency_limit_wait_and_succeed(server: Server) -> None:
    attempts = [server.mail_server.create(a_mailbox(), deadline=LONG) for _ in range(40)]
    made = await asyncio.gather(*attempts)
    assert len({account.id for account in made}) == 40


async def test_connection_is_not_reused_after_a_400() -> None:
    """Stalwart 0.16.19 closes it without `Connection: close` if it has not read the body."""
    async with scripted_upstream() as server:
        session = {"accounts": {"b": {}}}
        server.will(problem_answer(400, f"{ERROR}limit", limit="maxConcurrentRequests"), json_answer(session))
        client = StalwartClient(server.url, "Bearer API_x")
        with pytest.raises(Busy):
            await client.get("/jmap/session", deadline=LONG)
        await eventually(lambda: server.open == 0, "the client has closed the connection")
        assert await client.get("/jmap/session", deadline=LONG) == session
        await client.aclose()

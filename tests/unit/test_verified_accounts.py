"""No mailbox is served before a lookup has found it at the mail server, with the identity's mark."""

import asyncio
from uuid import UUID, uuid4

import pytest

from eventually import eventually
from fakes import FakeBreakers, FakeClock
from lookup_fakes import AtServer, FakeLookupRecords
from mail_fakes import FakeAccounts, an_account
from postroom.domain.missing import Doubt, Sighting
from postroom.errors import MailboxMissing, Misconfigured, Transient
from postroom.mail.ports import MailAccount
from postroom.mail.verified_accounts import CACHE_SECONDS, JUST_NOW, OUTAGE_PAUSE, VerifiedAccounts
from postroom.provisioning.mailbox_lookup import MailboxLookup


class World:
    def __init__(self, *more: MailAccount) -> None:
        self.alice = an_account()
        self.at_server, self.records, self.clock = AtServer(), FakeLookupRecords(), FakeClock()
        lookup = MailboxLookup(self.at_server, self.records, FakeBreakers())
        known = FakeAccounts(self.alice, *more)
        self.accounts = VerifiedAccounts(known, lookup, monotonic=self.clock.monotonic)

    async def of_alice(self) -> MailAccount | None:
        return await self.accounts.of(self.alice.identity_id)


@pytest.fixture
def world() -> World:
    return World()


async def test_identity_without_a_mailbox_is_not_looked_up(world: World) -> None:
    assert await world.accounts.of(UUID(int=1)) is None
    assert world.at_server.asked == []


async def test_successful_mailbox_lookup_is_trusted_for_ten_minutes(world: World) -> None:
    for _ in range(3):
        assert await world.of_alice() == world.alice
        world.clock.seconds += CACHE_SECONDS / 3 - 1
    assert len(world.at_server.asked) == 1
    world.clock.seconds += 3
    assert await world.of_alice() == world.alice
    assert len(world.at_server.asked) == 2


@pytest.mark.parametrize("sighting", [Sighting.MISSING, Sighting.UNMARKED])
async def test_missing_or_unmarked_mailbox_is_not_served_and_is_suspected(world: World, sighting: Sighting) -> None:
    world.at_server.sightings["bv"] = sighting
    with pytest.raises(MailboxMissing):
        await world.of_alice()
    assert [each.doubt for each in world.records.changes] == [Doubt.SUSPECTED]


async def test_mailbox_that_vanished_is_noticed_at_the_next_lookup(world: World) -> None:
    assert await world.of_alice()
    world.at_server.sightings["bv"] = Sighting.MISSING
    world.clock.seconds += CACHE_SECONDS
    with pytest.raises(MailboxMissing):
        await world.of_alice()


async def test_a_mail_server_that_does_not_answer_locks_no_person_out_and_is_not_asked_again_at_once(
    world: World,
) -> None:
    world.at_server.ill = Transient("away")
    for _ in range(5):
        assert await world.of_alice() == world.alice
    assert len(world.at_server.asked) == 1
    world.clock.seconds += OUTAGE_PAUSE
    assert await world.of_alice() == world.alice
    assert len(world.at_server.asked) == 2


async def test_access_by_account_id_is_rejected_if_the_account_cannot_be_verified(world: World) -> None:
    """The id may belong to another person by now."""
    world.at_server.ill = Misconfigured("mail server forbids it")
    with pytest.raises(Misconfigured):
        await world.accounts.require(world.alice)


async def test_access_by_account_id_verifies_the_account_again_unless_just_verified(world: World) -> None:
    await world.of_alice()
    await world.accounts.require(world.alice)
    assert len(world.at_server.asked) == 1
    world.clock.seconds += JUST_NOW
    world.at_server.sightings["bv"] = Sighting.UNMARKED
    with pytest.raises(MailboxMissing):
        await world.accounts.require(world.alice)


async def test_concurrent_account_checks_share_a_few_lookups() -> None:
    """Stalwart allows our key four requests at a time, and provisioning needs them."""
    people = [MailAccount(uuid4(), f"user-{number}@example.org", f"id{number}") for number in range(1200)]
    world = World(*people)
    world.at_server.gate.clear()
    coming = [asyncio.create_task(world.accounts.of(each.identity_id)) for each in people]
    await eventually(lambda: len(world.at_server.asked) == 1, "the lookup for the first request")
    await asyncio.sleep(0)
    world.at_server.gate.set()
    assert await asyncio.gather(*coming) == people
    assert len(world.at_server.asked) <= 4
    assert set().union(*world.at_server.asked) == {each.account_id for each in people}
    asked = len(world.at_server.asked)
    world.clock.seconds += OUTAGE_PAUSE
    assert [await world.accounts.of(each.identity_id) for each in people] == people
    assert len(world.at_server.asked) == asked, "each account was looked up"


async def test_cancelled_waiter_leaves_the_shared_lookup_to_others(world: World) -> None:
    world.at_server.gate.clear()
    first, second = (asyncio.create_task(world.of_alice()) for _ in range(2))
    await eventually(lambda: world.at_server.asked != [], "the lookup")
    first.cancel()
    world.at_server.gate.set()
    assert await second == world.alice

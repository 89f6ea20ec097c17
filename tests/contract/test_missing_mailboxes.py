"""An operator destroys a mailbox: on the stand-in, and on a real Stalwart if there is one."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import uuid4

import pytest

from fakes import FakeBreakers
from lookup_fakes import FakeLookupRecords
from mail_fakes import FakeAccounts
from postroom.domain.mailbox import Mailbox, StalwartAccount, mark_of
from postroom.domain.missing import Doubt, Recorded, Sighting
from postroom.errors import Conflict, MailboxMissing
from postroom.mailboxes.ports import MailAccount
from postroom.mailboxes.verified_accounts import VerifiedAccounts
from postroom.provisioning.mailbox_lookup import MailboxLookup
from postroom.stalwart.accounts import StalwartAccounts
from postroom.stalwart.app_passwords import StalwartAppPasswords, by_key
from postroom.stalwart.impersonation import basic
from postroom.stalwart.registry import StalwartRegistry
from postroom.stalwart.registry_client import StalwartClient as Client
from stalwart_client import StalwartClient, unique

LONG = 10.0


@dataclass
class Trial:
    """`made` is the mailbox of `alice`."""

    admin: StalwartClient
    client: Client
    registry: StalwartRegistry
    alice: Mailbox
    made: StalwartAccount
    notes: FakeLookupRecords

    @property
    def lookup(self) -> MailboxLookup:
        accounts = StalwartAccounts(self.client, self.registry, mark_domain="example.org")
        return MailboxLookup(accounts, self.notes, FakeBreakers())

    async def look_up(self) -> Sighting:
        recorded = Recorded(self.alice.identity_id, self.made.id)
        return (await self.lookup.look_up([recorded], deadline=LONG))[self.alice.identity_id].sighting

    async def destroy(self) -> None:
        assert (await self.admin.call("x:Account/set", destroy=[self.made.id]))["destroyed"]


@pytest.fixture
async def trial(admin: StalwartClient) -> AsyncIterator[Trial]:
    client = Client(admin.url, basic(*admin.login))
    registry = StalwartRegistry(client, mark_domain="example.org")
    alice = Mailbox(uuid4(), f"{unique()}@example.org")
    yield Trial(admin, client, registry, alice, await registry.create(alice, deadline=LONG), FakeLookupRecords())
    await client.aclose()


async def test_destroyed_mailbox_is_found_missing_and_remade_with_another_id(trial: Trial) -> None:
    assert await trial.look_up() is Sighting.PRESENT
    await trial.destroy()
    assert await trial.look_up() is Sighting.MISSING
    assert [each.doubt for each in trial.notes.changes] == [Doubt.SUSPECTED]
    assert await trial.registry.find(trial.alice, deadline=LONG) is None
    remade = await trial.registry.create(trial.alice, deadline=LONG)
    assert remade.id != trial.made.id
    assert remade.email == trial.alice.email


async def test_operator_mailbox_that_took_the_address_is_not_ours(trial: Trial) -> None:
    await trial.destroy()
    theirs = await trial.admin.create(trial.alice.local_part)
    assert theirs != trial.made.id
    assert await trial.look_up() is Sighting.MISSING
    with pytest.raises(Conflict):
        await trial.registry.create(trial.alice, deadline=LONG)


async def test_mailbox_is_unmarked_from_removal_to_restoration_of_its_mark(trial: Trial) -> None:
    assert await trial.admin.update(trial.made.id, aliases={}) == {}
    assert await trial.look_up() is Sighting.UNMARKED
    mark = {"name": mark_of(trial.alice.identity_id), "domainId": trial.admin.domain, "enabled": False}
    assert await trial.admin.update(trial.made.id, aliases={"0": mark}) == {}
    assert await trial.look_up() is Sighting.PRESENT


async def test_our_key_creates_no_app_password_for_the_account_of_another_person(trial: Trial) -> None:
    """Stalwart takes ids from a counter: after a restore, the recorded one may belong to anybody. The server would
    create the app password."""
    theirs = await trial.admin.create(unique("stranger"))
    account = MailAccount(trial.alice.identity_id, trial.alice.email, theirs)

    async def anybody(account: MailAccount) -> None:
        del account

    verified = VerifiedAccounts(FakeAccounts(account), trial.lookup)
    guarded = StalwartAppPasswords(trial.registry, by_key(trial.client, verified.require))
    with pytest.raises(MailboxMissing):
        await guarded.make(account, "phone")
    with pytest.raises(MailboxMissing):
        await verified.of(account.identity_id)
    careless = StalwartAppPasswords(trial.registry, by_key(trial.client, anybody))
    assert await careless.of(account) == []
    assert (await careless.make(account, "phone")).secret, "the server does not refuse a request by id"

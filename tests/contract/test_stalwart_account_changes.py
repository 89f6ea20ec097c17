"""The port `ChangingAccounts`, and an attempt with it, on the stand-in or on a real server (conftest.py)."""

import asyncio
from collections.abc import AsyncIterator, Collection
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from changing_account import INHERIT, OFF, alias, opened
from mail_person import PASSWORD
from postroom.domain.account_change import (
    Addresses,
    Alias,
    Because,
    Login,
    Observed,
    Permissions,
    Role,
    Step,
    Wanted,
    put_back,
)
from postroom.domain.change_outcome import Nearer
from postroom.domain.mailbox import Mailbox, mark_of
from postroom.errors import Conflict, MailServerError, Misconfigured, Transient
from postroom.provisioning.change_attempt import bring_nearer
from postroom.stalwart.account_changes import StalwartAccountChanges
from postroom.stalwart.impersonation import basic
from postroom.stalwart.registry import StalwartRegistry
from postroom.stalwart.registry_client import StalwartClient as Client
from postroom_sandbox.stalwart.permissions import SERVICE, USER
from stalwart_client import StalwartClient, unique

LONG = 10.0
INACTIVE = frozenset([Because.INACTIVE])


class Changing:
    """The adapter under test, with the rights of the service, and mailboxes that the service made."""

    def __init__(self, admin: StalwartClient, client: Client) -> None:
        self.admin = admin
        self.registry = StalwartRegistry(client, mark_domain="example.org")
        self.accounts = StalwartAccountChanges(client, self.registry, mark_domain="example.org")

    async def mailbox(self, domain: str = "example.org") -> Mailbox:
        mailbox = Mailbox(uuid4(), f"{unique()}@{domain}", "Ann")
        await self.registry.create(mailbox, deadline=LONG)
        return mailbox

    async def seen(self, identity_id: UUID) -> Observed:
        found = await self.accounts.observe(identity_id, deadline=LONG)
        assert found
        return found

    async def attempt(self, mailbox: Mailbox, wanted: Wanted, **own: Role) -> Nearer:
        roles = {name.replace("__", "@"): role for name, role in own.items()}
        addresses = Addresses({mailbox.email: Role.HELD} | roles, {})

        async def look_up(_: Collection[str]) -> Addresses:
            return addresses

        return await bring_nearer(self.accounts, mailbox.identity_id, wanted, look_up, lambda: LONG)

    async def change(self, mailbox: Mailbox, observed: Observed, step: Step) -> MailServerError | None:
        return (await self.accounts.change(mailbox.identity_id, observed, step, deadline=LONG)).error


@pytest.fixture(scope="module")
async def changing(admin: StalwartClient) -> AsyncIterator[Changing]:
    client = Client(admin.url, f"Bearer {await admin.key_with(SERVICE | USER)}")
    yield Changing(admin, client)
    await client.aclose()


def new(domain: str = "example.org") -> str:
    return f"{unique('new')}@{domain}"


async def test_a_mailbox_is_found_by_its_mark_only(changing: Changing, admin: StalwartClient) -> None:
    mailbox, stranger = await changing.mailbox(), uuid4()
    assert await changing.seen(mailbox.identity_id) == Observed(
        (await changing.seen(mailbox.identity_id)).account_id, mailbox.email, "Ann"
    )
    elsewhere = alias(admin, f"{mark_of(stranger)}@example.org", enabled=False) | {"domainId": admin.other_domain}
    await admin.create(unique(), aliases={"0": elsewhere}, description=stranger.hex)
    assert await changing.accounts.observe(stranger, deadline=LONG) is None


async def test_a_rename_keeps_the_old_address_the_mark_and_the_aliases_of_any_domain(
    changing: Changing, admin: StalwartClient
) -> None:
    mailbox, address, elsewhere = await changing.mailbox(), new("example.net"), new("example.net")
    number = (await changing.seen(mailbox.identity_id)).account_id
    marked = (await admin.get(number))["aliases"]["0"]
    other = alias(admin, elsewhere, enabled=False, description="of somebody") | {"domainId": admin.other_domain}
    assert await admin.update(number, aliases={"0": marked, "1": other}) == {}
    done = await changing.attempt(mailbox, Wanted(address, "Ann N."), **{address: Role.WANTED})
    assert (done.error, done.next) == (None, None)
    aliases = (Alias(elsewhere, enabled=False, description="of somebody"), Alias(mailbox.email))
    assert await changing.seen(mailbox.identity_id) == Observed(number, address, "Ann N.", aliases)
    assert (await admin.get(number))["aliases"]["0"] == marked
    assert [(row.action, row.before, row.after) for row in done.audit] == [
        ("rename", mailbox.email, address),
        ("describe", "Ann", "Ann N."),
    ]
    again = await changing.registry.find(mailbox, deadline=LONG)
    assert again
    assert (again.id, again.email) == (number, address)


async def test_a_suspension_closes_the_mailbox_says_why_and_ends_as_it_began(
    changing: Changing, admin: StalwartClient, master: str
) -> None:
    mailbox = await changing.mailbox()
    header = basic(f"{mailbox.email}%{master}", PASSWORD)
    number = await opened(admin, header)
    assert isinstance(number, str)
    done = await changing.attempt(mailbox, Wanted(because=INACTIVE))
    assert (done.error, done.next, done.reads[-1].because) == (None, None, INACTIVE)
    assert await opened(admin, header) == 403
    assert (await admin.get(number))["permissions"] == OFF
    assert "; login off: inactive" in (await admin.get(number))["aliases"]["0"]["description"]
    done = await changing.attempt(mailbox, Wanted(because=frozenset()))
    assert (done.error, done.next, done.reads[-1].because) == (None, None, frozenset())
    assert await opened(admin, header) == number
    assert (await admin.get(number))["permissions"] == INHERIT
    assert (await admin.get(number))["aliases"]["0"]["description"] == mailbox.mark_description


async def test_what_somebody_wrote_into_the_permissions_outlives_a_suspension(
    changing: Changing, admin: StalwartClient
) -> None:
    mailbox = await changing.mailbox()
    number = (await changing.seen(mailbox.identity_id)).account_id
    theirs = OFF | {"disabledPermissions": {"emailSend": True}}
    assert await admin.update(number, permissions=theirs) == {}
    done = await changing.attempt(mailbox, Wanted(because=INACTIVE))
    both = {"emailSend": True, "authenticate": True}
    assert (await admin.get(number))["permissions"] == theirs | {"disabledPermissions": both}
    assert done.reads[-1].login == Login(Permissions.MERGE, off=True)
    await changing.attempt(mailbox, Wanted(because=frozenset()))
    assert (await admin.get(number))["permissions"] == theirs


@pytest.mark.parametrize("on", [{}, {"authenticate": True}])
async def test_permissions_that_are_a_list_are_read_as_such(
    changing: Changing, admin: StalwartClient, on: dict[str, bool]
) -> None:
    mailbox = await changing.mailbox()
    number = (await changing.seen(mailbox.identity_id)).account_id
    listed = {"@type": "Replace", "enabledPermissions": on, "disabledPermissions": {}}
    assert await admin.update(number, permissions=listed) == {}
    assert (await changing.seen(mailbox.identity_id)).login == Login(Permissions.REPLACE, off=not on)


async def test_a_released_address_is_removed_and_a_disputed_one_disabled(
    changing: Changing, admin: StalwartClient
) -> None:
    mailbox, released = await changing.mailbox(), new()
    number = (await changing.seen(mailbox.identity_id)).account_id
    await changing.change(
        mailbox, await changing.seen(mailbox.identity_id), Step(aliases=(Alias(released), Alias(f"x-{released}")))
    )
    done = await changing.attempt(mailbox, Wanted(), **{released: Role.LEAVING})
    assert done.reads[-1].aliases == (Alias(f"x-{released}"),)
    assert await admin.create(released.partition("@")[0])
    off = Step(aliases=(Alias(f"x-{released}", enabled=False),), takes=True)
    assert await changing.change(mailbox, done.reads[-1], off) is None
    assert (await admin.try_create(name=f"x-{released}".partition("@")[0], domainId=admin.domain, **{"@type": "User"}))[
        "notCreated"
    ]["objectId"]["id"] == number


async def test_an_address_that_is_taken_is_a_conflict_that_names_the_holder_and_changes_nothing(
    changing: Changing, admin: StalwartClient
) -> None:
    """Two who want to swap are told of each other. A holder without a mark is named by its account."""
    ann, ben = await changing.mailbox(), await changing.mailbox()
    for one, other in ((ann, ben), (ben, ann)):
        done = await changing.attempt(one, Wanted(other.email, "New Name"), **{other.email: Role.WANTED})
        assert isinstance(done.error, Conflict)
        assert str(other.identity_id) in str(done.error)
        assert (done.reads[-1].email, done.reads[-1].name) == (one.email, "New Name")
    name = unique()
    number = await admin.create(name)
    address = f"{name}@example.org"
    done = await changing.attempt(ann, Wanted(address), **{address: Role.WANTED})
    assert f"the account {number} " in str(done.error)


async def test_a_domain_that_is_not_there_holds_back_nothing_else(changing: Changing) -> None:
    mailbox, address = await changing.mailbox(), f"{unique()}@nowhere.test"
    done = await changing.attempt(mailbox, Wanted(address, "New Name"), **{address: Role.WANTED})
    assert isinstance(done.error, Misconfigured)
    assert done.error.domain == "nowhere.test"
    assert (done.reads[-1].email, done.reads[-1].name) == (mailbox.email, "New Name")


async def test_an_alias_that_came_between_is_seen_dropped_and_put_back(
    changing: Changing, admin: StalwartClient
) -> None:
    mailbox, address = await changing.mailbox(), new()
    observed = await changing.seen(mailbox.identity_id)
    marked = (await admin.get(observed.account_id))["aliases"]["0"]
    hand = new()
    assert await admin.update(observed.account_id, aliases={"0": marked, "1": alias(admin, hand)}) == {}
    step = Step(address, aliases=(Alias(mailbox.email),))
    read = await changing.accounts.change(mailbox.identity_id, observed, step, deadline=LONG)
    assert read.first == replace(observed, aliases=(Alias(hand),))
    assert read.last == Observed(observed.account_id, address, "Ann", (Alias(mailbox.email),))
    repair = put_back(read.first, read.last, Addresses({}, {}))
    assert repair
    assert await changing.change(mailbox, read.last, repair) is None
    assert (await changing.seen(mailbox.identity_id)).aliases == (Alias(mailbox.email), Alias(hand))


async def test_each_step_twice_ends_as_once(changing: Changing) -> None:
    mailbox, address = await changing.mailbox(), new()
    observed = await changing.seen(mailbox.identity_id)
    for step in (
        Step(aliases=(), note=INACTIVE, login=False, takes=True),
        Step(address, "Ann N.", (Alias(mailbox.email),), INACTIVE),
        Step(aliases=(Alias(mailbox.email),), login=True),
    ):
        assert await changing.change(mailbox, observed, step) is None
        once = await changing.seen(mailbox.identity_id)
        assert await changing.change(mailbox, observed, step) is None
        observed = await changing.seen(mailbox.identity_id)
        assert observed == once


async def test_an_account_that_lost_its_mark_is_not_taken_for_the_mailbox(
    changing: Changing, admin: StalwartClient
) -> None:
    mailbox = await changing.mailbox()
    observed = await changing.seen(mailbox.identity_id)
    assert await admin.update(observed.account_id, aliases={}) == {}
    with pytest.raises(Transient):
        await changing.change(mailbox, observed, Step(name="Ann N."))


async def test_change_probe_changes_the_mailbox_of_the_create_probe_and_shows_whether_anybodys_can_be_changed(
    changing: Changing, admin: StalwartClient
) -> None:
    assert [await changing.accounts.probe() for _ in range(3)] == [None] * 3, "both ways"
    assert await asyncio.gather(*(changing.accounts.probe() for _ in range(3))) == [None] * 3
    client = Client(admin.url, f"Bearer {await admin.key_with((SERVICE | USER) - {'sysAccountUpdate'})}")
    powerless = StalwartAccountChanges(
        client, StalwartRegistry(client, mark_domain="example.org"), mark_domain="example.org"
    )
    assert isinstance(await powerless.probe(), Misconfigured)
    await client.aclose()

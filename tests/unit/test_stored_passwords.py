"""The app password that Postroom stores for a person: when it is created and when it is replaced."""

import asyncio
import base64
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from mail_fakes import LIMIT, FakeAppPasswords, FakeCredentials, an_account
from postroom.devices.app_passwords import WEBMAIL, TooManyAppPasswords
from postroom.errors import Misconfigured, Permanent
from postroom.mailboxes.ports import MailAccount
from postroom.stalwart.impersonation import basic, login_of
from postroom.stalwart.password_cipher import PasswordCipher
from postroom.stalwart.stored_passwords import CACHE_SIZE, REMAKE_AFTER, StoredPasswords

KEY = base64.b64encode(b"k" * 32).decode()
OTHER_KEY = base64.b64encode(b"o" * 32).decode()


class World:
    """One mail server, one database, and any number of processes."""

    def __init__(self) -> None:
        self.server = FakeAppPasswords()
        self.database = FakeCredentials()
        self.account = an_account()

    def process(self, key: str = KEY) -> StoredPasswords:
        return StoredPasswords(self.server, self.database, PasswordCipher(key), now=lambda: self.server.now)

    async def used(self, *, age: float = REMAKE_AFTER) -> tuple[StoredPasswords, str]:
        """A process that has made an app password so many seconds ago, and its header."""
        process = self.process()
        header = await process.header(self.account)
        self.database.age = age
        return process, header

    @property
    def working(self) -> str:
        """The header that the mail server accepts."""
        (secret,) = self.server.secrets.values()
        return basic(login_of(self.account), secret)


@pytest.fixture
def world() -> World:
    return World()


async def test_app_password_is_made_when_first_needed_and_then_kept(world: World) -> None:
    process = world.process()
    header = await process.header(world.account)
    reads = world.database.reads
    assert await process.header(world.account) == header == world.working
    assert world.database.reads == reads, "it is read from the database once"
    assert await world.process().header(world.account) == world.working
    assert world.server.made == 1
    assert [each.name for each in world.server.listed.values()] == [WEBMAIL]


async def test_app_password_is_encrypted_in_the_database_and_hidden_in_a_repr(world: World) -> None:
    await world.process().header(world.account)
    (row,) = world.database.rows.values()
    (secret,) = world.server.secrets.values()
    assert secret.encode() not in row.encrypted
    assert "encrypted" not in repr(row)


async def test_concurrent_requests_of_a_person_make_one_app_password(world: World) -> None:
    process = world.process()
    headers = await asyncio.gather(*(process.header(world.account) for _ in range(20)))
    assert (set(headers), world.server.made) == ({world.working}, 1)


async def test_cancelled_caller_leaves_no_orphaned_app_password(world: World) -> None:
    process = world.process()
    world.server.gate.clear()
    caller = asyncio.create_task(process.header(world.account))
    await world.server.at_gate.get()
    caller.cancel()
    world.server.gate.set()
    assert await process.header(world.account) == world.working
    assert world.server.made == 1


async def test_first_of_two_processes_keeps_its_app_password_and_the_other_revokes_its_own(world: World) -> None:
    one, two = world.process(), world.process()
    world.server.gate.clear()
    callers = [asyncio.create_task(process.header(world.account)) for process in (one, two)]
    await world.server.at_gate.get()
    await world.server.at_gate.get()
    world.server.gate.set()
    headers = await asyncio.gather(*callers)
    assert (world.server.made, set(headers)) == (2, {world.working})


async def test_app_password_replaced_by_another_process_is_used(world: World) -> None:
    (one, first), two = await world.used(), world.process()
    await two.header(world.account)
    assert await one.refused(world.account, first) is True
    assert await two.refused(world.account, first) is True
    assert await two.header(world.account) == world.working
    assert world.server.made == 2


async def test_rejected_app_password_is_replaced_and_its_late_rejection_makes_no_new_one(world: World) -> None:
    process, first = await world.used()
    assert await process.refused(world.account, first) is True
    second = await process.header(world.account)
    assert second == world.working != first
    assert await process.refused(world.account, first) is True
    assert await process.header(world.account) == second
    assert world.server.made == 2


async def test_rejected_new_app_password_is_not_replaced_at_once_and_never_used_again(world: World) -> None:
    process, header = await world.used(age=REMAKE_AFTER - 1)
    assert await process.refused(world.account, header) is False
    assert world.server.made == 1
    assert await process.header(world.account) == world.working != header  # LoginLimiter asks again


async def test_rejected_app_password_is_not_sent_again_even_if_its_replacement_fails(world: World) -> None:
    """Otherwise a mail client that polls would get us banned, if the person has five devices and an operator revoked
    ours."""
    process, header = await world.used()
    await world.server.revoke(world.account, *world.server.listed)
    for number in range(LIMIT):
        world.server.add(f"device {number}")
    with pytest.raises(TooManyAppPasswords):
        await process.refused(world.account, header)
    for _ in range(100):
        with pytest.raises(TooManyAppPasswords):
            await process.header(world.account)
    await world.server.revoke(world.account, "1")
    assert await process.header(world.account) != header


async def test_a_device_that_got_the_id_of_the_old_one_is_not_touched(world: World) -> None:
    process, first = await world.used()
    (number,) = world.server.listed
    await world.server.revoke(world.account, number)  # by the person, at the mail server
    phone = await world.server.make(world.account, "My phone")
    assert phone.app_password.id == number
    assert await process.refused(world.account, first) is True
    assert [each.name for each in world.server.listed.values()] == ["My phone", WEBMAIL]


async def test_new_app_password_with_the_id_of_the_old_one_is_not_mistaken_for_it(world: World) -> None:
    process, first = await world.used()
    (number,) = world.server.listed
    await world.server.revoke(world.account, number)
    assert await process.refused(world.account, first) is True
    assert [*world.server.listed] == [number]
    assert await process.header(world.account) == world.working


async def test_changed_encryption_key_makes_a_new_app_password(world: World) -> None:
    await world.used()
    assert await world.process(OTHER_KEY).header(world.account) == world.working
    assert world.server.made == 2


async def test_two_processes_with_different_keys_do_not_keep_replacing_app_passwords(world: World) -> None:
    await world.process().header(world.account)
    with pytest.raises(Misconfigured, match="POSTROOM_ENCRYPTION_KEY"):
        await world.process(OTHER_KEY).header(world.account)
    assert world.server.made == 1


@pytest.mark.parametrize("change", [{"account_id": "bw"}, {"email": "renamed@example.org"}])
async def test_login_follows_a_changed_mailbox_address_or_account_id(world: World, change: dict[str, str]) -> None:
    process = world.process()
    await process.header(world.account)
    changed: MailAccount = replace(world.account, **change)
    login = base64.b64decode((await process.header(changed)).removeprefix("Basic ")).decode()
    assert login.startswith(f"{login_of(changed)}:app_")
    assert world.server.made == (2 if "account_id" in change else 1)


async def test_leftover_webmail_app_passwords_are_revoked_when_the_limit_is_reached(world: World) -> None:
    for name in ("phone", "tablet", "laptop", WEBMAIL, WEBMAIL):
        world.server.add(name)
    await world.process().header(world.account)
    assert [each.name for each in world.server.listed.values()] == ["phone", "tablet", "laptop", WEBMAIL]


async def test_app_password_just_made_by_another_process_is_kept_at_the_limit(world: World) -> None:
    for name in ("phone", "tablet", "laptop", "clock"):
        world.server.add(name)
    world.server.add(WEBMAIL, age=timedelta(seconds=1))
    with pytest.raises(TooManyAppPasswords):
        await world.process().header(world.account)
    assert len(world.server.listed) == 5


async def test_no_more_headers_are_cached_than_fit(world: World) -> None:
    process = world.process()
    held = process._cache
    for _ in range(CACHE_SIZE + 3):
        held(replace(world.account, identity_id=uuid4()), "Basic x")
    assert len(process._cached) == CACHE_SIZE


async def test_no_app_password_is_made_for_an_address_that_would_log_in_as_another_person(world: World) -> None:
    with pytest.raises(Permanent):
        await world.process().header(replace(world.account, email="a%b@example.org"))
    assert world.server.made == 0

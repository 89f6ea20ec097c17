"""The app passwords that Postroom stores: the table, and two processes with one mail server."""

import asyncio
import base64
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx2
import pytest

from mail_fakes import an_account, its_own
from postroom.mail.app_passwords import WEBMAIL, MailCredential
from postroom.mail.ports import MailAccount
from postroom.postgres.connection import Pool
from postroom.postgres.mail_credentials import PostgresMailCredentials
from postroom.stalwart.app_passwords import StalwartAppPasswords, by_key
from postroom.stalwart.impersonation import basic
from postroom.stalwart.password_cipher import PasswordCipher
from postroom.stalwart.registry import StalwartRegistry
from postroom.stalwart.registry_client import StalwartClient
from postroom.stalwart.stored_passwords import REMAKE_AFTER, StoredPasswords
from records import Records
from stalwart_client import StalwartClient as Admin
from stalwart_client import unique
from stalwart_stand_in import StalwartStandIn

KEY = base64.b64encode(b"k" * 32).decode()


@pytest.fixture
def credentials(pool: Pool) -> PostgresMailCredentials:
    return PostgresMailCredentials(pool)


def a_credential(account: MailAccount, encrypted: bytes) -> MailCredential:
    return MailCredential(account.identity_id, account.account_id, "b", encrypted)


async def test_stored_credential_is_read_back_with_its_age(credentials: PostgresMailCredentials) -> None:
    account = an_account()
    assert await credentials.of(account.identity_id) is None
    assert await credentials.store(a_credential(account, b"\x00\xff"), instead_of=None) is True
    row = await credentials.of(account.identity_id)
    assert row
    assert (row.identity_id, row.account_id, row.app_password_id) == (account.identity_id, "bv", "b")
    assert row.encrypted == b"\x00\xff"
    assert 0 <= row.age < 60


async def test_the_first_one_stored_wins_and_is_replaced_only_if_it_was_read(
    credentials: PostgresMailCredentials,
) -> None:
    account = an_account()
    first, second, third = (a_credential(account, encrypted) for encrypted in (b"1", b"2", b"3"))
    assert await credentials.store(first, instead_of=None) is True
    assert await credentials.store(second, instead_of=None) is False
    assert await credentials.store(second, instead_of=first) is True
    assert await credentials.store(third, instead_of=first) is False
    row = await credentials.of(account.identity_id)
    assert row
    assert row.encrypted == b"2"


async def test_one_of_many_concurrent_credential_writers_wins(credentials: PostgresMailCredentials) -> None:
    account = an_account()
    rows = [a_credential(account, bytes([number])) for number in range(8)]
    assert sum(await asyncio.gather(*(credentials.store(row, instead_of=None) for row in rows))) == 1


class World:
    """Processes that share a database and the stand-in, where `person` has a mailbox."""

    def __init__(self, admin: Admin, client: StalwartClient, pool: Pool, person: MailAccount) -> None:
        self.admin = admin
        self.person = person
        self.client = client
        self.pool = pool

    def process(self) -> StoredPasswords:
        registry = StalwartRegistry(self.client, mark_domain="example.org")
        app_passwords = StalwartAppPasswords(registry, by_key(self.client, its_own))
        return StoredPasswords(app_passwords, PostgresMailCredentials(self.pool), PasswordCipher(KEY))

    async def logs_in(self, header: str) -> bool:
        async with httpx2.AsyncClient(base_url=self.admin.url) as http:
            return (await http.get("/jmap/session", headers={"Authorization": header})).status_code == 200

    async def app_passwords(self) -> list[str]:
        answer = await self.admin.call("x:AppPassword/get", accountId=self.person.account_id)
        return [each["description"] for each in answer["list"]]


@pytest.fixture
async def world(stalwart: StalwartStandIn, pool: Pool) -> AsyncIterator[World]:
    admin = Admin(stalwart.url, stalwart.admin)
    async with admin.http:
        admin.domain = await admin.ensure_domain("example.org")
        name = unique()
        person = MailAccount(uuid4(), f"{name}@example.org", await admin.create(name))
        client = StalwartClient(stalwart.url, basic(*stalwart.admin))
        yield World(admin, client, pool, person)
        await client.aclose()


async def test_revoked_app_password_is_replaced_by_only_one_of_two_processes(world: World, records: Records) -> None:
    one, two = world.process(), world.process()
    first = await one.header(world.person)
    assert await two.header(world.person) == first
    listed = await world.admin.call("x:AppPassword/get", accountId=world.person.account_id)
    gone = [each["id"] for each in listed["list"]]
    await world.admin.call("x:AppPassword/set", accountId=world.person.account_id, destroy=gone)
    assert not await world.logs_in(first)
    await records.rows("UPDATE mail_credentials SET created_at = now() - make_interval(secs => %s)", REMAKE_AFTER)
    assert await asyncio.gather(*(each.refused(world.person, first) for each in (one, two))) == [True, True]
    headers = [await each.header(world.person) for each in (one, two)]
    assert headers[0] == headers[1] != first
    assert await world.logs_in(headers[0])
    assert await world.app_passwords() == [WEBMAIL]

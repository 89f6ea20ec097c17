"""The app passwords that Postroom stores: the table, and two processes with one mail server."""

import asyncio

import pytest

from mail_fakes import an_account
from postroom.devices.app_passwords import MailCredential
from postroom.mailboxes.ports import MailAccount
from postroom.postgres.connection import Pool
from postroom.postgres.mail_credentials import PostgresMailCredentials


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

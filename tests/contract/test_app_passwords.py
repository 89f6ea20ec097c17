"""Acting for a person, and the person's app passwords: on the stand-in, or on a real Stalwart (conftest.py)."""

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx2
import pytest

from mail_fakes import FakeCredentials, its_own
from postroom.devices.app_passwords import WEBMAIL, AppPasswords, TooManyAppPasswords
from postroom.errors import Misconfigured
from postroom.mailboxes.ports import MailAccount
from postroom.stalwart.app_passwords import StalwartAppPasswords, as_the_person, by_key
from postroom.stalwart.impersonation import Impersonation, basic
from postroom.stalwart.password_cipher import PasswordCipher
from postroom.stalwart.registry import StalwartRegistry
from postroom.stalwart.registry_client import StalwartClient as Client
from postroom.stalwart.stored_passwords import REMAKE_AFTER, StoredPasswords
from stalwart_client import StalwartClient, unique

NEEDED = ("authenticate", "impersonate", "sysAppPasswordGet", "sysAppPasswordCreate", "sysAppPasswordDestroy")
"""The permissions that Postroom's key needs to make app passwords for others, according to the documentation."""

SECRET = "seven-green-ladders-climb-41"


@dataclass
class Ways:
    """The same app passwords, managed by our key and as the person, and the master account used for the latter."""

    by_key: AppPasswords
    as_the_person: AppPasswords
    master: Impersonation


def passwords_by(client: Client) -> StalwartAppPasswords:
    return StalwartAppPasswords(StalwartRegistry(client, mark_domain="example.org"), by_key(client, its_own))


@pytest.fixture(scope="module")
async def ways(admin: StalwartClient) -> AsyncIterator[Ways]:
    client = Client(admin.url, f"Bearer {await admin.key_with(NEEDED)}")
    password = {"0": {"@type": "Password", "secret": SECRET}}
    _, login = await admin.create_with(("authenticate", "impersonate"), credentials=password)
    master = Impersonation(f"{login}:{SECRET}")
    registry = StalwartRegistry(client, mark_domain="example.org")
    yield Ways(passwords_by(client), StalwartAppPasswords(registry, as_the_person(admin.url, master)), master)
    await client.aclose()


@pytest.fixture(params=["by_key", "as_the_person"])
def app_passwords(request: pytest.FixtureRequest, ways: Ways) -> AppPasswords:
    return getattr(ways, request.param)


@pytest.fixture
async def person(admin: StalwartClient) -> MailAccount:
    name = unique()
    return MailAccount(uuid4(), f"{name}@example.org", await admin.create(name))


async def session(admin: StalwartClient, header: str) -> httpx2.Response:
    async with httpx2.AsyncClient(base_url=admin.url) as http:
        return await http.get("/jmap/session", headers={"Authorization": header})


async def test_master_account_needs_only_two_permissions_to_act_for_a_person(
    admin: StalwartClient, ways: Ways, person: MailAccount
) -> None:
    answer = await session(admin, await ways.master.header(person))
    assert (answer.status_code, answer.json()["username"]) == (200, person.email)
    assert [*answer.json()["accounts"]] == [person.account_id]


async def test_master_account_cannot_act_for_an_unknown_address(admin: StalwartClient, ways: Ways) -> None:
    nobody = MailAccount(uuid4(), f"{unique('nobody')}@example.org", "b")
    assert (await session(admin, await ways.master.header(nobody))).status_code == 401


async def test_new_app_password_is_listed_with_its_name_and_expiry(
    app_passwords: AppPasswords, person: MailAccount
) -> None:
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
    phone = await app_passwords.make(person, "My phone")
    laptop = await app_passwords.make(person, "Laptop, Büro", end)
    assert await app_passwords.of(person) == [phone.app_password, laptop.app_password]
    assert (phone.app_password.name, phone.app_password.expires_at) == ("My phone", None)
    assert (laptop.app_password.name, laptop.app_password.expires_at) == ("Laptop, Büro", end)


async def test_app_password_logs_in_until_it_is_revoked(
    admin: StalwartClient, app_passwords: AppPasswords, person: MailAccount
) -> None:
    made = await app_passwords.make(person, "My phone")
    header = basic(person.email, made.secret)
    assert (await session(admin, header)).status_code == 200
    assert await app_passwords.revoke(person, made.app_password.id) is True
    assert (await session(admin, header)).status_code == 401
    assert await app_passwords.revoke(person, made.app_password.id) is False
    assert await app_passwords.of(person) == []


async def test_expired_app_password_does_not_log_in(
    admin: StalwartClient, app_passwords: AppPasswords, person: MailAccount
) -> None:
    made = await app_passwords.make(person, "Old phone", datetime.now(UTC) - timedelta(seconds=2))
    assert (await session(admin, basic(person.email, made.secret))).status_code == 401


@pytest.mark.stand_in
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("2099-01-01T00:00:00.123Z", "2099-01-01T00:00:00Z"),
        ("2099-01-01T00:00:00+02:00", "2098-12-31T22:00:00Z"),
        ("2099-01-01", None),
        ("soon", None),
    ],
)
async def test_server_stores_an_expiry_in_utc_and_rejects_an_invalid_one(
    admin: StalwartClient, person: MailAccount, given: str, kept: str | None
) -> None:
    answer = await admin.try_create("AppPassword", account=person.account_id, description="x", expiresAt=given)
    if kept is None:
        assert answer["notCreated"]["description"] == "Failed to parse UTCDateTime from string"
        return
    (shown,) = (await admin.call("x:AppPassword/get", accountId=person.account_id))["list"]
    assert shown["expiresAt"] == kept


@pytest.mark.parametrize("kind", ["AppPassword", "ApiKey"])
async def test_app_password_can_neither_make_nor_revoke_app_passwords_or_keys(
    admin: StalwartClient, app_passwords: AppPasswords, person: MailAccount, kind: str
) -> None:
    made = await app_passwords.make(person, "My phone")
    phone = StalwartClient(admin.url, (person.email, made.secret))
    async with phone.http:
        refused = await phone.try_create(kind, account=person.account_id, description="another")
        assert refused["type"] == "forbidden"
        revoked = await phone.call(f"x:{kind}/set", accountId=person.account_id, destroy=[made.app_password.id])
        assert revoked["type"] == "forbidden"


async def test_sixth_app_password_is_rejected_with_the_limit(app_passwords: AppPasswords, person: MailAccount) -> None:
    for number in range(5):
        await app_passwords.make(person, f"phone {number}")
    with pytest.raises(TooManyAppPasswords) as refusal:
        await app_passwords.make(person, "one too many")
    assert refusal.value.limit == 5


async def test_webmail_replaces_its_app_password_after_a_revocation(
    admin: StalwartClient, ways: Ways, person: MailAccount
) -> None:
    credentials = FakeCredentials()
    kept = StoredPasswords(ways.by_key, credentials, PasswordCipher(base64.b64encode(b"k" * 32).decode()))
    first = await kept.header(person)
    assert (await session(admin, first)).json()["username"] == person.email
    (ours,) = await ways.by_key.of(person)
    await ways.as_the_person.revoke(person, ours.id)
    assert (await session(admin, first)).status_code == 401
    credentials.age = REMAKE_AFTER
    assert await kept.refused(person, first) is True
    assert (await session(admin, await kept.header(person))).status_code == 200
    assert [each.name for each in await ways.by_key.of(person)] == [WEBMAIL]


@pytest.mark.parametrize("missing", NEEDED[1:])
async def test_key_needs_each_documented_permission_for_app_passwords(
    admin: StalwartClient, person: MailAccount, missing: str
) -> None:
    client = Client(admin.url, f"Bearer {await admin.key_with(each for each in NEEDED if each != missing)}")
    with pytest.raises(Misconfigured, match="forbids it"):
        await make_and_revoke(passwords_by(client), person)
    await client.aclose()


async def make_and_revoke(app_passwords: AppPasswords, person: MailAccount) -> None:
    made = await app_passwords.make(person, "My phone")
    await app_passwords.revoke(person, made.app_password.id)

"""The rules of Stalwart about logins that it remembers by their text, after the address has passed to another account.
On the stand-in, or on a real server (conftest.py)."""

import uuid

import httpx2
import pytest

from changing_account import OFF, app_password, opened
from eventually import eventually
from incoming_mail import reload
from mail_person import PASSWORD, Person
from postroom.mailboxes.ports import MailAccount
from postroom.stalwart.impersonation import Impersonation, basic
from stalwart_client import Answer, StalwartClient, unique

pytestmark = pytest.mark.stand_in


class Passed:
    """An address that passed from `former` to `holder`. `headers` opened the former's session before that: as the
    person, with an app password, and as a master."""

    def __init__(self, address: str, former: str, holder: str, headers: list[str]) -> None:
        self.address = address
        self.former = former
        self.holder = holder
        self.headers = headers


@pytest.fixture
async def passed(admin: StalwartClient, straight: Person, master: str) -> Passed:
    address = straight.address
    phone = (await app_password(admin, straight.account))["secret"]
    headers = [basic(address, PASSWORD), basic(address, phone), basic(f"{address}%{master}", PASSWORD)]
    assert [await opened(admin, header) for header in headers] == [straight.account] * 3
    assert await admin.update(straight.account, name=unique("new")) == {}
    credentials = {"0": {"@type": "Password", "secret": PASSWORD[::-1]}}
    holder = await admin.create(address.partition("@")[0], credentials=credentials)
    return Passed(address, straight.account, holder, headers)


async def test_a_remembered_login_goes_on_opening_the_account_that_its_text_first_meant(
    admin: StalwartClient, passed: Passed, master: str
) -> None:
    assert [await opened(admin, header) for header in passed.headers] == [passed.former] * 3
    name, _, domain = passed.address.partition("@")
    for spelling in (f"{name.upper()}@{domain}", f"{name}@{domain.upper()}", f"{name.title()}@{domain}"):
        assert await opened(admin, basic(f"{spelling}%{master}", PASSWORD)) == passed.holder
    assert await opened(admin, basic(passed.address.upper(), PASSWORD)) == 401
    assert await opened(admin, basic(passed.address, PASSWORD[::-1])) == passed.holder


async def test_our_login_opens_each_holder_of_an_address_in_turn(
    admin: StalwartClient, straight: Person, master: str
) -> None:
    """By its spelling, which is that of the account."""
    address = straight.address

    async def open_as(account: str) -> int | str:
        ours = Impersonation(f"{master}:{PASSWORD}")
        return await opened(admin, await ours.header(MailAccount(uuid.uuid4(), address, account)))

    assert await open_as(straight.account) == straight.account
    assert await admin.update(straight.account, name=unique("new")) == {}
    holder = await admin.create(address.partition("@")[0])
    assert await open_as(holder) == holder
    assert await admin.update(holder, name=unique("new")) == {}
    assert await admin.update(straight.account, name=address.partition("@")[0]) == {}
    assert await open_as(straight.account) == straight.account


async def test_a_remembered_login_does_not_reach_the_new_holder_by_account_id(
    admin: StalwartClient, passed: Passed
) -> None:
    async with httpx2.AsyncClient(base_url=admin.url, headers={"Authorization": passed.headers[2]}) as http:
        answer = await Person(http, passed.holder, passed.address).call("Mailbox/get")
    assert answer["type"] == "forbidden"


@pytest.mark.parametrize(
    "patch",
    [{"description": "x"}, {"aliases": {}}, {"quotas/maxDiskQuota": 10**8}],
    ids=lambda patch: next(iter(patch)),
)
async def test_other_changes_of_the_account_do_not_end_a_remembered_login(
    admin: StalwartClient, passed: Passed, patch: Answer
) -> None:
    assert await admin.update(passed.former, **patch) == {}
    assert [await opened(admin, header) for header in passed.headers] == [passed.former] * 3


@pytest.mark.parametrize(
    "patch",
    [{"permissions": OFF}, {"credentials/0/secret": PASSWORD + "-new"}, {"roles": {"@type": "Custom", "roleIds": {}}}],
    ids=lambda patch: next(iter(patch)),
)
async def test_new_permissions_or_credentials_of_the_former_account_end_its_remembered_logins(
    admin: StalwartClient, passed: Passed, patch: Answer
) -> None:
    assert await admin.update(passed.former, **patch) == {}
    assert [await opened(admin, header) for header in passed.headers] == [401, 401, passed.holder]


async def test_a_login_is_remembered_for_as_long_as_an_access_token_is_valid(
    admin: StalwartClient, straight: Person, master: str
) -> None:
    async def remember_for(milliseconds: int) -> None:
        await admin.call("x:OidcProvider/set", update={"singleton": {"accessTokenExpiry": milliseconds}})
        await reload(admin)

    header = basic(f"{straight.address}%{master}", PASSWORD)
    await remember_for(3000)
    try:
        assert await opened(admin, header) == straight.account
        assert await admin.update(straight.account, name=unique("new")) == {}
        assert await opened(admin, header) == straight.account
    finally:
        await remember_for(3_600_000)

    async def is_over() -> bool:
        return await opened(admin, header) == 401

    await eventually(is_over, "the login was forgotten")


async def test_a_remembered_app_password_ends_with_its_revocation(admin: StalwartClient, straight: Person) -> None:
    made = await app_password(admin, straight.account)
    header = basic(straight.address, made["secret"])
    assert await opened(admin, header) == straight.account
    await admin.call("x:AppPassword/set", accountId=straight.account, destroy=[made["id"]])
    assert await opened(admin, header) == 401


async def test_a_destroyed_account_is_not_remembered(admin: StalwartClient, passed: Passed) -> None:
    assert (await admin.call("x:Account/set", destroy=[passed.former]))["destroyed"] == [passed.former]
    assert [await opened(admin, header) for header in passed.headers] == [401, 401, passed.holder]


async def test_a_masters_new_password_does_not_end_the_sessions_that_it_opened(
    admin: StalwartClient, straight: Person
) -> None:
    """Only the person's account is remembered, and not whose password opened it."""
    credentials = {"0": {"@type": "Password", "secret": PASSWORD}}
    number, master = await admin.create_with(("authenticate", "impersonate"), credentials=credentials)
    known, fresh = f"{straight.address}%{master}", f"{straight.address.upper()}%{master}"
    assert await opened(admin, basic(known, PASSWORD)) == straight.account
    assert await admin.update(number, **{"credentials/0/secret": PASSWORD + "-new"}) == {}
    assert await opened(admin, basic(known, PASSWORD)) == straight.account
    assert await opened(admin, basic(fresh, PASSWORD)) == 401


async def test_an_administrator_may_end_all_remembered_logins(admin: StalwartClient, passed: Passed) -> None:
    assert "created" in await admin.try_create("Action", **{"@type": "InvalidateCaches"})
    assert [await opened(admin, header) for header in passed.headers] == [401, 401, passed.holder]

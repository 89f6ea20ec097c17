"""The rules of Stalwart about an account that changes: its addresses, its permissions, and what remembers them. On the
stand-in, or on a real server (conftest.py)."""

import uuid
from typing import Any

import pytest

from incoming_mail import Lmtp, listening, refusal, send
from mail_person import PASSWORD, Person
from postroom.stalwart.impersonation import basic
from stalwart_client import Answer, StalwartClient, unique

pytestmark = pytest.mark.stand_in

OFF: Answer = {"@type": "Merge", "enabledPermissions": {}, "disabledPermissions": {"authenticate": True}}
INHERIT: Answer = {"@type": "Inherit"}


def alias(client: StalwartClient, address: str, *, enabled: bool = True, **more: Any) -> Answer:
    return {"name": address.partition("@")[0], "domainId": client.domain, "enabled": enabled, **more}


def mark(client: StalwartClient, identity: str) -> Answer:
    return alias(client, f"postroom-{identity}", enabled=False, description="Made by Postroom\nfor identity …")


async def opened(client: StalwartClient, header: str) -> int | str:
    """The account whose session the header opens, or the status of the refusal."""
    answer = await client.http.get("/jmap/session", headers={"Authorization": header}, auth=None)
    if answer.status_code != 200:
        return answer.status_code
    (account,) = answer.json()["accounts"]
    return account


async def app_password(client: StalwartClient, account: str) -> Answer:
    return (await client.try_create("AppPassword", account=account, description="phone"))["created"]


@pytest.fixture
async def master(admin: StalwartClient) -> str:
    """The address of an account that may impersonate, whose password is PASSWORD."""
    credentials = {"0": {"@type": "Password", "secret": PASSWORD}}
    return (await admin.create_with(("authenticate", "impersonate"), credentials=credentials))[1]


# Addresses


async def test_a_rename_that_keeps_the_old_address_keeps_everything_else(
    admin: StalwartClient, straight: Person, master: str, lmtp: Lmtp
) -> None:
    old, new, identity = straight.address, f"{unique('new')}@example.org", uuid.uuid4().hex
    phone = (await app_password(admin, straight.account))["secret"]
    marked = mark(admin, identity)
    assert await admin.update(straight.account, aliases={"0": marked}) == {}
    aliases = {"0": marked, "9": alias(admin, old)}
    assert await admin.update(straight.account, name=new.partition("@")[0], aliases=aliases) == {}
    account = await admin.get(straight.account)
    assert account["emailAddress"] == new
    assert account["aliases"] == {"0": marked, "1": alias(admin, old, description=None)}
    assert (await admin.call("x:Account/query", filter={"text": identity}))["ids"] == [straight.account]
    for address in (old, new):
        await send(lmtp, address)
        for header in (basic(address, PASSWORD), basic(address, phone), basic(f"{address}%{master}", PASSWORD)):
            assert await opened(admin, header) == straight.account
    assert (await straight.http.get("/jmap/session")).json()["username"] == new
    assert len(await straight.query()) == 2


async def test_an_address_that_was_dropped_receives_nothing_and_is_free(
    admin: StalwartClient, straight: Person, lmtp: Lmtp
) -> None:
    assert await admin.update(straight.account, name=unique("new")) == {}
    assert (await refusal(lmtp, straight.address))[0] == 550
    other = await admin.create(straight.address.partition("@")[0])
    await send(lmtp, straight.address)
    assert (await admin.get(other))["usedDiskQuota"] > 0
    assert (await admin.get(straight.account))["usedDiskQuota"] == 0


async def test_a_disabled_alias_receives_nothing_and_opens_nothing(
    admin: StalwartClient, straight: Person, master: str, lmtp: Lmtp
) -> None:
    address = f"{unique('off')}@example.org"
    assert await admin.update(straight.account, aliases={"0": alias(admin, address, enabled=False)}) == {}
    headers = [basic(address, PASSWORD), basic(f"{address}%{master}", PASSWORD)]
    assert (await refusal(lmtp, address))[0] == 550
    assert [await opened(admin, header) for header in headers] == [401, 401]
    assert await admin.update(straight.account, **{"aliases/0/enabled": True}) == {}
    await send(lmtp, address)
    assert [await opened(admin, header) for header in headers] == [straight.account] * 2


async def test_two_accounts_swap_addresses_only_by_way_of_a_third(admin: StalwartClient) -> None:
    one, two = unique("one"), unique("two")
    first, second = await admin.create(one), await admin.create(two)
    both = await admin.call("x:Account/set", update={first: {"name": two}, second: {"name": one}})
    holders = {number: error["objectId"]["id"] for number, error in both["notUpdated"].items()}
    assert holders == {first: second, second: first}
    for number, name in ((first, unique("third")), (second, one), (first, two)):
        assert await admin.update(number, name=name) == {}
    assert [(await admin.get(number))["name"] for number in (first, second)] == [two, one]


async def test_an_account_may_exchange_its_address_and_its_alias_in_one_update(admin: StalwartClient) -> None:
    name, other = unique("name"), unique("other")
    number = await admin.create(name, aliases={"0": alias(admin, other)})
    assert await admin.update(number, name=other, aliases={"0": alias(admin, name)}) == {}
    account = await admin.get(number)
    assert (account["name"], account["aliases"]["0"]["name"]) == (other, name)


async def test_a_change_of_domain_leaves_the_mark_in_its_domain(admin: StalwartClient) -> None:
    identity, name = uuid.uuid4().hex, unique()
    number = await admin.create(name, aliases={"0": mark(admin, identity)})
    assert await admin.update(number, domainId=admin.other_domain) == {}
    account = await admin.get(number)
    assert (account["emailAddress"], account["aliases"]["0"]) == (f"{name}@example.net", mark(admin, identity))
    again = {"@type": "User", "name": unique(), "domainId": admin.domain, "aliases": {"0": mark(admin, identity)}}
    assert (await admin.try_create(**again))["notCreated"]["objectId"]["id"] == number


@pytest.mark.parametrize("text", [None, "Änn 😀", "two\nlines", " ", "x" * 1024])
async def test_a_description_is_stored_as_it_was_sent(admin: StalwartClient, text: str | None) -> None:
    number = await admin.create(unique(), aliases={"0": alias(admin, unique())})
    assert await admin.update(number, **{"description": text, "aliases/0/description": text}) == {}
    account = await admin.get(number)
    assert account["description"] == account["aliases"]["0"]["description"] == text


@pytest.mark.parametrize("path", ["description", "aliases/0/description"])
async def test_an_empty_description_is_refused(admin: StalwartClient, path: str) -> None:
    number = await admin.create(unique(), description="Ann", aliases={"0": alias(admin, unique(), description="Ann")})
    assert (await admin.update(number, **{path: ""}))["type"] == "invalidPatch"
    account = await admin.get(number)
    assert account["description"] == account["aliases"]["0"]["description"] == "Ann"


# Identities


async def identities(person: Person) -> list[tuple[str, str]]:
    return [(each["email"], each["name"]) for each in (await person.call("Identity/get", ids=None))["list"]]


async def test_identities_follow_the_addresses_when_they_are_read(admin: StalwartClient, straight: Person) -> None:
    """A new one has the description of that time as its name, and comes after those that were there."""
    old, new = straight.address, f"{unique('new')}@example.org"
    assert await identities(straight) == [(old, "Ann Example")]
    state = (await straight.call("Identity/get", ids=[]))["state"]
    change: Answer = {"name": new.partition("@")[0], "description": "Ann Newname"}
    assert await admin.update(straight.account, **change, aliases={"0": alias(admin, old)}) == {}
    assert (await straight.call("Identity/changes", sinceState=state))["newState"] == state
    assert await identities(straight) == [(old, "Ann Example"), (new, "Ann Newname")]
    assert await admin.update(straight.account, aliases={"0": alias(admin, old, enabled=False)}) == {}
    assert await identities(straight) == [(new, "Ann Newname")]
    assert len((await straight.call("Identity/changes", sinceState=state))["created"]) == 1


async def test_an_identity_that_was_removed_comes_back_when_the_addresses_change(
    admin: StalwartClient, straight: Person
) -> None:
    (first,) = (await straight.call("Identity/get"))["list"]
    await straight.call("Identity/set", destroy=[first["id"]])
    assert await identities(straight) == []
    assert await admin.update(straight.account, aliases={"0": alias(admin, unique())}) == {}
    assert len(await identities(straight)) == 2


# Permissions


async def test_a_suspended_account_opens_for_nobody_and_still_receives(
    admin: StalwartClient, straight: Person, master: str, lmtp: Lmtp
) -> None:
    address = straight.address
    phone = (await app_password(admin, straight.account))["secret"]
    known = [basic(address, PASSWORD), basic(address, phone), basic(f"{address}%{master}", PASSWORD)]
    assert [await opened(admin, header) for header in known] == [straight.account] * 3
    assert await admin.update(straight.account, permissions=OFF) == {}
    fresh = [
        basic(address.upper(), PASSWORD),
        basic(address.upper(), phone),
        basic(f"{address.upper()}%{master}", PASSWORD),
    ]
    assert [await opened(admin, header) for header in known + fresh] == [403] * 6
    assert await opened(admin, basic(address, PASSWORD + "-not")) == 401
    for path in ("/jmap/eventsource/?types=*", f"/jmap/download/{straight.account}/b/x", "/api/account"):
        assert (await straight.http.get(path)).status_code == 403
    assert (await straight.http.post(f"/jmap/upload/{straight.account}/", content=b"x")).status_code == 403
    await send(lmtp, address)
    assert await admin.update(straight.account, name=unique("new"), aliases={"0": alias(admin, address)}) == {}
    assert await admin.update(straight.account, permissions=INHERIT) == {}
    assert [await opened(admin, header) for header in known + fresh] == [straight.account] * 6
    assert len(await straight.query()) == 1


async def test_an_open_event_stream_outlives_a_suspension(admin: StalwartClient, straight: Person, lmtp: Lmtp) -> None:
    async with listening(straight.http, "types=Email&closeafter=no&ping=0") as stream:
        assert await admin.update(straight.account, permissions=OFF) == {}
        await send(lmtp, straight.address)
        assert (await stream.state()).keys() == {straight.account}


@pytest.mark.parametrize(
    ("patch", "shown", "status"),
    [
        ({"permissions/disabledPermissions/emailSend": True}, {"authenticate", "emailSend"}, 403),
        ({"permissions/disabledPermissions/authenticate": None}, set[str](), 200),
        ({"permissions/disabledPermissions/authenticate": False}, set[str](), 200),
        ({"permissions": OFF | {"disabledPermissions": {"emailSend": True}}}, {"emailSend"}, 200),
    ],
)
async def test_a_permission_is_disabled_and_enabled_by_its_path(
    admin: StalwartClient, straight: Person, patch: Answer, shown: set[str], status: int
) -> None:
    assert await admin.update(straight.account, permissions=OFF) == {}
    assert await admin.update(straight.account, **patch) == {}
    found = (await admin.get(straight.account))["permissions"]
    assert found == OFF | {"disabledPermissions": dict.fromkeys(shown, True)}
    assert (await straight.http.get("/jmap/session")).status_code == status


async def test_what_is_both_enabled_and_disabled_is_disabled(admin: StalwartClient, straight: Person) -> None:
    both = {key: {"authenticate": True} for key in ("enabledPermissions", "disabledPermissions")}
    for kind in ("Merge", "Replace"):
        assert await admin.update(straight.account, permissions={"@type": kind} | both) == {}
        assert (await straight.http.get("/jmap/session")).status_code == 403


async def test_replaced_permissions_are_all_that_an_account_has(admin: StalwartClient, straight: Person) -> None:
    few = {"@type": "Replace", "enabledPermissions": {"authenticate": True}, "disabledPermissions": {}}
    assert await admin.update(straight.account, permissions=few) == {}
    assert (await admin.get(straight.account))["permissions"] == few
    assert (await straight.http.get("/api/account")).json()["permissions"] == ["authenticate"]


# Remembered logins


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


async def test_a_remembered_login_does_not_reach_the_new_holder_by_account_id(
    admin: StalwartClient, passed: Passed
) -> None:
    call = {
        "using": ["urn:ietf:params:jmap:mail"],
        "methodCalls": [["Mailbox/get", {"accountId": passed.holder}, "0"]],
    }
    answer = await admin.http.post("/jmap/", json=call, headers={"Authorization": passed.headers[2]}, auth=None)
    assert answer.json()["methodResponses"][0][1]["type"] == "forbidden"


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

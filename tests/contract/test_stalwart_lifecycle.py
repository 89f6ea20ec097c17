"""The rules of Stalwart about an account that changes: its addresses, identities and permissions. On the stand-in, or
on a real server (conftest.py)."""

import uuid
from typing import Any

import pytest

from changing_account import INHERIT, OFF, alias, app_password, mark, opened
from eventually import eventually
from incoming_mail import Lmtp, listening, refusal, send
from mail_person import PASSWORD, Person
from postroom.stalwart.impersonation import basic
from stalwart_client import Answer, StalwartClient, unique

pytestmark = pytest.mark.stand_in


async def received(admin: StalwartClient, account: str) -> None:
    """A real server delivers what it has accepted a moment later."""

    async def has_mail() -> bool:
        return (await admin.get(account))["usedDiskQuota"] > 0

    await eventually(has_mail, "the mail was delivered")


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

    async def both_came() -> bool:
        return len(await straight.query()) == 2

    await eventually(both_came, "mail to both addresses was delivered")


async def test_an_address_that_was_dropped_receives_nothing_and_is_free(
    admin: StalwartClient, straight: Person, lmtp: Lmtp
) -> None:
    assert await admin.update(straight.account, name=unique("new")) == {}
    assert (await refusal(lmtp, straight.address))[0] == 550
    other = await admin.create(straight.address.partition("@")[0])
    await send(lmtp, straight.address)
    await received(admin, other)
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


@pytest.mark.parametrize("enabled", [(True, False), (False, True)])
async def test_an_alias_that_is_listed_twice_receives_if_it_is_enabled_once(
    admin: StalwartClient, lmtp: Lmtp, enabled: tuple[bool, bool]
) -> None:
    twice = f"{unique('twice')}@example.org"
    aliases = {str(place): alias(admin, twice, enabled=on) for place, on in enumerate(enabled)}
    assert await admin.create(unique(), aliases=aliases)
    await send(lmtp, twice)


async def test_an_account_without_the_permission_does_not_log_in_with_its_alias(
    admin: StalwartClient, straight: Person
) -> None:
    address = f"{unique('alias')}@example.org"
    header = basic(address, PASSWORD)
    assert await admin.update(straight.account, aliases={"0": alias(admin, address)}) == {}
    assert await opened(admin, header) == straight.account
    without = OFF | {"disabledPermissions": {"authenticateWithAlias": True}}
    assert await admin.update(straight.account, permissions=without) == {}
    assert await opened(admin, header) == 401
    assert await opened(admin, basic(straight.address, PASSWORD)) == straight.account


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


async def test_of_several_addresses_the_first_identity_has_not_always_the_main_one(
    admin: StalwartClient, straight: Person
) -> None:
    addresses = [straight.address, *(f"{unique(word)}@example.org" for word in ("a", "z"))]
    aliases = {str(place): alias(admin, address) for place, address in enumerate(addresses[1:])}
    assert await admin.update(straight.account, aliases=aliases) == {}
    assert [email for email, _ in await identities(straight)] == sorted(addresses, reverse=True)


async def test_nothing_is_sent_from_an_address_that_the_account_has_lost(
    admin: StalwartClient, straight: Person
) -> None:
    (lost,) = (await straight.call("Identity/get"))["list"]
    draft = await straight.draft(straight.address)
    assert await admin.update(straight.account, name=unique("new")) == {}
    refused = await straight.create("EmailSubmission", identityId=lost["id"], emailId=draft)
    assert refused["type"] == "forbiddenMailFrom"


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
    await received(admin, straight.account)


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


async def test_the_kind_of_permissions_changes_only_with_the_whole_object(
    admin: StalwartClient, straight: Person
) -> None:
    """A path to it is answered as a success and changes nothing. Sets beside `Inherit` are ignored."""
    assert await admin.update(straight.account, permissions=OFF) == {}
    for kind in ("Inherit", "Replace", "Nonsense"):
        assert await admin.update(straight.account, **{"permissions/@type": kind}) == {}
    assert (await admin.get(straight.account))["permissions"] == OFF
    assert await admin.update(straight.account, permissions=OFF | INHERIT) == {}
    assert (await admin.get(straight.account))["permissions"] == INHERIT
    assert (await admin.update(straight.account, **{"permissions/@type": "Merge"}))["type"] == "invalidPatch"


@pytest.mark.parametrize("off", [None, ["authenticate"], {"authenticate": 1}, {"fly": True}])
async def test_a_set_of_permissions_names_permissions_and_booleans(admin: StalwartClient, off: Any) -> None:
    number = await admin.create(unique())
    refused = await admin.update(number, permissions=OFF | {"disabledPermissions": off})
    assert (refused["type"], refused["properties"]) == ("invalidPatch", ["permissions/disabledPermissions"])


async def test_only_who_has_all_permissions_of_an_account_changes_them(admin: StalwartClient) -> None:
    """The others may still give it an address, or a password."""
    credentials = {"0": {"@type": "Password", "secret": PASSWORD}}
    boss = await admin.create(unique("boss"), roles={"@type": "Admin"}, credentials=credentials)
    service = StalwartClient(admin.url, await admin.key_with(["authenticate", "sysAccountUpdate"]))
    async with service.http:
        assert (await service.update(boss, permissions=OFF))["type"] == "forbidden"
        assert await service.update(boss, **{"name": unique("boss"), "credentials/0/secret": PASSWORD[::-1]}) == {}


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


# What else a change leaves as it was


async def test_app_passwords_are_listed_and_made_while_the_account_is_suspended(admin: StalwartClient) -> None:
    """All other credentials of the account are listed as not found."""
    number = await admin.create(unique(), credentials={"0": {"@type": "Password", "secret": PASSWORD}})
    assert await admin.update(number, permissions=OFF) == {}
    made = await app_password(admin, number)
    found = await admin.call("x:AppPassword/get", accountId=number)
    (password,) = [each["credentialId"] for each in (await admin.get(number))["credentials"].values()][:1]
    assert ([each["id"] for each in found["list"]], found["notFound"]) == ([made["id"]], [password])


async def test_mail_over_the_quota_is_accepted_and_not_delivered(
    admin: StalwartClient, straight: Person, ben: Person, lmtp: Lmtp
) -> None:
    assert await admin.update(straight.account, **{"quotas/maxDiskQuota": 1}) == {}
    await send(lmtp, straight.address)
    await send(lmtp, ben.address)
    await received(admin, ben.account)
    assert (await admin.get(straight.account))["usedDiskQuota"] == 0

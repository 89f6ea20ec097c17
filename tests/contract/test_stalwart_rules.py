"""The rules of Stalwart's registry (addresses, the mark, objects, people and keys) with other values than the recorded
ones. On the stand-in, or on a real server (conftest.py)."""

import asyncio
import uuid
from typing import Any

import httpx2
import pytest

from stalwart_client import Answer, StalwartClient, unique

SECRET = "seven-green-ladders-climb-41"

pytestmark = pytest.mark.stand_in


def mark(client: StalwartClient, identity: str) -> dict[str, Any]:
    return {"0": {"name": f"postroom-{identity}", "domainId": client.domain, "enabled": False}}


async def address(client: StalwartClient, number: str) -> str:
    return (await client.get(number))["emailAddress"]


# Addresses


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ("Two Words", "twowords"),
        ("tab\tbed", "tabbed"),
        ("UPPER.Case", "upper.case"),
        ("a&b", "a&b"),
        ("ñandú", "ñandú"),
    ],
)
async def test_account_name_is_lowercased_and_stripped_of_white_space(
    admin: StalwartClient, given: str, made: str
) -> None:
    tail = uuid.uuid4().hex[:12]
    number = await admin.create(f"{given}{tail.upper()}")
    assert await address(admin, number) == f"{made}{tail}@example.org"


@pytest.mark.parametrize("name", ["trailing.", "two..dots", ".first", "comma,comma", "back\\slash", "at@at", "(round)"])
async def test_name_that_is_not_a_local_part_is_an_invalid_patch(admin: StalwartClient, name: str) -> None:
    answer = await admin.try_create(**{"@type": "User", "name": name, "domainId": admin.domain})
    assert answer["notCreated"] == {
        "type": "invalidPatch",
        "properties": ["name"],
        "description": "Invalid email local part",
    }


@pytest.mark.parametrize("enabled", [True, False])
async def test_alias_reserves_its_address_even_when_disabled(admin: StalwartClient, enabled: bool) -> None:
    alias = unique("alias")
    entry = {"name": alias, "domainId": admin.other_domain, "enabled": enabled}
    holder = await admin.create(unique(), aliases={"0": entry})
    violation = {
        "type": "primaryKeyViolation",
        "properties": ["email"],
        "objectId": {"object": "Account", "id": holder},
    }
    as_name = await admin.try_create(**{"@type": "User", "name": alias, "domainId": admin.other_domain})
    as_alias = await admin.try_create(
        **{"@type": "User", "name": unique(), "domainId": admin.domain, "aliases": {"5": entry}}
    )
    assert as_name["notCreated"] == as_alias["notCreated"] == violation
    third = await admin.create(unique())
    assert await admin.update(third, **{"aliases/0": entry}) == violation
    assert await admin.create(alias)  # in the first domain it is free


async def test_former_address_of_an_account_is_free_again(admin: StalwartClient) -> None:
    name, later = unique(), unique()
    first = await admin.create(name)
    assert await admin.update(first, name=later) == {}
    assert await address(admin, await admin.create(name)) == f"{name}@example.org"
    assert (await admin.update(first, name=name))["type"] == "primaryKeyViolation"


async def test_aliases_are_renumbered_after_each_change(admin: StalwartClient) -> None:
    names = [unique("alias") for _ in range(3)]
    entries = {str(n * 4): {"name": name, "domainId": admin.domain} for n, name in enumerate(names)}
    number = await admin.create(unique(), aliases=entries)
    assert [*(await admin.get(number))["aliases"]] == ["0", "1", "2"]
    assert await admin.update(number, **{"aliases/1": None}) == {}
    aliases = (await admin.get(number))["aliases"]
    assert {place: alias["name"] for place, alias in aliases.items()} == {"0": names[0], "1": names[2]}
    assert aliases["0"] == {"name": names[0], "domainId": admin.domain, "enabled": True, "description": None}


@pytest.mark.parametrize("name", ["second.example", "localhost", "no domain", "two..dots.org", "end.org."])
async def test_a_domain_without_a_public_suffix_is_refused(admin: StalwartClient, name: str) -> None:
    answer = await admin.try_create("Domain", name=name)
    assert (answer["notCreated"]["type"], answer["notCreated"]["description"]) == (
        "invalidPatch",
        "Invalid domain name",
    )


async def test_a_domain_exists_once_whatever_its_spelling(admin: StalwartClient) -> None:
    tail = uuid.uuid4().hex[:12]
    # Otherwise Stalwart would create a key in the background, and the domain could not be destroyed.
    manual = {"@type": "Manual"}
    answer = await admin.try_create("Domain", name=f"mün{tail}.test", dkimManagement=manual)
    made = answer["created"]["id"]
    again = await admin.try_create("Domain", name=f"MÜN {tail}.test")
    assert again["notCreated"]["type"] == "primaryKeyViolation"
    assert again["notCreated"]["objectId"] == {"object": "Domain", "id": made}
    assert await admin.call("x:Domain/set", destroy=[made]) | {"accountId": ""} == {
        "accountId": "",
        "destroyed": [made],
    }


# The mark


async def test_conflict_may_name_the_owner_of_the_address_or_of_the_mark(admin: StalwartClient) -> None:
    """Each time at random: if the owner is a stranger, the mark must still be looked up."""
    identity, name = uuid.uuid4().hex, unique()
    holders = {await admin.create(name), await admin.create(unique(), aliases=mark(admin, identity))}
    value = {"@type": "User", "name": name, "domainId": admin.domain, "aliases": mark(admin, identity)}
    refusals = [await admin.try_create(**value) for _ in range(40)]
    assert {refusal["notCreated"]["objectId"]["id"] for refusal in refusals} == holders


# Objects


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ({"domainId": "zzz"}, "invalidForeignKey"),
        ({"aliases": {"0": {"name": "x", "domainId": "zzz"}}}, "invalidForeignKey"),
        ({"@type": "Robot"}, "invalidPatch"),
        ({"favourite": "blue"}, "invalidPatch"),
        ({"quotas": {"maxEmails": "many"}}, "invalidPatch"),
        ({"permissions": {"@type": "Sometimes"}}, "invalidPatch"),
        ({"credentials": {"0": {"@type": "Password", "secret": "short"}}}, "invalidProperties"),
        ({"credentials": {"0": {"@type": "AppPassword", "secret": SECRET}}}, "invalidPatch"),
        ({"credentials": {str(n): {"@type": "Password", "secret": SECRET} for n in "01"}}, "invalidProperties"),
        ({"aliases": {"0": {"name": "x"}}}, "validationFailed"),
        ({"aliases": None}, "invalidPatch"),
        ({"emailAddress": "x@example.org"}, "invalidPatch"),
        ({"memberGroupIds": {"zzz": True}}, "invalidForeignKey"),
        ({"permissions": {"@type": "Merge", "enabledPermissions": {"fly": True}}}, "invalidPatch"),
    ],
)
async def test_invalid_account_create_gets_a_specific_error_and_uses_up_no_address(
    admin: StalwartClient, value: dict[str, Any], error: str
) -> None:
    name = unique()
    refused = await admin.try_create(**({"@type": "User", "name": name, "domainId": admin.domain} | value))
    assert refused["notCreated"]["type"] == error
    assert await admin.create(name)


async def test_each_object_of_a_set_succeeds_or_fails_on_its_own(admin: StalwartClient) -> None:
    name = unique()
    user = {"@type": "User", "domainId": admin.domain}
    answer = await admin.call(
        "x:Account/set", create={"a": user | {"name": name}, "b": user | {"name": name}, "c": user | {"name": unique()}}
    )
    assert sorted(answer["created"]) == ["a", "c"]
    assert answer["notCreated"]["b"]["objectId"]["id"] == answer["created"]["a"]["id"]


async def test_account_create_with_an_unknown_role_fails_with_server_unavailable(admin: StalwartClient) -> None:
    roles = {"@type": "Custom", "roleIds": {"zzy": True}}
    answer = await admin.try_create(**{"@type": "User", "name": unique(), "domainId": admin.domain, "roles": roles})
    assert answer["type"] == "serverUnavailable"


async def test_patch_path_changes_a_nested_value_and_null_resets_it(admin: StalwartClient) -> None:
    number = await admin.create(unique(), description="One", quotas={"maxDiskQuota": 5})
    assert await admin.update(number, **{"quotas/maxEmails": 7, "description": "Two"}) == {}
    account = await admin.get(number)
    assert (account["quotas"], account["description"]) == ({"maxDiskQuota": 5, "maxEmails": 7}, "Two")
    assert await admin.update(number, **{"quotas/maxDiskQuota": None, "description": None}) == {}
    account = await admin.get(number)
    assert (account["quotas"], account["description"]) == ({"maxEmails": 7}, None)


@pytest.mark.parametrize(
    ("patch", "error"),
    [
        ({"favourite": "blue"}, "invalidPatch"),
        ({"description/x": 1}, "invalidPatch"),
        ({"aliases/3": None}, "invalidPatch"),
        ({"aliases/first": {}}, "invalidPatch"),
        ({"aliases/0/enabled": False}, "validationFailed"),
        ({"permissions/disabledPermissions/authenticate": True}, "invalidPatch"),
        ({"roles": None}, "invalidPatch"),
        ({"@type": "Group"}, "invalidProperties"),
    ],
)
async def test_patch_with_an_invalid_path_gets_a_specific_error(
    admin: StalwartClient, patch: dict[str, Any], error: str
) -> None:
    number = await admin.create(unique())
    assert (await admin.update(number, **patch))["type"] == error


async def test_some_concurrent_updates_of_an_account_are_rejected_and_see_the_other_value(
    admin: StalwartClient,
) -> None:
    """The server checks that the account has not changed since it was read."""
    number = await admin.create(unique())
    read = ("x:Account/get", {"ids": [number], "properties": ["description"]})

    async def update() -> tuple[Answer, str, str]:
        written = ("x:Account/set", {"update": {number: {"description": uuid.uuid4().hex}}})
        before, outcome, after = await admin.calls(read, written, read)
        return outcome, before["list"][0]["description"], after["list"][0]["description"]

    answers, refused = list[tuple[Answer, str, str]](), list[tuple[str, str]]()
    for turn in range(500):  # it depends on timing whether two of them collide
        answers += await asyncio.gather(*(update() for _ in range(3)))
        refused = [(before, after) for outcome, before, after in answers if "updated" not in outcome]
        if refused and turn >= 30:
            break
    assert {outcome["type"] for outcome, _, _ in answers if "updated" not in outcome} == {"serverUnavailable"}
    assert 0 < len(refused) <= 60, "at least one of three concurrent updates succeeds"
    assert all(before != after for before, after in refused)


async def test_a_destroyed_account_is_gone_and_its_id_is_not_used_again(admin: StalwartClient) -> None:
    name = unique()
    first = await admin.create(name)
    assert (await admin.call("x:Account/set", destroy=[first]))["destroyed"] == [first]
    gone = await admin.calls(
        ("x:Account/get", {"ids": [first]}), ("x:Account/set", {"update": {first: {"name": "x"}}, "destroy": ["zzz"]})
    )
    assert (gone[0]["list"], gone[0]["notFound"]) == ([], [first])
    assert gone[1]["notUpdated"] == {first: {"type": "notFound"}}
    assert gone[1]["notDestroyed"] == {"zzz": {"type": "notFound"}}
    assert await admin.create(name) != first


# People, roles and keys


async def test_api_key_has_the_permissions_of_its_account_and_grants_no_more(admin: StalwartClient) -> None:
    held = ["authenticate", "sysAccountGet", "sysAccountCreate", "sysAccountUpdate"]
    roles = {"@type": "Custom", "roleIds": {await admin.role(*held): True}}
    robot = await admin.create(unique("robot"), roles=roles)
    made = (await admin.try_create("ApiKey", account=robot, description="key"))["created"]
    assert made["secret"].startswith("API_")
    client = StalwartClient(admin.url, made["secret"])
    async with client.http as http:
        assert sorted((await http.get("/api/account")).json()["permissions"]) == sorted(held)
        assert (await client.call("x:Account/query"))["type"] == "forbidden"
        assert (await client.call("x:Account/set", destroy=[robot]))["description"].endswith(
            "destroy objects of this type"
        )
        person = {"@type": "User", "name": unique(), "domainId": admin.domain}
        refusal = (await client.try_create(**person))["notCreated"]
        assert refusal["type"] == "forbidden"
        assert refusal["description"].endswith("and 238 more")
        assert await client.update(robot, description="renamed by itself") == {}
        # none of the permissions that the account lacks
        assert await client.create(unique(), domainId=admin.domain, roles=roles)
        assert (await client.call("x:Account/get", accountId="b", ids=[]))["type"] == "forbidden"


async def test_app_password_gets_the_next_id_and_stops_working_when_destroyed(admin: StalwartClient) -> None:
    name = unique()
    number = await admin.create(name)
    made = [(await admin.try_create("AppPassword", account=number, description=f"n{n}"))["created"] for n in range(3)]
    assert [password["id"] for password in made] == ["b", "c", "d"]
    person = StalwartClient(admin.url, (f"{name}@example.org", made[1]["secret"]))
    async with person.http as http:
        assert (await http.get("/jmap/session")).status_code == 200
        await admin.call("x:AppPassword/set", accountId=number, destroy=["c"])
        assert (await http.get("/jmap/session")).status_code == 401
    again = await admin.try_create("AppPassword", account=number, description="once more")
    assert again["created"]["id"] == "e"
    for last in ("d", "e"):
        await admin.call("x:AppPassword/set", accountId=number, destroy=[last])
    key = await admin.try_create("ApiKey", account=number, description="the next after the highest")
    assert key["created"]["id"] == "c"
    shown = await admin.call("x:AppPassword/get", accountId=number)
    assert {entry["secret"] for entry in shown["list"]} == {"****"}


async def test_new_credentials_replace_all_old_ones_including_api_keys(admin: StalwartClient) -> None:
    number = await admin.create(unique())
    key = (await admin.try_create("ApiKey", account=number, description="key"))["created"]["secret"]
    password = {"@type": "Password", "secret": SECRET}
    assert await admin.update(number, **{"credentials/1": password}) == {}
    changed = {"credentials/1/secret": SECRET[::-1]}
    assert await admin.update(number, **changed) == {}
    shown = (await admin.get(number))["credentials"]
    assert [(entry["@type"], entry["credentialId"]) for entry in shown.values()] == [
        ("ApiKey", "b"),
        ("Password", "c"),
    ]
    async with StalwartClient(admin.url, key).http as http:
        assert (await http.get("/jmap/session")).status_code == 200
        assert await admin.update(number, credentials={"0": password}) == {}
        assert (await http.get("/jmap/session")).status_code == 401


async def test_api_key_may_have_fewer_permissions_than_its_account(admin: StalwartClient) -> None:
    number = await admin.create(unique())
    only = {"@type": "Replace", "permissions": {"authenticate": True, "jmapEmailGet": True}}
    key = (await admin.try_create("ApiKey", account=number, description="key", permissions=only))["created"]
    async with StalwartClient(admin.url, key["secret"]).http as http:
        held = (await http.get("/api/account")).json()["permissions"]
    assert sorted(held) == ["authenticate", "jmapEmailGet"]


# What `postroom setup stalwart` relies on


async def test_a_role_that_changes_changes_what_its_accounts_may_at_once(admin: StalwartClient) -> None:
    role = await admin.role("authenticate")
    account = await admin.create(unique(), roles={"@type": "Custom", "roleIds": {role: True}})
    key = (await admin.try_create("ApiKey", account=account, description="k"))["created"]["secret"]
    async with StalwartClient(admin.url, key).http as http:
        assert (await http.get("/api/account")).json()["permissions"] == ["authenticate"]
        patch = {"enabledPermissions/sysDomainGet": True}
        assert (await admin.call("x:Role/set", update={role: patch}))["updated"] == {role: None}
        assert set((await http.get("/api/account")).json()["permissions"]) == {"authenticate", "sysDomainGet"}
        await admin.call("x:Role/set", update={role: {"enabledPermissions": {"authenticate": True}}})
        assert (await http.get("/api/account")).json()["permissions"] == ["authenticate"]


async def test_a_role_holds_no_permission_that_is_none(admin: StalwartClient) -> None:
    role = await admin.role()
    answer = await admin.call("x:Role/set", update={role: {"enabledPermissions/sysNothing": True}})
    assert answer["notUpdated"][role]["type"] == "invalidPatch"


async def test_people_have_the_default_roles_of_users(admin: StalwartClient) -> None:
    (authentication,) = (await admin.call("x:Authentication/get", ids=["singleton"]))["list"]
    (role,) = (await admin.call("x:Role/get", ids=list(authentication["defaultUserRoleIds"])))["list"]
    assert (role["description"], role["roleIds"]) == ("User", {})
    assert {"emailReceive", "jmapEmailGet"} <= role["enabledPermissions"].keys()


async def test_an_api_key_is_bound_to_addresses_which_it_sees_and_may_change_itself(admin: StalwartClient) -> None:
    number, _ = await admin.create_with(["authenticate", "sysAccountGet", "sysAccountUpdate"])
    bound = {"description": "key", "allowedIps": {"10.0.0.5": True}}
    made = (await admin.try_create("ApiKey", account=number, **bound))["created"]

    async def change(networks: dict[str, bool]) -> dict[str, Any]:
        update = {made["id"]: {"allowedIps": networks}}
        return await admin.call("x:ApiKey/set", accountId=number, update=update)

    robot = StalwartClient(admin.url, made["secret"])
    async with robot.http as http:
        assert (await http.get("/api/account")).status_code == 403
        wanted = {"127.0.0.1": True, "10.0.0.0/8": True}
        assert (await change(wanted))["updated"] == {made["id"]: None}
        assert (await http.get("/api/account")).status_code == 200
        (shown,) = (await robot.get(number))["credentials"].values()
        assert (shown["@type"], shown["credentialId"], shown["allowedIps"]) == ("ApiKey", made["id"], wanted)
        assert (await change({"0.0.0.0/0": True}))["notUpdated"][made["id"]]["type"] == "invalidPatch"
        assert await robot.update(number, **{"credentials/0/allowedIps": {}}) == {}
        (shown,) = (await robot.get(number))["credentials"].values()
        assert shown["allowedIps"] == {}


async def test_a_password_that_is_bound_to_addresses_is_forbidden_from_another(admin: StalwartClient) -> None:
    name = unique()
    password = {"@type": "Password", "secret": SECRET, "allowedIps": {"10.0.0.5": True}}
    number = await admin.create(name, credentials={"0": password})
    login = httpx2.BasicAuth(f"{name}@example.org", SECRET)

    async def status(auth: httpx2.BasicAuth = login) -> int:
        return (await admin.http.get("/api/account", auth=auth)).status_code

    assert await status() == 403
    assert await status(httpx2.BasicAuth(f"{name}@example.org", SECRET + "-not")) == 401
    assert await admin.update(number, **{"credentials/0/allowedIps/127.0.0.0~18": True}) == {}
    assert await status() == 200
    (kept,) = (await admin.get(number))["credentials"].values()
    assert kept["allowedIps"] == {"10.0.0.5": True, "127.0.0.0/8": True}
    assert await admin.update(number, **{"credentials/0/secret": SECRET + "-new"}) == {}
    assert await status() == 401
    (kept,) = (await admin.get(number))["credentials"].values()
    assert kept["allowedIps"] == {"10.0.0.5": True, "127.0.0.0/8": True}
    refused = await admin.update(number, **{"credentials/0/allowedIps": {"here": True}})
    assert (refused["type"], refused["properties"]) == ("invalidPatch", ["credentials/0/allowedIps"])

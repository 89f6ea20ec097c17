"""The behaviour that `postroom setup stalwart` relies on: changed roles, and passwords that are restricted to IP
addresses."""

import httpx2

from stalwart_client import StalwartClient, unique

SECRET = "seven-green-ladders-climb-41"


async def test_a_role_that_changes_changes_what_its_accounts_may_at_once(admin: StalwartClient) -> None:
    role = (await admin.try_create("Role", description=unique("role"), enabledPermissions={"authenticate": True}))[
        "created"
    ]["id"]
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
    role = (await admin.try_create("Role", description=unique("role"), enabledPermissions={}))["created"]["id"]
    answer = await admin.call("x:Role/set", update={role: {"enabledPermissions/sysNothing": True}})
    assert answer["notUpdated"][role]["type"] == "invalidPatch"


async def test_people_have_the_default_roles_of_users(admin: StalwartClient) -> None:
    (authentication,) = (await admin.call("x:Authentication/get", ids=["singleton"]))["list"]
    (role,) = (await admin.call("x:Role/get", ids=list(authentication["defaultUserRoleIds"])))["list"]
    assert (role["description"], role["roleIds"]) == ("User", {})
    assert {"emailReceive", "jmapEmailGet"} <= role["enabledPermissions"].keys()


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

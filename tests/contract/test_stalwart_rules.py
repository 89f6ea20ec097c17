"""The rules of Stalwart's management API, with other values than the recorded ones.

They run against the stand-in, or against a real Stalwart 0.16 where STALWART_URL and
STALWART_ADMIN=login:password name one.
"""

import asyncio
import base64
import os
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from stalwart_client import USING, StalwartClient, unique
from stalwart_stand_in import stalwart_stand_in

SECRET = "seven-green-ladders-climb-41"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def admin(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StalwartClient]:
    """The operator, who may do everything."""
    async with AsyncExitStack() as stack:
        if url := os.environ.get("STALWART_URL"):
            login, _, password = os.environ["STALWART_ADMIN"].partition(":")
            client = StalwartClient(url, (login, password))
        else:
            folder: Path = tmp_path_factory.mktemp("stand-in")
            server = await stack.enter_async_context(stalwart_stand_in(folder))
            client = StalwartClient(server.url, server.admin)
        await stack.enter_async_context(client.http)
        client.domain = await client.ensure_domain("example.org")
        client.other_domain = await client.ensure_domain("example.net")
        yield client


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
async def test_a_name_loses_white_space_and_capitals(admin: StalwartClient, given: str, made: str) -> None:
    tail = uuid.uuid4().hex[:12]
    number = await admin.create(f"{given}{tail.upper()}")
    assert await address(admin, number) == f"{made}{tail}@example.org"


@pytest.mark.parametrize("name", ["trailing.", "two..dots", ".first", "comma,comma", "back\\slash", "at@at", "(round)"])
async def test_a_name_that_is_no_local_part_is_an_invalid_patch(admin: StalwartClient, name: str) -> None:
    answer = await admin.try_create(**{"@type": "User", "name": name, "domainId": admin.domain})
    assert answer["notCreated"] == {
        "type": "invalidPatch",
        "properties": ["name"],
        "description": "Invalid email local part",
    }


@pytest.mark.parametrize("enabled", [True, False])
async def test_an_alias_enabled_or_not_holds_its_address_against_everybody(
    admin: StalwartClient, enabled: bool
) -> None:
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


async def test_an_address_given_up_is_free_again(admin: StalwartClient) -> None:
    name, later = unique(), unique()
    first = await admin.create(name)
    assert await admin.update(first, name=later) == {}
    assert await address(admin, await admin.create(name)) == f"{name}@example.org"
    assert (await admin.update(first, name=name))["type"] == "primaryKeyViolation"


async def test_aliases_are_numbered_anew_after_each_change(admin: StalwartClient) -> None:
    names = [unique("alias") for _ in range(3)]
    entries = {str(n * 4): {"name": name, "domainId": admin.domain} for n, name in enumerate(names)}
    number = await admin.create(unique(), aliases=entries)
    assert [*(await admin.get(number))["aliases"]] == ["0", "1", "2"]
    assert await admin.update(number, **{"aliases/1": None}) == {}
    aliases = (await admin.get(number))["aliases"]
    assert {place: alias["name"] for place, alias in aliases.items()} == {"0": names[0], "1": names[2]}
    assert aliases["0"] == {"name": names[0], "domainId": admin.domain, "enabled": True, "description": None}


@pytest.mark.parametrize("name", ["second.example", "localhost", "no domain", "-dash.org"])
async def test_a_domain_without_a_public_suffix_is_refused(admin: StalwartClient, name: str) -> None:
    answer = await admin.try_create("Domain", name=name)
    assert (answer["notCreated"]["type"], answer["notCreated"]["description"]) == (
        "invalidPatch",
        "Invalid domain name",
    )


async def test_a_domain_exists_once_whatever_its_spelling(admin: StalwartClient) -> None:
    tail = uuid.uuid4().hex[:12]
    made = (await admin.try_create("Domain", name=f"mün{tail}.test"))["created"]["id"]
    again = await admin.try_create("Domain", name=f"MÜN{tail}.test")
    assert again["notCreated"]["type"] == "primaryKeyViolation"
    assert again["notCreated"]["objectId"] == {"object": "Domain", "id": made}
    assert await admin.call("x:Domain/set", destroy=[made]) | {"accountId": ""} == {
        "accountId": "",
        "destroyed": [made],
    }


# The mark


async def test_a_mark_makes_a_second_mailbox_impossible_in_whichever_domain(admin: StalwartClient) -> None:
    identity = uuid.uuid4().hex
    holder = await admin.create(unique(), aliases=mark(admin, identity))
    for domain in (admin.domain, admin.other_domain):
        value = {"@type": "User", "name": unique(), "domainId": domain, "aliases": mark(admin, identity)}
        refusal = (await admin.try_create(**value))["notCreated"]
        assert (refusal["type"], refusal["objectId"]["id"]) == ("primaryKeyViolation", holder)
    found = await admin.call("x:Account/query", filter={"text": identity})
    assert found["ids"] == [holder]


async def test_eight_creates_at_once_with_one_mark_make_one_account(admin: StalwartClient) -> None:
    identity = uuid.uuid4().hex
    names = [unique() for _ in range(8)]
    value = {"@type": "User", "domainId": admin.domain, "aliases": mark(admin, identity)}
    answers = await asyncio.gather(*(admin.try_create(**value, name=name) for name in names))
    made = [answer["created"]["id"] for answer in answers if "created" in answer]
    refused = [answer for answer in answers if "notCreated" in answer]
    assert len(made) == 1
    assert {answer["notCreated"]["type"] for answer in refused} == {"primaryKeyViolation"}
    assert {answer.get("type") for answer in answers if "created" not in answer and "notCreated" not in answer} <= {
        "serverUnavailable"
    }
    found = await admin.call("x:Account/query", filter={"text": identity})
    assert found["ids"] == made


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
        ({"credentials": {"0": {"@type": "AppPassword", "secret": SECRET}}}, "invalidProperties"),
    ],
)
async def test_a_create_that_is_wrong_is_refused_by_kind_and_uses_up_no_address(
    admin: StalwartClient, value: dict[str, Any], error: str
) -> None:
    name = unique()
    refused = await admin.try_create(**({"@type": "User", "name": name, "domainId": admin.domain} | value))
    assert refused["notCreated"]["type"] == error
    assert await admin.create(name)


async def test_each_object_of_a_set_stands_for_itself(admin: StalwartClient) -> None:
    name = unique()
    user = {"@type": "User", "domainId": admin.domain}
    answer = await admin.call(
        "x:Account/set", create={"a": user | {"name": name}, "b": user | {"name": name}, "c": user | {"name": unique()}}
    )
    assert [*answer["created"]] == ["a", "c"]
    assert answer["notCreated"]["b"]["objectId"]["id"] == answer["created"]["a"]["id"]


async def test_an_unknown_role_ends_the_call_with_server_unavailable(admin: StalwartClient) -> None:
    roles = {"@type": "Custom", "roleIds": {"zzy": True}}
    answer = await admin.try_create(**{"@type": "User", "name": unique(), "domainId": admin.domain, "roles": roles})
    assert answer["type"] == "serverUnavailable"


async def test_a_patch_reaches_into_an_object_and_null_resets(admin: StalwartClient) -> None:
    number = await admin.create(unique(), description="One", quotas={"maxDiskQuota": 5})
    assert await admin.update(number, **{"quotas/maxEmails": 7, "description": "Two"}) == {}
    account = await admin.get(number)
    assert (account["quotas"], account["description"]) == ({"maxDiskQuota": 5, "maxEmails": 7}, "Two")
    assert await admin.update(number, **{"quotas/maxDiskQuota": None, "description": None}) == {}
    account = await admin.get(number)
    assert (account["quotas"], account["description"]) == ({"maxEmails": 7}, None)


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


# Queries


async def test_pages_by_anchor_give_every_account_once_and_in_order(admin: StalwartClient) -> None:
    made = [await admin.create(unique()) for _ in range(7)]
    sort = [{"property": "id", "isAscending": True}]
    seen: list[str] = []
    page: dict[str, Any] = {}
    while True:
        answer = await admin.call("x:Account/query", filter={"@type": "User"}, sort=sort, limit=3, **page)
        if not answer["ids"]:
            break
        seen += answer["ids"]
        page = {"anchor": seen[-1]}
    assert len(seen) == len(set(seen))
    assert [number for number in seen if number in made] == made


async def test_newest_come_first_and_a_position_skips(admin: StalwartClient) -> None:
    word = uuid.uuid4().hex
    made = [await admin.create(unique(), description=f"Of {word}") for _ in range(4)]
    wanted = {"filter": {"text": word}, "calculateTotal": True}
    everything = await admin.call("x:Account/query", **wanted)
    assert (everything["ids"], everything["total"]) == (made[::-1], 4)
    middle = await admin.call("x:Account/query", **wanted, position=1, limit=2)
    assert (middle["ids"], middle["position"], middle["total"]) == (made[2:0:-1], 1, 4)


async def test_text_finds_words_of_name_description_and_aliases_joined_by_and(admin: StalwartClient) -> None:
    first, second = uuid.uuid4().hex, uuid.uuid4().hex
    alias = {"0": {"name": f"x.{second}", "domainId": admin.domain}}
    both = await admin.create(f"y-{first}", aliases=alias)
    one = await admin.create(unique(), description=f"({first.upper()})")
    for text, found in {
        f"{first} {second}": [both],
        f"{first}-{second}": [both],
        first: [one, both],
        f"{first} {uuid.uuid4().hex}": [one, both],  # a word that occurs nowhere is skipped
        uuid.uuid4().hex: [],
    }.items():
        assert (await admin.call("x:Account/query", filter={"text": text}))["ids"] == found


async def test_filters_join_and_an_unknown_one_is_refused(admin: StalwartClient) -> None:
    name = unique()
    here = await admin.create(name)
    there = await admin.create(name, domainId=admin.other_domain)
    for domain, number in ((admin.domain, here), (admin.other_domain, there)):
        assert (await admin.call("x:Account/query", filter={"name": name, "domainId": domain}))["ids"] == [number]
    assert (await admin.call("x:Account/query", filter={"name": name}))["ids"] == [there, here]
    assert (await admin.call("x:Account/query", filter={"alias": name}))["type"] == "unsupportedFilter"


# The envelope


async def test_results_and_creation_ids_are_carried_from_call_to_call(admin: StalwartClient) -> None:
    domain = f"{unique('d')}.test"
    user = {"@type": "User", "domainId": "#d"}
    answers = await admin.calls(
        ("x:Domain/set", {"create": {"d": {"name": domain}}}),
        ("x:Account/set", {"create": {"c": user | {"name": "one"}, "e": user | {"name": "two"}}}),
        ("x:Account/get", {"#ids": {"resultOf": "1", "name": "x:Account/set", "path": "/created/c/id"}}),
        ("x:Domain/get", {"#ids": {"resultOf": "2", "name": "x:Account/get", "path": "/list/*/domainId"}}),
        ("x:Account/set", {"update": {"#e": {"description": "by its creation id"}}}),
        ("x:Account/get", {"#ids": {"resultOf": "1", "name": "x:Account/get", "path": "/ids"}}),
    )
    assert answers[2]["list"][0]["emailAddress"] == f"one@{domain}"
    assert [entry["name"] for entry in answers[3]["list"]] == [domain]
    assert "notUpdated" not in answers[4]
    assert answers[5]["type"] == "invalidResultReference"


@pytest.mark.parametrize(
    "arguments",
    [{"ids": "b"}, {"ids": [1]}, {"ifInState": 5}, {"create": []}, {"limit": "ten"}, {"filter": "name"}],
)
async def test_one_unreadable_argument_spoils_the_whole_request(
    admin: StalwartClient, arguments: dict[str, Any]
) -> None:
    method = "x:Account/query" if {"limit", "filter"} & set(arguments) else "x:Account/set"
    method = "x:Account/get" if "ids" in arguments else method
    calls = [["Core/echo", {}, "0"], [method, arguments, "1"]]
    response = await admin.http.post("/jmap/", json={"using": USING, "methodCalls": calls})
    assert (response.status_code, response.json()["type"]) == (400, "urn:ietf:params:jmap:error:notRequest")


async def test_more_than_500_objects_are_too_many(admin: StalwartClient) -> None:
    assert (await admin.call("x:Account/get", ids=["b"] * 501))["type"] == "requestTooLarge"
    updates = {f"z{n}": {} for n in range(501)}
    assert (await admin.call("x:Account/set", update=updates))["type"] == "requestTooLarge"


@pytest.mark.parametrize(
    "header",
    ["", "Basic", "Basic !!!", "Bearer API_nothing", "Basic " + base64.b64encode(b"no@example.org:x").decode()],
)
async def test_without_right_credentials_the_answer_is_401_with_both_challenges(
    admin: StalwartClient, header: str
) -> None:
    async with httpx2.AsyncClient(base_url=admin.url) as nobody:
        response = await nobody.post("/jmap/", json={}, headers={"Authorization": header} if header else {})
    assert response.status_code == 401
    assert "resource_metadata" in response.headers["www-authenticate"]


# People, roles and keys


async def test_a_suspended_person_is_known_but_not_let_in(admin: StalwartClient) -> None:
    name = unique()
    credentials = {"0": {"@type": "Password", "secret": SECRET}}
    number = await admin.create(name, credentials=credentials)
    person = StalwartClient(admin.url, (f"{name}@example.org", SECRET))
    async with person.http as http:
        assert (await http.get("/jmap/session")).json()["primaryAccounts"]["urn:stalwart:jmap"] == number
        off = {"@type": "Merge", "enabledPermissions": {}, "disabledPermissions": {"authenticate": True}}
        assert await admin.update(number, permissions=off) == {}
        assert (await http.get("/jmap/session")).status_code == 403
        assert await admin.update(number, permissions={"@type": "Inherit"}) == {}
        changed = {"@type": "Password", "secret": SECRET[::-1]}
        assert await admin.update(number, **{"credentials/0": changed}) == {}
        assert (await http.get("/jmap/session")).status_code == 401


async def test_a_key_does_what_its_account_may_and_hands_out_no_more(admin: StalwartClient) -> None:
    name = unique("robot")
    held = ["authenticate", "sysAccountGet", "sysAccountCreate", "sysAccountUpdate"]
    role = await admin.try_create("Role", description=name, enabledPermissions=dict.fromkeys(held, True))
    roles = {"@type": "Custom", "roleIds": {role["created"]["id"]: True}}
    robot = await admin.create(name, roles=roles)
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
        assert await client.create(unique(), domainId=admin.domain, roles=roles)  # nothing that it lacks
        assert (await client.call("x:Account/get", accountId="b", ids=[]))["type"] == "forbidden"


async def test_app_passwords_take_the_lowest_free_id_and_end_with_their_destruction(admin: StalwartClient) -> None:
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
    assert again["created"]["id"] == "c"
    shown = await admin.call("x:AppPassword/get", accountId=number)
    assert {entry["secret"] for entry in shown["list"]} == {"****"}

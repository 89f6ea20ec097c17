"""The rules of Stalwart's queries and of the request itself, with other values than the recorded ones. On the stand-in,
or on a real server (conftest.py)."""

import base64
import uuid
from typing import Any

import httpx2
import pytest

from stalwart_client import USING, StalwartClient, unique

pytestmark = pytest.mark.stand_in

# Queries


async def test_paging_by_anchor_returns_every_account_once_in_order(admin: StalwartClient) -> None:
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


async def test_account_query_returns_the_newest_first_and_position_skips(admin: StalwartClient) -> None:
    word = uuid.uuid4().hex
    made = [await admin.create(unique(), description=f"Of {word}") for _ in range(4)]
    wanted = {"filter": {"text": word}, "calculateTotal": True}
    everything = await admin.call("x:Account/query", **wanted)
    assert (everything["ids"], everything["total"]) == (made[::-1], 4)
    middle = await admin.call("x:Account/query", **wanted, position=1, limit=2)
    assert (middle["ids"], middle["position"], middle["total"]) == (made[2:0:-1], 1, 4)


async def test_text_filter_matches_all_words_in_name_description_and_aliases(admin: StalwartClient) -> None:
    first, second = uuid.uuid4().hex, uuid.uuid4().hex
    alias = {"0": {"name": f"x.{second}", "domainId": admin.domain}}
    both = await admin.create(f"y-{first}", aliases=alias)
    one = await admin.create(unique(), description=f"({first.upper()})")
    for text, found in {
        f"{first} {second}": [both],
        f"{first}-{second}": [both],
        first: [one, both],
        f"{uuid.uuid4().hex} {first}": [one, both],  # leading words that occur nowhere are skipped
        f"{first} {uuid.uuid4().hex}": [],
        first[:12]: [],
        "": [],
    }.items():
        assert (await admin.call("x:Account/query", filter={"text": text}))["ids"] == found


async def test_account_query_combines_filters_and_rejects_unknown_ones(admin: StalwartClient) -> None:
    name = unique()
    here = await admin.create(name)
    there = await admin.create(name, domainId=admin.other_domain)
    for domain, number in ((admin.domain, here), (admin.other_domain, there)):
        assert (await admin.call("x:Account/query", filter={"name": name, "domainId": domain}))["ids"] == [number]
    assert (await admin.call("x:Account/query", filter={"name": name}))["ids"] == [there, here]
    both = {"operator": "AND", "conditions": [{"name": name}, {"domainId": admin.other_domain}]}
    assert (await admin.call("x:Account/query", filter=both))["ids"] == [there]
    for refused in ({"alias": name}, {"name": 5}, {"operator": "OR", "conditions": [{"name": name}]}):
        assert (await admin.call("x:Account/query", filter=refused))["type"] == "unsupportedFilter"


async def test_query_without_calculate_total_takes_the_oldest_and_reverses_them(admin: StalwartClient) -> None:
    """This is the server's fast path: to get the newest accounts, request the total."""
    word = uuid.uuid4().hex
    made = [await admin.create(unique(), description=word) for _ in range(5)]
    wanted = {"filter": {"text": word}, "limit": 2}
    assert (await admin.call("x:Account/query", **wanted))["ids"] == [made[1], made[0]]
    skipped = await admin.call("x:Account/query", **wanted, position=2)
    assert (skipped["ids"], skipped["position"]) == ([made[3], made[2]], 0)
    last = await admin.call("x:Account/query", **wanted, position=-1)
    assert (last["ids"], last["position"], last["limit"]) == ([made[0]], 4, 2)
    anchored = await admin.call("x:Account/query", **wanted, anchor=made[2], calculateTotal=True)
    assert (anchored["ids"], anchored["position"]) == ([made[2], made[1]], 2)


# The request


async def test_result_references_and_creation_ids_work_across_calls(admin: StalwartClient) -> None:
    domain = f"{unique('d')}.test"
    user = {"@type": "User", "domainId": "#d"}
    answers = await admin.calls(
        ("x:Domain/set", {"create": {"d": {"name": domain}}}),
        ("x:Account/set", {"create": {"c": user | {"name": "one"}, "e": user | {"name": "two"}}}),
        ("x:Account/get", {"ids": ["#c"]}),
        ("x:Domain/get", {"#ids": {"resultOf": "2", "name": "x:Account/get", "path": "/list/*/domainId"}}),
        ("x:Account/set", {"update": {"#e": {"description": "by its creation id"}}}),
        ("x:Account/get", {"#ids": {"resultOf": "2", "name": "x:Account/get", "path": "/list/0/id"}}),
        ("x:Account/get", {"ids": ["#e"], "properties": ["description"]}),
    )
    assert answers[2]["list"][0]["emailAddress"] == f"one@{domain}"
    assert [entry["name"] for entry in answers[3]["list"]] == [domain]
    assert not {"updated", "notUpdated"} & answers[4].keys()  # ignored
    assert answers[5]["list"][0]["emailAddress"] == f"one@{domain}"
    assert answers[6]["list"][0]["description"] is None


async def test_created_ids_are_returned_if_the_request_contained_some(admin: StalwartClient) -> None:
    known = await admin.create(unique())
    user = {"@type": "User", "name": unique(), "domainId": admin.domain}
    calls = (("x:Account/get", {"ids": ["#known"]}), ("x:Account/set", {"create": {"c": user}}))
    response = await admin.request(*calls, createdIds={"known": known})
    (_, found, _), (_, made, _) = response["methodResponses"]
    assert found["list"][0]["id"] == known
    assert response["createdIds"] == {"known": known, "c": made["created"]["c"]["id"]}


@pytest.mark.parametrize(
    "call",
    [
        ("x:Account/get", {"#ids": {"resultOf": "0", "name": "x:Account/set", "path": "/created/c/id"}}),
        ("x:Account/get", {"#ids": {"resultOf": "0", "name": "x:Account/set", "path": "/created/*/id"}}),
        ("x:Account/get", {"#ids": {"resultOf": "9", "name": "x:Account/get", "path": "/list/*/id"}}),
        ("x:Account/get", {"#ids": {"resultOf": "1", "name": "x:Domain/query", "path": "/nothing/here"}}),
        ("x:Account/get", {"ids": ["#nobody"]}),
        ("x:Account/set", {"create": {"x": {"@type": "User", "name": "x", "domainId": "#nobody"}}}),
    ],
)
async def test_result_reference_to_a_set_or_a_missing_call_is_invalid(
    admin: StalwartClient, call: tuple[str, dict[str, Any]]
) -> None:
    user = {"@type": "User", "name": unique(), "domainId": admin.domain}
    made, _, answer = await admin.calls(("x:Account/set", {"create": {"c": user}}), ("x:Domain/query", {}), call)
    assert "created" in made
    assert answer["type"] == "invalidResultReference"


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("get", {"ids": "b"}),
        ("get", {"ids": [1]}),
        ("set", {"ifInState": 5}),
        ("set", {"destroy": "b"}),
        ("set", {"update": 5}),
        ("get", {"properties": "name"}),
        ("query", {"limit": "ten"}),
        ("query", {"limit": -1}),
        ("query", {"filter": "name"}),
        ("query", {"sort": "id"}),
        ("query", {"anchor": 5}),
    ],
)
async def test_argument_of_a_wrong_type_is_an_invalid_arguments_error_of_its_call(
    admin: StalwartClient, method: str, arguments: dict[str, Any]
) -> None:
    echo, answer = await admin.calls(("Core/echo", {"on": 1}), (f"x:Account/{method}", arguments))
    assert (echo, answer["type"]) == ({"on": 1}, "invalidArguments")


@pytest.mark.parametrize(
    "request_body",
    [
        {"using": USING, "methodCalls": [["Core/echo", {}, "0"], ["x:Account/set", {"create": []}, "1"]]},
        {"using": USING, "methodCalls": [["Core/echo", {}, 0]]},
        {"using": ["urn:example:x"], "methodCalls": []},
        {"methodCalls": []},
        [],
    ],
)
async def test_malformed_jmap_request_is_rejected_as_a_whole(admin: StalwartClient, request_body: Any) -> None:
    response = await admin.http.post("/jmap/", json=request_body)
    assert (response.status_code, response.json()["type"]) == (400, "urn:ietf:params:jmap:error:notRequest")


async def test_get_or_set_of_more_than_500_objects_is_too_large(admin: StalwartClient) -> None:
    assert (await admin.call("x:Account/get", ids=["b"] * 501))["type"] == "requestTooLarge"
    updates = {f"z{n}": {} for n in range(501)}
    assert (await admin.call("x:Account/set", update=updates))["type"] == "requestTooLarge"


@pytest.mark.parametrize(
    "header",
    ["", "Basic", "Basic !!!", "Bearer API_nothing", "Basic " + base64.b64encode(b"no@example.org:x").decode()],
)
async def test_wrong_or_missing_credentials_get_401_with_both_challenges(admin: StalwartClient, header: str) -> None:
    async with httpx2.AsyncClient(base_url=admin.url) as nobody:
        response = await nobody.post("/jmap/", json={}, headers={"Authorization": header} if header else {})
    assert response.status_code == 401
    assert "resource_metadata" in response.headers["www-authenticate"]

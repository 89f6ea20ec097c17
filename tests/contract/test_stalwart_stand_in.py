"""The stand-in for Stalwart: it answers what a real server answered, keeps its state, and fails as it is told."""

import asyncio
import base64
import json
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from stalwart_client import USING, StalwartClient, unique
from stalwart_stand_in import StalwartStandIn, stalwart_stand_in

RECORDED = Path(__file__).parent / "recorded" / "stalwart-0.16.19-management.jsonl"
# Members whose value is the server's own: times, states, secrets, and words for people.
FREE = {"sessionState", "state", "queryState", "createdAt", "secret", "description", "detail", "title"}


@pytest_asyncio.fixture(loop_scope="session")
async def server(tmp_path: Path) -> AsyncIterator[StalwartStandIn]:
    async with stalwart_stand_in(tmp_path, domains=["example.org", "example.net"]) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def client(server: StalwartStandIn) -> AsyncIterator[StalwartClient]:
    """With the key that Postroom gets."""
    assert server.api_key
    client = StalwartClient(server.url, server.api_key)
    async with client.http:
        client.domain = await client.ensure_domain("example.org")
        yield client


# The recorded exchanges


def differences(wanted: Any, found: Any, path: str = "") -> Iterator[str]:
    """Where two JSON values differ, but for the free members and the order of lists of objects."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for name in sorted(wanted.keys() ^ found.keys()):
            yield f"{path}/{name} is {'missing' if name in wanted else 'too much'}"
        for name in sorted(wanted.keys() & found.keys()):
            if name not in FREE or isinstance(wanted[name], dict | list):
                yield from differences(wanted[name], found[name], f"{path}/{name}")
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        if wanted and isinstance(wanted[0], dict):
            wanted, found = (sorted(entries, key=lambda e: str(e.get("id", e))) for entries in (wanted, found))
        for place, pair in enumerate(zip(wanted, found, strict=True)):
            yield from differences(*pair, f"{path}/{place}")
    elif wanted != found:
        yield f"{path} should be {wanted!r} and is {found!r}"


def outline(body: Any) -> Any:
    if isinstance(body, dict) and "methodResponses" in body:
        return [(method, sorted(answer)) for method, answer, _ in body["methodResponses"]]
    return sorted(body)


def authorization(auth: dict[str, Any] | None, secrets: dict[str, str]) -> dict[str, str]:
    if auth is None:
        return {}
    if "bearer" in auth:
        return {"Authorization": f"Bearer {secrets[auth['bearer']['secret_of']]}"}
    login, password = auth["basic"]
    secret = secrets[password["secret_of"]] if isinstance(password, dict) else password
    return {"Authorization": "Basic " + base64.b64encode(f"{login}:{secret}".encode()).decode()}


async def exchange(http: httpx2.AsyncClient, line: dict[str, Any], secrets: dict[str, str]) -> list[str]:
    """Sends the request of a line and lists how the answer differs from the recorded one."""
    request, wanted = line["request"], line["response"]
    headers = authorization(line["auth"], secrets)
    body = request.get("body")
    if body is not None:
        headers["Content-Type"] = request["content_type"]
        body = body if isinstance(body, str) else json.dumps(body)
    answer = await http.request(request["method"], request["path"], content=body, headers=headers)
    found = answer.json() if "json" in answer.headers.get("content-type", "") else answer.text
    unlike = [] if answer.status_code == wanted["status"] else [f"status {answer.status_code}"]
    for name, value in (wanted.get("headers") or {}).items():
        if value not in answer.headers.get(name, ""):
            unlike.append(f"header {name} is {answer.headers.get(name)!r}")
    if line["replay"] == "exact":
        unlike += differences(wanted["body"], found)
    elif outline(wanted["body"]) != outline(found):
        unlike.append(f"{outline(wanted['body'])} is {outline(found)}")
    if "secret" in json.dumps(found) and isinstance(found, dict):
        created = found["methodResponses"][0][1].get("created", {}).get("c", {})
        secrets[line["note"]] = created.get("secret", "")
    return [f"{line['note']}: {text}" for text in unlike]


async def test_every_recorded_exchange_is_answered_as_the_real_server_did(tmp_path: Path) -> None:
    lines = [json.loads(line) for line in RECORDED.read_text("utf-8").splitlines()]
    played = [line for line in lines if line["replay"] != "rule"]
    unlike: list[str] = []
    secrets: dict[str, str] = {}
    fresh = stalwart_stand_in(tmp_path, domains=["example.org", "example.net"], api_key=None)
    async with fresh as server, httpx2.AsyncClient(base_url=server.url, timeout=30) as http:
        for line in played:
            unlike += await exchange(http, line, secrets)
    assert (len(played), unlike) == (118, [])


# The process


async def until(server: StalwartStandIn, condition: Callable[[dict[str, Any]], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition(await server.state()):  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.01)


async def test_whatever_was_answered_survives_kill_9(server: StalwartStandIn) -> None:
    async def create_until_cut(worker: int) -> list[tuple[str, str]]:
        client = StalwartClient(server.url, server.admin)
        client.domain = "b"
        made: list[tuple[str, str]] = []
        async with client.http:
            for n in range(10_000):
                try:
                    made.append((await client.create(f"w{worker}-{n}"), f"w{worker}-{n}@example.org"))
                except httpx2.TransportError:
                    return made
        raise AssertionError("the server was never cut off")

    workers = [asyncio.create_task(create_until_cut(worker)) for worker in range(3)]
    await until(server, lambda state: len(state["accounts"]) > 60)
    await server.set_fault(kind="throttle", word="nobody", retry_after=77)
    await server.kill()
    answered = [pair for made in await asyncio.gather(*workers) for pair in made]
    await server.start()
    kept = [(account["id"], account["addresses"][0]) for account in await server.accounts()]
    assert len(answered) >= 50
    assert set(answered) <= set(kept)
    assert len({number for number, _ in kept}) == len({name for _, name in kept}) == len(kept)
    assert [(fault["kind"], fault["retry_after"]) for fault in (await server.state())["faults"]] == [("throttle", 77)]


async def test_it_stops_at_the_end_of_its_standard_input(server: StalwartStandIn) -> None:
    await server.set_fault(kind="hang")
    async with httpx2.AsyncClient(base_url=server.url, timeout=30) as http:
        hanging = asyncio.create_task(http.get("/jmap/session"))
        await until(server, lambda state: "fault: hang" in state["requests"])
        assert await server.stop() == 0
        with pytest.raises(httpx2.TransportError):
            await hanging


async def test_a_port_that_is_taken_is_told_in_a_sentence(server: StalwartStandIn, tmp_path: Path) -> None:
    port = server.url.rpartition(":")[2]
    command = ["-m", "postroom.sandbox.stalwart", "--state", str(tmp_path / "b"), "--domain", "x.test", "--port", port]
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stderr=asyncio.subprocess.PIPE)
    _, said = await process.communicate()
    assert process.returncode == 1
    assert said.decode().startswith(f"Port {port} on 127.0.0.1 cannot be had")


async def test_the_key_of_the_trial_holds_the_documented_rights(client: StalwartClient) -> None:
    held = set((await client.http.get("/api/account")).json()["permissions"])
    seven = {"authenticate", "sysDomainGet", "sysDomainQuery"}
    seven |= {f"sysAccount{verb}" for verb in ("Get", "Query", "Create", "Update")}
    assert seven <= held
    assert not held & {"sysAccountDestroy", "impersonate", "unlimitedRequests", "sysDomainCreate"}
    assert await client.create("alice")
    assert (await client.call("x:Account/set", destroy=["b"]))["type"] == "forbidden"


async def test_a_new_key_replaces_the_former_one_at_the_next_start(server: StalwartStandIn) -> None:
    former, server.api_key = server.api_key, "API_another-key-of-the-tests"
    assert former
    await server.kill()
    await server.start()
    for key, status in ((former, 401), (server.api_key, 200)):
        async with StalwartClient(server.url, key).http as http:
            assert (await http.get("/jmap/session")).status_code == status


async def test_a_create_costs_about_a_millisecond(client: StalwartClient) -> None:
    """Compared with an echo over the same way, so that a slow machine does not matter."""

    async def seconds(calls: list[tuple[str, dict[str, Any]]]) -> float:
        spent: list[float] = []
        for method, arguments in calls:
            begun = time.perf_counter()
            await client.call(method, **arguments)
            spent.append(time.perf_counter() - begun)
        return sorted(spent)[len(spent) // 2]

    user = {"@type": "User", "domainId": client.domain, "description": "One Two"}
    create: list[tuple[str, dict[str, Any]]] = [
        ("x:Account/set", {"create": {"c": user | {"name": unique()}}}) for _ in range(200)
    ]
    echo: list[tuple[str, dict[str, Any]]] = [("Core/echo", {}) for _ in range(200)]
    assert await seconds(create) - await seconds(echo) < 0.003


# Limits


async def test_the_fifth_request_at_once_of_one_account_is_refused_with_400(tmp_path: Path) -> None:
    async with stalwart_stand_in(tmp_path, latency_ms=1000) as server:
        assert server.api_key
        client = StalwartClient(server.url, server.api_key)
        admin = StalwartClient(server.url, server.admin)
        body = {"using": USING, "methodCalls": [["Core/echo", {}, "0"]]}
        async with client.http as http, admin.http as unlimited:
            answers = await asyncio.gather(*(http.post("/jmap/", json=body) for _ in range(10)))
            others = await asyncio.gather(*(unlimited.post("/jmap/", json=body) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] * 4 + [400] * 6
    assert {answer.status_code for answer in others} == {200}  # who holds unlimitedRequests
    refusal = next(answer.json() for answer in answers if answer.status_code == 400)
    assert (refusal["type"], refusal["limit"]) == ("urn:ietf:params:jmap:error:limit", "maxConcurrentRequests")


# Faults


async def status(client: StalwartClient, name: str, timeout: float = 30) -> int | None:  # noqa: ASYNC109 - handed to the HTTP client
    """Of a create; None where there was no answer."""
    user = {"@type": "User", "name": name, "domainId": client.domain}
    calls = [["x:Account/set", {"create": {"c": user}}, "0"]]
    try:
        request = {"using": USING, "methodCalls": calls}
        # The server ends a connection after some refusals: a request of its own must not meet that.
        alone = {"Connection": "close"}
        return (await client.http.post("/jmap/", json=request, headers=alone, timeout=timeout)).status_code
    except httpx2.TransportError:
        return None


@pytest.mark.parametrize(
    ("kind", "answer", "happened"),
    [
        ("refuse", None, False),
        ("reset-before", None, False),
        ("reset-after", None, True),
        ("unavailable", 503, False),
        ("limit", 400, False),
        ("throttle", 429, False),
    ],
)
async def test_a_fault_strikes_as_often_as_was_asked_and_then_no_more(
    server: StalwartStandIn, client: StalwartClient, kind: str, answer: int | None, happened: bool
) -> None:
    await server.set_fault(kind=kind, count=2)
    assert [await status(client, name) for name in ("one", "two", "three")] == [answer, answer, 200]
    made = [account["addresses"][0].partition("@")[0] for account in await server.accounts()]
    assert made == (["one", "two", "three"] if happened else ["three"])
    assert (await server.request_counts())[f"fault: {kind}"] == 2


async def test_fail_is_500_for_creates_whose_address_contains_the_word(
    server: StalwartStandIn, client: StalwartClient
) -> None:
    await server.set_fault(kind="fail")
    assert await status(client, "Should-Fail-1") == 500
    assert await status(client, "alice") == 200
    assert (await client.call("Core/echo", hello=1)) == {"hello": 1}
    await server.set_fault(kind="fail", word="ob@example.org")
    assert [await status(client, name) for name in ("bob", "should-fail-2")] == [500, 200]
    await server.clear_faults()
    assert await status(client, "bob") == 200


async def test_throttle_says_how_long_to_wait(server: StalwartStandIn, client: StalwartClient) -> None:
    await server.set_fault(kind="throttle", retry_after=17)
    answer = await client.http.get("/jmap/session")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "17")


async def test_hang_answers_when_it_is_lifted_and_does_nothing_for_a_client_that_went(
    server: StalwartStandIn, client: StalwartClient
) -> None:
    await server.set_fault(kind="hang")
    waiting = asyncio.create_task(status(client, "patient"))
    assert await status(client, "impatient", timeout=0.3) is None
    assert not waiting.done()
    await until(server, lambda state: "client gone" in state["requests"])
    await server.clear_faults()
    assert await waiting == 200
    assert [account["addresses"] for account in await server.accounts()] == [["patient@example.org"]]


async def test_slow_answers_after_the_delay(server: StalwartStandIn, client: StalwartClient) -> None:
    await server.set_fault(kind="slow", delay_ms=400)
    begun = time.monotonic()
    assert await status(client, "snail") == 200
    assert time.monotonic() - begun >= 0.4


async def test_a_full_store_answers_and_reads_and_takes_no_write(
    server: StalwartStandIn, client: StalwartClient
) -> None:
    """As 0.16.19 does with its disk full."""
    number = await client.create("alice")
    await server.set_fault(kind="full")
    assert (await client.http.get("/jmap/session")).status_code == 200
    update = {"update": {number: {"description": "new"}}}
    echo, found, refused, account = await client.calls(
        ("Core/echo", {"hello": 1}),
        ("x:Account/query", {"filter": {"name": "alice"}}),
        ("x:Account/set", update),
        ("x:Account/get", {"ids": [number]}),
    )
    assert (echo, found["ids"], refused["type"]) == ({"hello": 1}, [number], "serverUnavailable")
    assert account["list"][0]["description"] is None
    answer = await client.request(
        ("x:ApiKey/set", {"create": {"c": {"description": "one more"}}}),
        ("Mailbox/set", {"accountId": number, "create": {"c": {"name": "New"}}}),
        ("Blob/upload", {"accountId": number, "create": {"c": {"data": [{"data:asText": "Hi"}]}}}),
        using=[*USING, "urn:ietf:params:jmap:mail", "urn:ietf:params:jmap:blob"],
    )
    assert [error["type"] for _, error, _ in answer["methodResponses"]] == ["serverUnavailable"] * 3
    assert (await client.http.post(f"/jmap/upload/{number}/", content=b"Hi")).status_code == 500
    await server.clear_faults()
    assert await client.update(number, description="new") == {}


async def test_a_store_can_be_full_for_some_addresses_alone(server: StalwartStandIn, client: StalwartClient) -> None:
    """A failure of one create while the server is well."""
    await server.set_fault(kind="full", word="bob")
    user = {"@type": "User", "domainId": client.domain}
    assert (await client.try_create(**user, name="bob"))["type"] == "serverUnavailable"
    number = await client.create("alice")
    assert await client.update(number, description="new") == {}


async def test_the_same_seed_strikes_the_same_requests(server: StalwartStandIn, client: StalwartClient) -> None:
    runs: list[list[int | None]] = []
    for seed in (5, 5, 6):
        await server.set_fault(kind="unavailable", probability=0.5, seed=seed)
        runs.append([await status(client, unique()) for _ in range(20)])
    assert runs[0] == runs[1] != runs[2]
    assert {*runs[0]} == {200, 503}


@pytest.mark.parametrize(
    "fault", [{}, {"kind": "flood"}, {"kind": "slow", "delay_ms": -1}, {"kind": "hang", "colour": "red"}, {"kind": 5}]
)
async def test_a_fault_that_makes_no_sense_is_refused_with_a_sentence(
    server: StalwartStandIn, fault: dict[str, Any]
) -> None:
    async with httpx2.AsyncClient(base_url=server.url) as http:
        answer = await http.put("/_sandbox/faults", json=fault)
        broken = await http.put("/_sandbox/faults", content=b"{")
    assert (answer.status_code, broken.status_code) == (422, 422)
    assert answer.json()["error"]
    assert (await server.state())["faults"] == []


async def test_every_page_of_the_control_surface_says_that_it_is_a_stand_in(
    server: StalwartStandIn, client: StalwartClient
) -> None:
    marks = {"0": {"name": "postroom-0123", "domainId": client.domain, "enabled": False}}
    await client.create("alice", aliases=marks)
    await server.set_fault(kind="unavailable")
    async with httpx2.AsyncClient(base_url=server.url) as http:
        pages = [(await http.get("/_sandbox/")).text, (await http.get("/_sandbox/state")).text]
        pages.append((await http.delete("/_sandbox/faults")).text)
    assert all("stand-in for Stalwart" in page for page in pages)
    assert all(word in pages[0] for word in ("alice@example.org", "postroom-0123", "unavailable", "x:Account/set"))

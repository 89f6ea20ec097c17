"""The behaviour of Kratos that Postroom needs, on the stand-in and on the real one."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import httpx2
import pytest

from kratos_servers import PASSWORD, Kratos, kratos_stand_in, real_kratos
from postroom_sandbox.loopback import LOOPBACK

SERVERS = {"stand-in": kratos_stand_in, "1.3.1": real_kratos}

# All differences. The stand-in follows the current version here, as observed with 26.2.0.
SENDS_TRIGGER_ID = {"stand-in": True, "1.3.1": False}

KEY = "key of the hook"
HOOK_PATH = "/internal/mail/provision"

pytestmark = pytest.mark.parametrize("kratos", SERVERS, indirect=True)


@dataclass(frozen=True)
class Delivery:
    at: float
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Receiver:
    """Receives webhooks. `answers`: the status lines for an address, instead of 200."""

    answers: dict[str, str] = field(default_factory=dict)
    deliveries: list[Delivery] = field(default_factory=list)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        at = time.monotonic()
        start, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = json.loads(await reader.readexactly(int(headers["content-length"])))
        answer = self.answers.get(body["identity"]["traits"]["email"], "200 OK")
        writer.write(f"HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        writer.close()
        async with self.arrived:
            self.deliveries.append(Delivery(at, start.split(" ")[1], headers, body))
            self.arrived.notify_all()

    def of(self, email: str) -> list[Delivery]:
        return [d for d in self.deliveries if d.body["identity"]["traits"]["email"] == email]

    async def receive(self, email: str, count: int = 1) -> list[Delivery]:
        """The deliveries for an address, once there are `count`."""
        async with asyncio.timeout(30), self.arrived:
            await self.arrived.wait_for(lambda: len(self.of(email)) >= count)
        return self.of(email)


@pytest.fixture(scope="module")
async def receiver() -> AsyncIterator[tuple[Receiver, str]]:
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, LOOPBACK, 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield receiver, f"http://{LOOPBACK}:{port}{HOOK_PATH}"


@pytest.fixture(scope="module")
async def kratos(
    request: pytest.FixtureRequest, receiver: tuple[Receiver, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Kratos]:
    server = SERVERS[request.param]
    async with server(tmp_path_factory.mktemp("kratos"), hook_url=receiver[1], hook_key=KEY) as running:
        yield running


@pytest.fixture
def hooks(receiver: tuple[Receiver, str]) -> Receiver:
    return receiver[0]


@pytest.fixture
def email() -> str:
    """A new address each time, with capitals."""
    return f"Person.{uuid4().hex}@Example.org"


def gaps(deliveries: list[Delivery]) -> list[float]:
    moments = [delivery.at for delivery in deliveries]
    return [later - earlier for earlier, later in pairwise(moments)]


def messages(flow: Any) -> set[int]:
    """The ids of all messages in a refused form."""
    nodes = flow["ui"]["nodes"]
    return {m["id"] for part in (flow["ui"], *nodes) for m in part.get("messages", [])}


# The webhook


async def test_a_registration_is_reported_once_with_the_identity_and_our_key(
    kratos: Kratos, hooks: Receiver, email: str, request: pytest.FixtureRequest
) -> None:
    flow = await kratos.flow()
    traits = {"email": email, "name": "Zoë P."}
    answer = await kratos.submit(flow, password=PASSWORD, traits=traits)
    identity = answer.raise_for_status().json()["identity"]
    [delivery] = await hooks.receive(email)

    assert delivery.path == HOOK_PATH
    reported = {name: identity[name] for name in ("id", "schema_id", "state", "created_at")}
    assert delivery.body == {"identity": {**reported, "traits": traits}, "flow_id": flow["id"]}
    assert UUID(identity["id"]) != UUID(int=0)
    assert (delivery.headers["x-postroom-key"], delivery.headers["content-type"]) == (KEY, "application/json")
    assert delivery.headers["user-agent"] == "Go-http-client/1.1"
    UUID(delivery.headers["ory-webhook-request-id"])
    server = request.node.callspec.params["kratos"]
    assert ("ory-webhook-trigger-id" in delivery.headers) == SENDS_TRIGGER_ID[server]
    assert "cookie" not in delivery.headers


async def test_address_keeps_its_capitals_only_in_the_traits(kratos: Kratos, hooks: Receiver, email: str) -> None:
    identity = (await kratos.sign_up(email))["identity"]
    [delivery] = await hooks.receive(email)
    assert identity["traits"] == delivery.body["identity"]["traits"] == {"email": email}
    assert identity["verifiable_addresses"][0]["value"] == email.lower()


async def test_kratos_retries_a_webhook_after_one_and_two_seconds_on_500_but_not_on_422(
    kratos: Kratos, hooks: Receiver, email: str
) -> None:
    refused = f"refused.{email}"
    hooks.answers[refused] = "422 Unprocessable Content"
    hooks.answers[email] = "500 Internal Server Error"
    await kratos.register(refused)
    started = time.monotonic()
    await kratos.register(email)
    assert time.monotonic() - started < 1, "the person waited for the webhook"

    deliveries = await hooks.receive(email, 3)
    first, second = gaps(deliveries)
    assert 0.95 < first < 1.8
    assert 1.95 < second < 2.8
    assert all(delivery.body == deliveries[0].body for delivery in deliveries)
    assert len({d.headers["ory-webhook-request-id"] for d in deliveries}) == 3
    assert len({d.headers.get("ory-webhook-trigger-id") for d in deliveries}) == 1
    assert len(hooks.of(refused)) == 1


async def test_kratos_retries_a_webhook_after_503_when_retry_after_says_so(
    kratos: Kratos, hooks: Receiver, email: str
) -> None:
    not_implemented = f"not.implemented.{email}"
    hooks.answers[not_implemented] = "501 Not Implemented\r\nRetry-After: 0"
    hooks.answers[email] = "503 Service Unavailable\r\nRetry-After: 2"
    await kratos.register(not_implemented)
    await kratos.register(email)
    assert all(1.95 < gap < 2.8 for gap in gaps(await hooks.receive(email, 3)))
    assert len(hooks.of(not_implemented)) == 1


async def test_identity_created_by_the_admin_api_sends_no_webhook(kratos: Kratos, hooks: Receiver, email: str) -> None:
    by_admin = f"by.admin.{email}"
    identities = f"{kratos.admin_url}/admin/identities"
    made = await kratos.http.post(identities, json={"schema_id": "default", "traits": {"email": by_admin}})
    assert made.status_code == 201
    await kratos.register(email)
    await hooks.receive(email)
    assert hooks.of(by_admin) == []


# Registration, login, sessions


async def test_whoami_accepts_a_session_token_header_and_a_bearer_token(kratos: Kratos, email: str) -> None:
    registered = await kratos.sign_up(email)
    token = registered["session_token"]
    answer = await kratos.whoami(token)
    assert answer.status_code == 200
    session = answer.json()
    assert session["id"] == registered["session"]["id"]
    assert session["active"] is True
    assert session["identity"]["id"] == registered["identity"]["id"]
    assert "metadata_admin" not in session["identity"]
    assert answer.headers["x-kratos-authenticated-identity-id"] == registered["identity"]["id"]
    assert session.keys() == {
        *("id", "active", "expires_at", "authenticated_at", "authenticator_assurance_level"),
        *("authentication_methods", "issued_at", "identity", "devices"),
    }
    url, bearer = f"{kratos.public_url}/sessions/whoami", {"Authorization": f"Bearer {token}"}
    assert (await kratos.http.get(url, headers=bearer)).status_code == 200
    # If there are both, the header decides.
    two = {**bearer, "X-Session-Token": "wrong"}
    assert (await kratos.http.get(url, headers=two)).status_code == 401


async def test_login_accepts_the_address_in_any_case_and_only_the_right_password(kratos: Kratos, email: str) -> None:
    identity_id = await kratos.register(email)
    right = await kratos.submit(await kratos.flow("login"), identifier=email.upper(), password=PASSWORD)
    assert right.status_code == 200
    whoami = await kratos.whoami(right.json()["session_token"])
    assert whoami.json()["identity"]["id"] == identity_id
    for wrong in ({"identifier": email, "password": "wrong"}, {"identifier": "nobody", "password": PASSWORD}):
        answer = await kratos.submit(await kratos.flow("login"), **wrong)
        assert (answer.status_code, messages(answer.json())) == (400, {4000006})
    empty = await kratos.submit(await kratos.flow("login"))
    assert (empty.status_code, messages(empty.json())) == (400, {4000002})


async def test_browser_registration_needs_its_csrf_token_and_sets_the_session_cookie(
    kratos: Kratos, hooks: Receiver, email: str
) -> None:
    start = f"{kratos.public_url}/self-service/registration/browser"
    values = {"method": "password", "password": PASSWORD, "traits": {"email": email}}
    headers = {"Accept": "application/json"}
    async with httpx2.AsyncClient(trust_env=False, headers=headers) as browser:
        flow = (await browser.get(start)).json()
        assert flow["type"] == "browser"
        forged = await browser.post(flow["ui"]["action"], json=values)
        assert (forged.status_code, forged.json()["error"]["id"]) == (403, "security_csrf_violation")

        flow = (await browser.get(start)).json()
        nodes = {node["attributes"]["name"]: node["attributes"] for node in flow["ui"]["nodes"]}
        assert nodes.keys() == {"csrf_token", "traits.email", "traits.name", "password", "method"}
        token = nodes["csrf_token"]["value"]
        answer = await browser.post(flow["ui"]["action"], json={**values, "csrf_token": token})
        assert answer.status_code == 200
        assert "session_token" not in answer.json()
        assert "ory_kratos_session" in browser.cookies
        whoami = await browser.get(f"{kratos.public_url}/sessions/whoami")
        assert whoami.json()["identity"]["id"] == answer.json()["identity"]["id"]
        again = await browser.get(start)
        assert (again.status_code, again.json()["error"]["id"]) == (400, "session_already_available")
    assert len(await hooks.receive(email)) == 1


async def test_health_is_reported_on_both_ports(kratos: Kratos) -> None:
    for base in (kratos.public_url, f"{kratos.admin_url}/admin"):
        for path in ("alive", "ready"):
            answer = await kratos.http.get(f"{base}/health/{path}")
            assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


# The admin API


async def listed(kratos: Kratos, **query: Any) -> httpx2.Response:
    return await kratos.http.get(f"{kratos.admin_url}/admin/identities", params=query)


def links(answer: httpx2.Response) -> dict[str, dict[str, list[str]]]:
    """The query of each link, by its relation. All links are relative."""
    found: dict[str, dict[str, list[str]]] = {}
    for link in answer.headers["link"].split(","):
        target, _, relation = link.partition("; ")
        url = urlsplit(target.strip("<>"))
        assert (url.scheme, url.netloc, url.path) == ("", "", "/admin/identities")
        found[relation.removeprefix('rel="').removesuffix('"')] = parse_qs(url.query)
    return found


async def test_paging_returns_each_identity_exactly_once_ordered_by_id(kratos: Kratos, email: str) -> None:
    made = {await kratos.register(f"{number}.{email}") for number in range(7)}
    found: list[str] = []
    query: dict[str, Any] = {"page_size": 3}
    while query:
        answer = await listed(kratos, **query)
        page = answer.raise_for_status().json()
        assert len(page) <= 3
        found += [identity["id"] for identity in page]
        assert links(answer)["first"]["page_size"] == ["3"]
        query = links(answer).get("next", {})
    assert found == sorted(found)
    assert len(found) == len(set(found))
    assert made <= set(found)


async def test_page_with_exactly_all_identities_has_no_next_link(kratos: Kratos, email: str) -> None:
    ids = [await kratos.register(f"{number}.{email}") for number in range(2)]
    for size, relations in ((2, {"first"}), (1, {"first", "next"})):
        answer = await listed(kratos, ids=ids, page_size=size)
        assert links(answer).keys() == relations
        assert [identity["id"] for identity in answer.json()] == sorted(ids)[:size]


async def test_kratos_accepts_a_page_size_above_its_limit_but_no_invalid_parameter(kratos: Kratos, email: str) -> None:
    await kratos.register(email)
    assert (await listed(kratos, page_size=900)).status_code == 200
    assert links(await listed(kratos))["first"]["page_size"] == ["250"]
    for query in ({"page_size": "many"}, {"page_size": 1, "page_token": "nonsense"}, {"ids": "nonsense"}):
        assert (await listed(kratos, **query)).status_code == 400


async def test_listed_identity_contains_admin_fields_but_no_credentials(kratos: Kratos, email: str) -> None:
    identity_id = await kratos.register(email)
    [identity] = (await listed(kratos, ids=identity_id)).json()
    assert identity.keys() == {
        *("id", "schema_id", "schema_url", "state", "state_changed_at", "traits", "verifiable_addresses"),
        *("recovery_addresses", "metadata_public", "metadata_admin", "created_at", "updated_at"),
        "organization_id",
    }
    one = (await kratos.http.get(f"{kratos.admin_url}/admin/identities/{identity_id}")).json()
    assert one.keys() == {*identity.keys(), "credentials"}
    assert "config" not in one["credentials"]["password"]

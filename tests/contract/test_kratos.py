"""The behaviour of Kratos that Postroom needs, on the stand-in and on the real one."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from eventually import eventually
from kratos_browser import COOKIE, Browser, problems, said
from kratos_servers import PASSWORD, SERVERS, Kratos, kratos_itself
from postroom.kratos.identity_list import next_token
from scripted_upstream import Asked, ScriptedUpstream, http_answer, scripted_upstream

# All differences. The stand-in follows the current version here, as observed with 26.2.0.
SENDS_TRIGGER_ID = {"stand-in": True, "1.3.1": False}

KEY = "key of the hook"
HOOK_PATH = "/internal/mail/provision"

pytestmark = kratos_itself


def body_of(delivery: Asked) -> Any:
    return json.loads(delivery.body)


def email_of(delivery: Asked) -> str:
    return body_of(delivery)["identity"]["traits"]["email"]


@dataclass
class Receiver:
    """Receives webhooks. `answers`: those for an address, instead of 200; `moments`: when its deliveries came."""

    server: ScriptedUpstream
    answers: dict[str, bytes] = field(default_factory=dict[str, bytes])
    moments: dict[str, list[float]] = field(default_factory=dict[str, list[float]])

    async def answer(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        email = email_of(asked)
        self.moments.setdefault(email, []).append(time.monotonic())
        writer.write(self.answers.get(email, http_answer(200)))

    def of(self, email: str) -> list[Asked]:
        return [each for each in self.server.asked if each.complete and email_of(each) == email]

    async def receive(self, email: str, count: int = 1) -> list[Asked]:
        """The deliveries for an address, once there are `count`."""
        await eventually(lambda: len(self.of(email)) >= count, f"{count} deliveries for {email}", within=30)
        return self.of(email)

    def gaps(self, email: str) -> list[float]:
        return [later - earlier for earlier, later in pairwise(self.moments[email])]


@pytest.fixture(scope="module")
async def hooks() -> AsyncIterator[Receiver]:
    async with scripted_upstream() as server:
        hooks = Receiver(server)
        server.will(hooks.answer)
        yield hooks


@pytest.fixture(scope="module")
async def kratos(
    request: pytest.FixtureRequest, hooks: Receiver, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Kratos]:
    server, folder = SERVERS[request.param], tmp_path_factory.mktemp("kratos")
    async with server(folder, hook_url=hooks.server.url + HOOK_PATH, hook_key=KEY) as running:
        yield running


@pytest.fixture
def email() -> str:
    """A new address each time, with capitals."""
    return f"Person.{uuid4().hex}@Example.org"


# The webhook


async def test_a_registration_is_reported_once_with_the_identity_and_our_key(
    kratos: Kratos, hooks: Receiver, email: str, request: pytest.FixtureRequest
) -> None:
    flow = await kratos.flow()
    traits = {"email": email, "name": "Zoë P."}
    answer = await kratos.submit(flow, password=PASSWORD, traits=traits)
    identity = answer.raise_for_status().json()["identity"]
    [delivery] = await hooks.receive(email)

    assert delivery.target == HOOK_PATH
    reported = {name: identity[name] for name in ("id", "schema_id", "state", "created_at")}
    assert body_of(delivery) == {"identity": {**reported, "traits": traits}, "flow_id": flow["id"]}
    assert UUID(identity["id"]) != UUID(int=0)
    headers = dict(delivery.headers)
    assert (headers["x-postroom-key"], headers["content-type"]) == (KEY, "application/json")
    assert headers["user-agent"] == "Go-http-client/1.1"
    UUID(headers["ory-webhook-request-id"])
    assert ("ory-webhook-trigger-id" in headers) == SENDS_TRIGGER_ID[request.node.callspec.params["kratos"]]
    assert "cookie" not in headers


async def test_address_keeps_its_capitals_only_in_the_traits(kratos: Kratos, hooks: Receiver, email: str) -> None:
    identity = (await kratos.sign_up(email))["identity"]
    [delivery] = await hooks.receive(email)
    assert identity["traits"] == body_of(delivery)["identity"]["traits"] == {"email": email}
    assert identity["verifiable_addresses"][0]["value"] == email.lower()


async def test_kratos_retries_a_webhook_after_one_and_two_seconds_on_500_but_not_on_422(
    kratos: Kratos, hooks: Receiver, email: str
) -> None:
    refused = f"refused.{email}"
    hooks.answers[refused] = http_answer(422)
    hooks.answers[email] = http_answer(500)
    await kratos.register(refused)
    await kratos.register(email)
    assert len(hooks.of(email)) < 3, "the person waited for the webhook"

    deliveries = await hooks.receive(email, 3)
    first, second = hooks.gaps(email)
    assert first > 0.95
    assert second > 1.95
    assert all(each.body == deliveries[0].body for each in deliveries)
    assert len({each.header("ory-webhook-request-id") for each in deliveries}) == 3
    assert len({each.header("ory-webhook-trigger-id") for each in deliveries}) == 1
    assert len(hooks.of(refused)) == 1


async def test_kratos_retries_a_webhook_after_503_when_retry_after_says_so(
    kratos: Kratos, hooks: Receiver, email: str
) -> None:
    not_implemented = f"not.implemented.{email}"
    hooks.answers[not_implemented] = http_answer(501, retry_after="0")
    hooks.answers[email] = http_answer(503, retry_after="2")
    await kratos.register(not_implemented)
    await kratos.register(email)
    await hooks.receive(email, 3)
    assert min(hooks.gaps(email)) > 1.95
    assert len(hooks.of(not_implemented)) == 1


async def test_traits_that_a_person_changes_are_reported_without_delaying_the_flow(
    kratos: Kratos, hooks: Receiver, email: str
) -> None:
    token = (await kratos.sign_up(email))["session_token"]
    headers = {"X-Session-Token": token}
    await hooks.receive(email)
    newer = f"newer.{email}"
    hooks.answers[newer] = http_answer(501)
    flow = await kratos.http.get(f"{kratos.public_url}/self-service/settings/api", headers=headers)
    body = {"method": "profile", "traits": {"email": newer, "name": "Zoë"}}
    url = flow.raise_for_status().json()["ui"]["action"]
    changed = await kratos.http.post(url, json=body, headers=headers)
    assert changed.raise_for_status().json()["state"] == "success", "whatever Postroom answers"
    [delivery] = await hooks.receive(newer)
    assert body_of(delivery)["identity"]["traits"] == body["traits"]


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
        assert (answer.status_code, said(answer.json())) == (400, [4000006])
    empty = await kratos.submit(await kratos.flow("login"))
    assert (empty.status_code, problems(empty.json())) == (400, {"identifier": [4000002], "password": [4000002]})


async def test_browser_registration_needs_its_csrf_token_and_sets_the_session_cookie(
    browser: Browser, hooks: Receiver, email: str
) -> None:
    flow = await browser.flow("registration")
    values = {"method": "password", "password": PASSWORD, "traits": {"email": email}}
    forged = await browser.http.post(flow["ui"]["action"], json=values)
    assert (forged.status_code, forged.json()["error"]["id"]) == (403, "security_csrf_violation")
    made = await browser.sign_up(email)
    assert "session_token" not in made
    assert COOKIE in browser.http.cookies
    assert (await browser.whoami()).json()["identity"]["id"] == made["identity"]["id"]
    assert len(await hooks.receive(email)) == 1


# The admin API


async def listed(kratos: Kratos, **query: Any) -> httpx2.Response:
    return await kratos.http.get(f"{kratos.admin_url}/admin/identities", params=query)


async def test_paging_returns_each_identity_exactly_once_ordered_by_id(kratos: Kratos, email: str) -> None:
    made = {await kratos.register(f"{number}.{email}") for number in range(7)}
    found: list[str] = []
    query: dict[str, Any] = {"page_size": 3}
    while query.get("page_token") or not found:
        answer = await listed(kratos, **query)
        page = answer.raise_for_status().json()
        assert len(page) <= 3
        found += [identity["id"] for identity in page]
        query["page_token"] = next_token(answer.headers["link"])
    assert found == sorted(found)
    assert len(found) == len(set(found))
    assert made <= set(found)


async def test_page_with_exactly_all_identities_has_no_next_link(kratos: Kratos, email: str) -> None:
    ids = [await kratos.register(f"{number}.{email}") for number in range(2)]
    for size in (2, 1):
        answer = await listed(kratos, ids=ids, page_size=size)
        assert (next_token(answer.headers["link"]) is None) == (size == 2)
        assert [identity["id"] for identity in answer.json()] == sorted(ids)[:size]


async def test_kratos_accepts_a_page_size_above_its_limit_but_no_invalid_parameter(kratos: Kratos, email: str) -> None:
    await kratos.register(email)
    assert (await listed(kratos, page_size=900)).status_code == 200
    assert "page_size=250" in (await listed(kratos)).headers["link"]
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

"""A fresh login, on the stand-in and on the real Kratos: what requires it, and where a browser gets one."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI

from fakes import uncalled
from kratos_servers import PASSWORD, Kratos, kratos_stand_in, real_kratos
from postroom.api.access_tokens import access_tokens_routes
from postroom.api.visitor import fresh_login_only, receive_visitors, visitor_of
from postroom.clock import SystemClock
from postroom.kratos.sessions import KratosSessions
from postroom.mail.access_tokens import TokenMaker
from postroom.mail.basic_credentials import OwnAddresses
from postroom.mail.fresh_login import FRESH_FOR
from postroom.mail.people import PeopleByCredential
from postroom.mail.ports import AccessToken
from postroom_sandbox.loopback import LOOPBACK

SERVERS = {"stand-in": kratos_stand_in, "1.3.1": real_kratos}
COOKIE = "ory_kratos_session"
POSTROOM = f"http://{LOOPBACK}:9"
JSON = {"Accept": "application/json"}

pytestmark = pytest.mark.parametrize("kratos", SERVERS, indirect=True)


@pytest.fixture(scope="module")
async def kratos(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Kratos]:
    server, folder = SERVERS[request.param], tmp_path_factory.mktemp("kratos")
    async with server(folder, hook_url=f"{POSTROOM}/internal/mail/provision", hook_key="key of the hook") as running:
        yield running


@pytest.fixture
async def browser() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(trust_env=False, headers=JSON) as browser:
        yield browser


async def logged_in(browser: httpx2.AsyncClient, flow: Any, **values: Any) -> Any:
    [token] = [n["attributes"]["value"] for n in flow["ui"]["nodes"] if n["attributes"]["name"] == "csrf_token"]
    form = {"method": "password", "password": PASSWORD, "csrf_token": token} | values
    return (await browser.post(flow["ui"]["action"], json=form)).raise_for_status().json()


async def registered(kratos: Kratos, browser: httpx2.AsyncClient) -> str:
    """Register a person in this browser; return the address."""
    email = f"person.{uuid4().hex}@example.org"
    flow = (await browser.get(f"{kratos.public_url}/self-service/registration/browser")).json()
    await logged_in(browser, flow, traits={"email": email})
    return email


async def whoami(kratos: Kratos, **headers: str) -> httpx2.Response:
    async with httpx2.AsyncClient(trust_env=False) as http:  # a separate client, because Kratos may set a cookie
        return await http.get(f"{kratos.public_url}/sessions/whoami", headers=headers)


class NoTokens:
    """The port `AccessTokens`: there are none."""

    async def add(self, token: AccessToken, token_hash: bytes, *, limit: int) -> None: ...

    async def find(self, token_hash: bytes) -> None: ...

    async def of(self, identity_id: object) -> list[AccessToken]:
        return []

    async def revoke(self, identity_id: object, token_id: object) -> bool:
        return False


class Postroom:
    """The routes of access tokens. `now` is the current time, and sessions are cached for long."""

    def __init__(self, sessions: KratosSessions) -> None:
        self.now = SystemClock().now()
        addresses = OwnAddresses(uncalled)
        people = PeopleByCredential(sessions, NoTokens(), addresses=addresses, cookie_name=COOKIE, public_url=POSTROOM)
        maker = TokenMaker(NoTokens(), new_id=uuid4, random_bytes=bytes, now=lambda: self.now)
        fresh = fresh_login_only(people, now=lambda: self.now, return_to=people.public_url)
        self.app = FastAPI()
        receive_visitors(self.app)
        self.app.router.routes += access_tokens_routes(maker, NoTokens(), visitor_of(people), fresh)

    async def makes_a_token(self, cookie: str) -> httpx2.Response:
        headers = {"Cookie": f"{COOKIE}={cookie}", "Origin": POSTROOM}
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(self.app), base_url=POSTROOM) as http:
            await http.get("/api/access-tokens", headers=headers)  # so that the session is cached
            return await http.post("/api/access-tokens", json={"name": "a", "scopes": ["read"]}, headers=headers)


@pytest.fixture
async def postroom(kratos: Kratos) -> AsyncIterator[Postroom]:
    sessions = KratosSessions(kratos.public_url, SystemClock(), cookie_name=COOKIE, cache_seconds=600)
    yield Postroom(sessions)
    await sessions.aclose()


async def test_making_a_token_needs_a_fresh_login_and_the_given_redirect_leads_to_one(
    kratos: Kratos, browser: httpx2.AsyncClient, postroom: Postroom
) -> None:
    email = await registered(kratos, browser)
    session = (await browser.get(f"{kratos.public_url}/sessions/whoami")).json()
    first = datetime.fromisoformat(session["authenticated_at"])
    assert (await postroom.makes_a_token(browser.cookies[COOKIE])).status_code == 201
    postroom.now = first + FRESH_FOR + timedelta(milliseconds=1)
    refused = await postroom.makes_a_token(browser.cookies[COOKIE])
    assert (refused.status_code, refused.json()["code"]) == (403, "fresh_login_required")
    address = refused.json()["redirect_browser_to"]
    assert address.partition("?")[0] == f"{kratos.public_url}/self-service/login/browser"

    flow = (await browser.get(address)).raise_for_status().json()
    assert (flow["refresh"], flow["return_to"], flow["requested_aal"]) == (True, POSTROOM, "aal1")
    assert [each["id"] for each in flow["ui"]["messages"]] == [1010003]
    answer = await logged_in(browser, flow, identifier=email)
    assert answer["continue_with"] == [{"action": "redirect_browser_to", "redirect_browser_to": POSTROOM}]
    refreshed = (await browser.get(f"{kratos.public_url}/sessions/whoami")).json()
    assert (refreshed["id"], len(refreshed["authentication_methods"])) == (session["id"], 2)
    assert (await postroom.makes_a_token(browser.cookies[COOKIE])).status_code == 201


async def test_a_cookie_from_before_a_refresh_remains_valid(kratos: Kratos, browser: httpx2.AsyncClient) -> None:
    email = await registered(kratos, browser)
    before = browser.cookies[COOKIE]
    flow = (await browser.get(f"{kratos.public_url}/self-service/login/browser?refresh=true")).json()
    await logged_in(browser, flow, identifier=email)
    assert browser.cookies[COOKIE] != before
    for cookie in (before, browser.cookies[COOKIE]):
        assert (await whoami(kratos, Cookie=f"{COOKIE}={cookie}")).status_code == 200


async def test_kratos_rejects_a_return_url_outside_our_pages(kratos: Kratos, browser: httpx2.AsyncClient) -> None:
    start = f"{kratos.public_url}/self-service/login/browser"
    for wanted in ("http://evil.example", "//evil.example/", f"{kratos.public_url}/elsewhere", "/elsewhere"):
        refused = await browser.get(start, params={"return_to": wanted})
        error = refused.json()["error"]
        assert (refused.status_code, error["id"]) == (400, "self_service_flow_return_to_forbidden"), wanted
    there = f"{POSTROOM}/settings?tab=devices"
    assert (await browser.get(start, params={"return_to": there})).json()["return_to"] == there


async def test_a_second_login_without_refresh_is_refused(kratos: Kratos, browser: httpx2.AsyncClient) -> None:
    await registered(kratos, browser)
    again = await browser.get(f"{kratos.public_url}/self-service/login/browser")
    assert (again.status_code, again.json()["error"]["id"]) == (400, "session_already_available")


async def test_login_with_refresh_but_without_a_session_is_an_ordinary_login(
    kratos: Kratos, browser: httpx2.AsyncClient
) -> None:
    flow = (await browser.get(f"{kratos.public_url}/self-service/login/browser?refresh=true")).json()
    assert (flow["refresh"], flow["ui"].get("messages")) == (False, None)


async def test_registration_form_of_an_earlier_tab_is_accepted(kratos: Kratos, browser: httpx2.AsyncClient) -> None:
    start = f"{kratos.public_url}/self-service/registration/browser"
    earlier = (await browser.get(start)).json()
    (await browser.get(start)).raise_for_status()
    await logged_in(browser, earlier, traits={"email": f"person.{uuid4().hex}@example.org"})


async def test_kratos_accepts_no_cookie_as_a_token_and_no_token_as_a_cookie(
    kratos: Kratos, browser: httpx2.AsyncClient
) -> None:
    await registered(kratos, browser)
    cookie = browser.cookies[COOKIE]
    token = (await kratos.sign_up(f"person.{uuid4().hex}@example.org"))["session_token"]
    assert (await whoami(kratos, Cookie=f"{COOKIE}={cookie}")).status_code == 200
    assert (await whoami(kratos, **{"X-Session-Token": token})).status_code == 200
    assert (await whoami(kratos, **{"X-Session-Token": cookie})).status_code == 401
    assert (await whoami(kratos, Authorization=f"Bearer {cookie}")).status_code == 401
    assert (await whoami(kratos, Cookie=f"{COOKIE}={token}")).status_code == 401

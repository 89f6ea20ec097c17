"""Kratos' self-service flows on our own origin: what passes in either direction."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_network
from uuid import UUID, uuid4

import httpx2
import pytest
from fastapi import FastAPI

from guessing_parts import guessing
from postroom.api.self_service import CLEAR, MAX_BODY, SelfService, self_service_route
from postroom.api.visitor import receive_visitors
from postroom.domain.person import Person
from postroom.errors import NoSession, PostroomError, SecondFactorDue
from postroom.kratos.public_api import ANSWER_BYTES, PATH, KratosPublicApi
from postroom.people.ports import Visitor

OURS = "https://mail.example.org"
COOKIE = "ory_kratos_session"
SESSION = "3a5293f1-f4d6-49f4-b34f-6da62c360604"
JSON = {"Content-Type": "application/json"}
PAGE = {"Origin": OURS, "Sec-Fetch-Site": "same-origin", "Cookie": f"{COOKIE}=ada", "Accept": "application/json"}
LINK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
FORM = {**PAGE, "Content-Type": "application/json"}


Fields = Sequence[tuple[str, str]]
JSON_ANSWER: Fields = [("Content-Type", "application/json; charset=utf-8")]


class ScriptedKratos:
    """Answers every request with `answer`, after `before`."""

    def __init__(self) -> None:
        self.asked: list[httpx2.Request] = []
        self.arrived = asyncio.Condition()
        self.before: Callable[[], Awaitable[None]] | None = None
        self.will(200)

    def will(self, status: int, fields: Fields = JSON_ANSWER, content: bytes = b'{"id":"flow"}') -> None:
        self.answer = (status, fields, content)

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        await request.aread()
        self.asked.append(request)
        async with self.arrived:
            self.arrived.notify_all()
        if self.before:
            await self.before()
        status, fields, content = self.answer
        return httpx2.Response(status, headers=[*fields], stream=httpx2.ByteStream(content))


class Ada:
    """Everybody is Ada, unless there is an `error`."""

    def __init__(self) -> None:
        self.forgotten: list[Mapping[str, str]] = []
        self.identified: list[Mapping[str, str]] = []
        self.visitor = Visitor(Person(uuid4()))
        self.error: PostroomError | None = None

    async def identify(self, method: str, headers: Mapping[str, str], *, refresh: bool = False) -> Visitor:
        self.identified.append(headers)
        if self.error:
            raise self.error
        return self.visitor

    def forget(self, headers: Mapping[str, str]) -> None:
        self.forgotten.append(headers)


class Service:
    def __init__(self, http: httpx2.AsyncClient, kratos: ScriptedKratos, ada: Ada, ended: list[UUID]) -> None:
        self.http = http
        self.kratos = kratos
        self.ada = ada
        self.ended = ended

    async def ask(self, way: str, headers: Mapping[str, str] = PAGE, content: bytes = b"") -> httpx2.Response:
        method, path = way.split(" ")
        return await self.http.request(method, f"{PATH}{path}", headers=headers, content=content or None)


@asynccontextmanager
async def serving(*, at_once: int = 9, within: float = 5, peer: str = "127.0.0.1") -> AsyncIterator[Service]:
    kratos, ada, ended = ScriptedKratos(), Ada(), list[UUID]()

    async def sessions_ended(identity_id: UUID) -> None:
        ended.append(identity_id)

    api = KratosPublicApi("http://kratos:4433/base/", timeout=within, transport=httpx2.MockTransport(kratos))
    service = SelfService(
        api,
        people=ada,
        guessing=guessing(COOKIE),
        sessions_ended=sessions_ended,
        session_cookie=COOKIE,
        public_url=OURS,
        proxies=[ip_network("10.0.0.7")],
        at_once=at_once,
    )
    app = FastAPI()
    app.router.routes.append(self_service_route(service))
    receive_visitors(app)
    transport = httpx2.ASGITransport(app=app, client=(peer, 1))
    async with httpx2.AsyncClient(transport=transport, base_url=OURS, trust_env=False) as http:
        http.headers.clear()
        yield Service(http, kratos, ada, ended)
    await api.aclose()


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    async with serving() as service:
        yield service


FLOWS = ("login", "registration", "settings", "recovery", "verification")


@pytest.mark.parametrize(
    "way",
    [
        *(f"GET /self-service/{flow}/{end}" for flow in FLOWS for end in ("browser", "flows?id=1")),
        *(f"POST /self-service/{flow}?flow=1" for flow in FLOWS),
        *(f"GET /self-service/{flow}?flow=1&code=2" for flow in ("settings", "recovery", "verification")),
        "GET /self-service/logout/browser",
        "GET /self-service/logout?token=1",
        "GET /self-service/errors?id=1",
        "GET /self-service/methods/oidc/callback/some-provider?code=1&state=2",
        "POST /self-service/methods/oidc/callback/apple",
        "GET /self-service/methods/oidc/callback?code=1",
        "GET /sessions/whoami",
        *("GET /sessions", "DELETE /sessions", f"DELETE /sessions/{SESSION}"),
    ],
)
async def test_what_a_browser_needs_of_kratos_passes(service: Service, way: str) -> None:
    answer = await service.ask(way, FORM, b"{}" if way.startswith("POST") else b"")
    assert (answer.status_code, answer.json()) == (200, {"id": "flow"})
    (asked,) = service.kratos.asked
    assert f"{asked.method} {asked.url}" == way.replace(" ", " http://kratos:4433/base")


@pytest.mark.parametrize(
    "way",
    [
        *(f"GET /self-service/{flow}/api" for flow in (*FLOWS, "logout")),
        "DELETE /self-service/logout/api",
        *("GET /", "GET /self-service", "GET /self-service/login/", "GET /self-service/login/browser/"),
        *("DELETE /sessions/1", f"DELETE /sessions/{SESSION}/extend", "GET /sessions/token-exchange"),
        *("GET /schemas/default", "GET /sessions/", f"DELETE /sessions/{SESSION.upper()}", "DELETE /sessions/%2e%2e"),
        *("GET /admin/identities", "GET /identities", "GET /health/ready", "GET /version", "GET /metrics/prometheus"),
        *("GET /.well-known/ory/webauthn.js", "GET /self-service/methods/oidc/auth/1", "GET /self-service/fed-cm"),
        *("GET /self-service/LOGIN/browser", "GET //self-service/login/browser", "GET /self-service/login;x/browser"),
        *("GET /self-service/../admin/identities", "GET /self-service/login/../../admin/identities"),
        *("GET /self-service%2Flogin/browser", "GET /self-service/%6cogin/browser", "GET /sessions/whoami%00"),
        *("GET /self-service/methods/oidc/callback/a/b", "GET /self-service/methods/oidc/callback/%2e%2e"),
        "GET /self-service/methods/oidc/callback/" + "a" * 129,
    ],
)
async def test_nothing_else_of_kratos_is_reached(service: Service, way: str) -> None:
    answer = await service.ask(way)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown")
    assert service.kratos.asked == []


@pytest.mark.parametrize(
    ("way", "allowed"),
    [
        ("POST /self-service/login/browser", "GET"),
        ("GET /self-service/login?flow=1", "POST"),
        ("PUT /self-service/settings", "GET, POST"),
        ("HEAD /sessions/whoami", "GET"),
        ("DELETE /sessions/whoami", "GET"),
        ("POST /sessions", "DELETE, GET"),
        (f"GET /sessions/{SESSION}", "DELETE"),
        ("DELETE /self-service/logout", "GET"),
    ],
)
async def test_only_the_methods_of_a_path_pass(service: Service, way: str, allowed: str) -> None:
    answer = await service.ask(way, FORM)
    assert (answer.status_code, answer.headers["allow"], service.kratos.asked) == (405, allowed, [])


# The request


async def test_kratos_gets_the_form_the_cookies_and_the_address_of_the_person() -> None:
    sent = {
        **FORM,
        "Cookie": f"{COOKIE}=ada; csrf_token_x=y",
        "Accept-Language": "de",
        "User-Agent": "Browser/1",
        "Authorization": "Bearer ory_st_x",
        "X-Session-Token": "ory_st_x",
        "X-Forwarded-For": "1.1.1.1",
        "X-Forwarded-Host": "evil.example",
        "X-Real-IP": "2.2.2.2",
        "True-Client-IP": "2.2.2.2",
        "CF-Connecting-IP": "2.2.2.2",
        "X-Custom": "x",
    }
    async with serving(peer="8.8.8.8") as service:
        await service.ask("POST /self-service/login?flow=1", sent, b'{"method":"password"}')
        (asked,) = service.kratos.asked
    assert asked.content == b'{"method":"password"}'
    assert dict(asked.headers) == {
        "host": "kratos:4433",
        "accept": "application/json",
        "accept-encoding": "identity",
        "accept-language": "de",
        "connection": "keep-alive",
        "content-length": "21",
        "content-type": "application/json",
        "cookie": f"{COOKIE}=ada; csrf_token_x=y",
        "user-agent": "Browser/1",
        "x-forwarded-for": "8.8.8.8",
        "x-forwarded-host": "mail.example.org",
        "x-forwarded-proto": "https",
    }


FLOW = "3a5293f1-f4d6-49f4-b34f-6da62c360604"


@pytest.mark.parametrize(
    ("stated", "passed_on"),
    [
        (["Application/JSON; charset=utf-8"], "application/json"),
        # Kratos takes JSON wherever the field names it, also behind a comma (seen on 1.3.1).
        (["application/x-www-form-urlencoded; a=b", "application/json"], "application/x-www-form-urlencoded"),
    ],
)
async def test_kratos_reads_a_form_as_the_kind_that_was_counted(
    service: Service, stated: Sequence[str], passed_on: str
) -> None:
    fields = [*PAGE.items(), *(("Content-Type", each) for each in stated)]
    await service.http.post(f"{PATH}/self-service/login?flow=1", headers=fields, content=b"{}")
    assert [asked.headers.get_list("content-type") for asked in service.kratos.asked] == [[passed_on]]


async def test_each_client_of_a_named_proxy_guesses_for_itself() -> None:
    form = b'{"method":"password","identifier":"ada@example.org","password":"wrong"}'
    statuses: list[tuple[int, str]] = []
    code = ""
    async with serving(peer="10.0.0.7") as service:
        service.kratos.will(400, content=b'{"ui":{}}')
        for client in [*["8.8.8.8"] * 11, "8.8.4.4", "8.8.8.8"]:
            answer = await service.ask(
                f"POST /self-service/login?flow={FLOW}", FORM | {"X-Forwarded-For": client}, form
            )
            statuses.append((answer.status_code, answer.headers.get("retry-after", "")))
            code = answer.json().get("code")
        assert (code, len(service.kratos.asked)) == ("too_many_guesses", 11)
        assert service.kratos.asked[-1].headers["x-forwarded-for"] == "8.8.4.4"
    assert statuses == [*[(400, "")] * 10, (429, "600"), (400, ""), (429, "600")]


@pytest.mark.parametrize(
    ("way", "headers", "code"),
    [
        ("POST /self-service/login?flow=1", {**FORM, "Origin": "https://evil.example"}, "cross_site"),
        ("POST /self-service/login?flow=1", {**FORM, "Sec-Fetch-Site": "same-site"}, "cross_site"),
        ("POST /self-service/login?flow=1", {**JSON, "Cookie": "x=y"}, "cross_site"),
        (
            "GET /self-service/login/browser",
            {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
            "cross_site",
        ),
        ("GET /sessions/whoami", {"Origin": "null", "Cookie": "x=y"}, "cross_site"),
        ("DELETE /sessions", {"Cookie": "x=y"}, "cross_site"),
        ("DELETE /sessions", {**PAGE, "Sec-Fetch-Site": "same-site"}, "cross_site"),
        (f"DELETE /sessions/{SESSION}", {**PAGE, "Origin": "https://evil.example"}, "cross_site"),
        ("POST /self-service/login?flow=1", {**PAGE, "Content-Type": "text/plain"}, "not_json"),
        ("POST /self-service/login?flow=1", {**PAGE, "Content-Type": "multipart/form-data; boundary=x"}, "not_json"),
        ("POST /self-service/login?flow=1", PAGE, "not_json"),
    ],
)
async def test_other_sites_and_other_forms_are_refused(
    service: Service, way: str, headers: Mapping[str, str], code: str
) -> None:
    assert (await service.ask(way, headers, b"{}")).json()["code"] == code
    assert service.kratos.asked == []


@pytest.mark.parametrize(
    ("way", "headers"),
    [
        ("GET /self-service/verification?flow=1&code=2", LINK),  # a link in a mail
        ("GET /self-service/methods/oidc/callback/x?code=1", {**LINK, "Origin": "https://provider.example"}),
        (
            "POST /self-service/methods/oidc/callback/apple",
            {**LINK, "Origin": "https://apple.example", "Content-Type": "application/x-www-form-urlencoded"},
        ),
        ("POST /self-service/login?flow=1", JSON),  # a native program, with a flow of its own
    ],
)
async def test_links_providers_and_programs_come_from_elsewhere(
    service: Service, way: str, headers: Mapping[str, str]
) -> None:
    assert (await service.ask(way, headers, b"{}" if way.startswith("POST") else b"")).status_code == 200


async def test_a_form_is_no_larger_than_the_limit(service: Service) -> None:
    way = "POST /self-service/settings?flow=1"
    assert (await service.ask(way, FORM, b"x" * MAX_BODY)).status_code == 200
    answer = await service.ask(way, FORM, b"x" * (MAX_BODY + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert len(service.kratos.asked) == 1


# The answer


async def test_cookies_of_kratos_reach_the_browser_unchanged(service: Service) -> None:
    cookies = [f"{COOKIE}=1; Path=/; Expires=Thu, 26 Nov 2026 21:00:00 GMT; HttpOnly", "csrf_token_x=2; Max-Age=1"]
    service.kratos.will(200, [*JSON_ANSWER, *(("Set-Cookie", cookie) for cookie in cookies)])
    answer = await service.ask("POST /self-service/login?flow=1", FORM, b"{}")
    assert answer.headers.get_list("set-cookie") == cookies


async def test_of_the_fields_of_an_answer_only_what_a_browser_needs_passes(service: Service) -> None:
    more = {
        "Access-Control-Allow-Origin": "*",
        "Connection": "X-Hop",
        "X-Hop": "x",
        "Content-Security-Policy": "script-src *",
        "X-Kratos-Authenticated-Identity-Id": "1",
        "Server": "kratos",
    }
    service.kratos.will(400, [*JSON_ANSWER, *more.items()], b"{}")
    answer = await service.ask("GET /self-service/login/browser")
    assert (answer.status_code, answer.content) == (400, b"{}")
    assert dict(answer.headers) == {
        "cache-control": "no-store",
        "content-length": "2",
        "content-type": "application/json",
        "x-content-type-options": "nosniff",
    }


async def test_a_redirect_passes_without_its_body(service: Service) -> None:
    service.kratos.will(303, [("Location", f"{OURS}/sign-in?flow=1"), ("Content-Type", "text/html")], b"<a href=x>")
    answer = await service.ask("GET /self-service/login/browser", LINK)
    assert (answer.status_code, answer.content) == (303, b"")
    assert answer.headers["location"] == f"{OURS}/sign-in?flow=1"


@pytest.mark.parametrize(
    ("status", "fields", "code"),
    [
        (200, {"Content-Type": "text/html"}, "login_server_unusable"),
        (200, {"Content-Type": "application/xhtml+xml"}, "login_server_unusable"),
        (200, {"Content-Type": "text/javascript"}, "login_server_unusable"),
        (200, {}, "login_server_unusable"),
        (404, {"Content-Type": "text/plain"}, "login_server_unusable"),
        (200, {"Content-Type": "application/json", "Content-Encoding": "gzip"}, "kratos_away"),
        (303, {"Content-Type": "text/html"}, "login_server_unusable"),
        (303, {"Location": "https://a b", "Content-Type": "text/html"}, "login_server_unusable"),
        (502, {"Content-Type": "text/html"}, "kratos_away"),  # of a proxy before Kratos
    ],
)
async def test_no_page_of_kratos_is_shown_on_our_origin(
    service: Service, status: int, fields: dict[str, str], code: str
) -> None:
    service.kratos.will(status, [*fields.items()], b"<script>alert(1)</script>")
    answer = await service.ask("GET /self-service/login/browser")
    assert (answer.status_code >= 500, answer.json()["code"]) == (True, code)
    assert b"alert" not in answer.content


async def test_an_answer_is_no_larger_than_the_limit(service: Service) -> None:
    service.kratos.will(200, content=b" " * (ANSWER_BYTES + 1))
    assert (await service.ask("GET /sessions/whoami")).json()["code"] == "kratos_away"


async def test_kratos_that_cannot_be_reached_or_does_not_answer_is_away() -> None:
    async def unreachable() -> None:
        raise httpx2.ConnectError("refused")

    async def silent() -> None:
        await asyncio.Event().wait()

    async with serving(within=0.05) as service:
        for kratos in (unreachable, silent):
            service.kratos.before = kratos
            answer = await service.ask("GET /self-service/login/browser")
            assert (answer.status_code, answer.json()["code"]) == (503, "kratos_away")
            assert answer.headers["retry-after"] == "5"


async def test_who_opens_a_link_while_kratos_is_away_gets_a_page_of_ours(service: Service) -> None:
    service.kratos.will(502, [("Content-Type", "text/html")])
    browser = {**LINK, "Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    answer = await service.ask("GET /self-service/verification?flow=1&code=2", browser)
    assert (answer.status_code, answer.headers["location"], answer.content) == (303, "/error", b"")
    answer = await service.ask("GET /self-service/nowhere", browser)
    assert answer.status_code == 404


async def test_requests_beyond_the_limit_are_shed() -> None:
    go_on = asyncio.Event()

    async def held() -> None:
        await go_on.wait()

    async with serving(at_once=2) as service:
        kratos, service.kratos.before = service.kratos, held
        waiting = [asyncio.create_task(service.ask("GET /sessions/whoami")) for _ in range(2)]
        async with kratos.arrived:
            await kratos.arrived.wait_for(lambda: len(kratos.asked) == 2)
        answer = await service.ask("GET /sessions/whoami")
        assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "too_busy", "5")
        go_on.set()
        assert [each.status_code for each in await asyncio.gather(*waiting)] == [200, 200]
        assert (await service.ask("GET /sessions/whoami")).status_code == 200


# Logout

ENDED: Fields = [*JSON_ANSWER, ("Set-Cookie", f"{COOKIE}=x; Max-Age=0")]


@pytest.mark.parametrize(("status", "fields"), [(204, ENDED), (303, [*ENDED, ("Location", f"{OURS}/sign-in")])])
async def test_a_logout_clears_what_the_browser_has_stored_and_is_forgotten_here(
    service: Service, status: int, fields: Fields
) -> None:
    service.kratos.will(status, fields, b"")
    found = await service.ask("GET /self-service/logout?token=1")
    assert found.headers["clear-site-data"] == CLEAR == '"cache", "storage"'
    assert [each["cookie"] for each in service.ada.forgotten] == [f"{COOKIE}=ada"]


@pytest.mark.parametrize(
    ("way", "status", "fields"),
    [
        ("GET /self-service/logout?token=1", 401, ENDED),
        ("GET /self-service/logout?token=1", 303, [("Location", f"{OURS}/error?id=1")]),
        ("GET /self-service/logout/browser", 200, ENDED),
        ("GET /sessions/whoami", 200, ENDED),
    ],
)
async def test_nothing_but_a_logout_clears_it(service: Service, way: str, status: int, fields: Fields) -> None:
    service.kratos.will(status, fields)
    assert "clear-site-data" not in (await service.ask(way)).headers
    assert service.ada.forgotten == []


# Sessions


@pytest.mark.parametrize(
    ("way", "status", "ended"),
    [
        ("DELETE /sessions", 200, True),
        (f"DELETE /sessions/{SESSION}", 204, True),
        (f"DELETE /sessions/{SESSION}", 400, False),
        ("DELETE /sessions", 500, False),
        ("GET /sessions", 200, False),
        ("GET /sessions/whoami", 200, False),
    ],
)
async def test_streams_and_cached_sessions_end_once_kratos_has_ended_other_sessions(
    service: Service, way: str, status: int, ended: bool
) -> None:
    service.kratos.will(status)
    assert (await service.ask(way)).status_code == status
    assert service.ended == ([service.ada.visitor.person.identity_id] if ended else [])


@pytest.mark.parametrize("way", ["GET /sessions", "DELETE /sessions", f"DELETE /sessions/{SESSION}"])
@pytest.mark.parametrize(
    ("error", "code"),
    [(SecondFactorDue("due"), "session_aal2_required"), (NoSession("log in"), "no_session")],
)
async def test_sessions_are_neither_shown_nor_ended_before_the_second_factor(
    service: Service, way: str, error: PostroomError, code: str
) -> None:
    service.ada.error = error
    assert (await service.ask(way)).json()["code"] == code
    assert (service.kratos.asked, service.ended) == ([], [])


async def test_whose_sessions_they_are_is_decided_by_what_kratos_gets(service: Service) -> None:
    other = {"X-Session-Token": "ory_st_bob", "Authorization": "Bearer ory_st_bob"}
    await service.ask("DELETE /sessions", {**PAGE, **other})
    (identified,) = service.ada.identified
    assert identified["cookie"] == PAGE["Cookie"]
    assert {"x-session-token", "authorization"}.isdisjoint(identified)


async def test_cookie_of_a_session_that_was_extended_meanwhile_is_passed_on(service: Service) -> None:
    service.ada.visitor = replace(service.ada.visitor, set_cookie=(f"{COOKIE}=newer; Path=/",))
    answer = await service.ask("GET /sessions")
    assert answer.headers.get_list("set-cookie") == [f"{COOKIE}=newer; Path=/"]

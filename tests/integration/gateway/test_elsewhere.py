"""No client and no mail server can make the gateway call another host, or send one person's response to another."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway_trial import ANN, QUERY, GatewayTrial
from scripted_upstream import (
    ScriptedUpstream,
    http_answer,
    json_answer,
    own_session,
    scripted_upstream,
)

MAIL = "urn:ietf:params:jmap:mail"
BODY = json.dumps({"using": [MAIL], "methodCalls": [QUERY]}).encode()
EVERY_ROUTE = {
    "session": ("GET", "/jmap/session", b""),
    "api": ("POST", "/jmap/", BODY),
    "upload": ("POST", "/jmap/upload/b/", b"x"),
    "download": ("GET", "/jmap/download/b/x/y?accept=text/plain", b""),
    "events": ("GET", "/jmap/eventsource/?types=*&closeafter=no&ping=0", b""),
}
"""Method, path and body of a request."""


@pytest.fixture
async def trap() -> AsyncIterator[ScriptedUpstream]:
    """A server in the operator's network that nobody must reach through the gateway."""
    async with scripted_upstream() as server:
        server.session = own_session
        yield server
        assert server.asked == server.sessions == []


async def ask(trial: GatewayTrial, route: str) -> int:
    method, path, body = EVERY_ROUTE[route]
    headers = ANN | ({"Content-Type": "application/json"} if body else {})
    async with trial.http.stream(method, path, content=body, headers=headers) as answer:
        return answer.status_code


@pytest.mark.parametrize("status", [302, 307])
@pytest.mark.parametrize("route", EVERY_ROUTE)
async def test_gateway_follows_no_redirect(
    server: ScriptedUpstream, trial: GatewayTrial, trap: ScriptedUpstream, route: str, status: int
) -> None:
    server.session = None if route == "session" else own_session
    _, path, _ = EVERY_ROUTE[route]
    server.will(http_answer(status, location=trap.url + path, refresh=f"0; url={trap.url}", alt_svc=f'h2="{trap.url}"'))
    assert await ask(trial, route) == 502
    assert len(server.asked) == 1


@pytest.mark.parametrize("route", EVERY_ROUTE)
async def test_gateway_uses_no_url_of_the_mail_server_session(
    server: ScriptedUpstream, trial: GatewayTrial, trap: ScriptedUpstream, route: str
) -> None:
    session: dict[str, Any] = {
        "capabilities": {"urn:ietf:params:jmap:core": {"maxCallsInRequest": 16}, MAIL: {}},
        "accounts": {"b": {"isReadOnly": False, "accountCapabilities": {MAIL: {}}}},
        "primaryAccounts": {MAIL: "b"},
        "state": "0",
        "apiUrl": f"{trap.url}/jmap/",
        "uploadUrl": f"{trap.url}/jmap/upload/{{accountId}}/",
        "downloadUrl": f"{trap.url}/jmap/download/{{accountId}}/{{blobId}}/{{name}}?accept={{type}}",
        "eventSourceUrl": f"{trap.url}/jmap/eventsource/?types={{types}}",
    }
    server.session = None
    server.will(json_answer(session))
    assert trap.url not in (await trial.http.get("/jmap/session", headers=ANN)).text
    kind = "text/event-stream" if route == "events" else "application/json"
    server.will(json_answer(session) if route == "session" else http_answer(200, b"{}", content_type=kind))
    assert await ask(trial, route) == 200
    paths = [asked.target.partition("?")[0] for asked in server.asked]
    expected = EVERY_ROUTE[route][1].partition("?")[0]
    assert paths == ["/jmap/session", expected if route != "download" else "/jmap/download/b/x/blob"]


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        ("GET {trap}/jmap/download/b/x/y", 200),
        ("GET //{host}/jmap/session", 404),
        ("GET /jmap/download/b/x/{trap}/y", 200),
        ("GET /jmap/download/b/x/y?accept={trap}/x", 200),
        ("GET /jmap/download/b/%2F%2F{host}/y", 404),
        ("GET /jmap/download/b/@{host}/y", 404),
        ("GET /jmap/eventsource/?types=*&closeafter={trap}&ping=0", 400),
        ("POST /jmap/upload/b@{host}/", 404),
        ("POST /jmap/upload/%2F%2F{host}/", 404),
        ("CONNECT {host}", 501),
    ],
)
async def test_client_cannot_direct_a_request_to_another_server(
    server: ScriptedUpstream, trial: GatewayTrial, trap: ScriptedUpstream, request_line: str, status: int
) -> None:
    host = trap.url.removeprefix("http://")
    server.will(http_answer(200, b"x", content_type="text/plain"))
    named = [f"{name}: {host}" for name in ("Host", "X-Forwarded-Host", "X-Original-URL", "X-Rewrite-URL", "Forwarded")]
    lines = [f"{request_line.format(trap=trap.url, host=host)} HTTP/1.1", *named, "Cookie: session=ann"]
    answer = await trial.raw("\r\n".join([*lines, "Content-Length: 0", "Connection: close", "", ""]).encode())
    assert answer.startswith(f"HTTP/1.1 {status}".encode())
    assert len(server.asked) == len(server.sessions) == (status == 200)
    for asked in (*server.asked, *server.sessions):
        assert host not in asked.target + str(asked.headers)


async def test_endless_jmap_session_is_not_read_to_its_end(server: ScriptedUpstream, trial: GatewayTrial) -> None:
    server.session = None
    server.will(http_answer(200, b'{"x":"' + b"x" * 1_100_000 + b'"}', content_type="application/json"))
    assert (await trial.http.get("/jmap/session", headers=ANN)).status_code == 502

"""The attack table, third part: the path by which browsers reach Kratos' flows, and the files of the interface."""

import asyncio
import json
from contextlib import suppress

import pytest
from starlette.routing import Route

from attacked_service import BROWSER, COOKIE_OF_BEN, JSON, OURS, Attacked
from postroom.api import body
from postroom.kratos.public_api import PATH
from postroom.web.shells import shell_of
from scripted_upstream import Asked, http_answer, json_answer

FORM = '{"method":"password"}'
LOGIN = f"POST {PATH}/self-service/login?flow=1"
POST = "\r\n".join([f"{LOGIN} HTTP/1.1", "Host: h", *BROWSER, JSON, ""])
LENGTH = f"Content-Length: {len(FORM)}\r\n"
INNER = f"POST {PATH}/self-service/settings?flow=2 HTTP/1.1\r\nHost: h\r\n{COOKIE_OF_BEN}\r\n\r\n"
HIDING = f"Content-Length: {len(INNER)}\r\n"
SIZE = f"{len(FORM):x}"
NAVIGATION = "Accept: text/html,application/xhtml+xml,*/*;q=0.8"

NOWHERE = """
    /../admin/identities /%2e%2e/admin/identities /..%2fadmin/identities /..%5cadmin /..;/admin/identities
    /./sessions/whoami //admin/identities /admin/identities /self-service/login/../../admin/identities
    /self-service%2flogin/browser /self-service/%6cogin/browser /self-service/login/browser/
    /self-service/login/browser%00 /self-service/login/browser;x /self-service/login/browser%20
    /self-service/login/browser%0d%0aX:y /self-service/login/browser%3f /self-service/login/browser%23
    /self-service/login%252fbrowser /SELF-SERVICE/login/browser /self-service/login/api /sessions/ /sessions/whoami/
    /sessions/%2e%2e/admin /sessions/x
    /self-service/methods/oidc/callback/a%2fb /self-service/methods/oidc/callback/.. /.well-known/ory/webauthn.js
    /http://evil.example/ /@evil.example/ /\\evil.example
"""


@pytest.mark.parametrize(
    "target",
    [
        *(f"{PATH}{target}" for target in NOWHERE.split()),
        *("/.ory/kratos/public", "/.ory/kratos/admin/identities", "/.ory/kratos/public/../admin/identities"),
        *(
            "/.ory//kratos/public/sessions/whoami",
            "/.ory/kratos%2fpublic/sessions/whoami",
        ),
        *("/%2eory/kratos/public/sessions/whoami", "/api/../.ory/kratos/public/sessions/whoami"),
    ],
)
async def test_no_target_reaches_another_part_of_kratos(service: Attacked, target: str) -> None:
    answer = await service.ask(f"GET {target}", [*BROWSER, NAVIGATION])
    assert (answer.status, service.flows.asked) == (404, [])
    assert not service.reached()


async def test_absolute_target_reaches_our_kratos_only(service: Attacked) -> None:
    answer = await service.ask(f"GET http://evil.example{PATH}/sessions/whoami?x=http://evil.example", BROWSER)
    (asked,) = service.flows.asked
    assert (answer.status, asked.target) == (200, "/sessions/whoami?x=http://evil.example")
    assert asked.header("host") == service.flows.url.removeprefix("http://")


@pytest.mark.parametrize(
    "sent",
    [
        f"{POST}{HIDING}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        f"{POST}Content-Length: 0\r\n{HIDING}\r\n",
        f"{POST}Content-Length: +0\r\n\r\n",
        f"{POST}Transfer-Encoding: chunked, identity\r\n\r\n{SIZE}\r\n{FORM}\r\n0\r\n\r\n",
        f"{POST}Transfer-Encoding: xchunked\r\n\r\n{SIZE}\r\n{FORM}\r\n0\r\n\r\n",
        f"{POST}X: a\nContent-Length: 0\r\n\r\n",
        f"{POST}Transfer-Encoding: chunked\r\n\r\n{SIZE}\n{FORM}\r\n0\r\n\r\n",
    ],
)
async def test_ambiguous_request_never_reaches_kratos(service: Attacked, sent: str) -> None:
    answers = await service.sent((sent + INNER).encode())
    assert [answer.status for answer in answers] in ([], [400])
    assert service.flows.asked == []


@pytest.mark.parametrize(
    ("sent", "forwarded"),
    [
        (f"{POST}{LENGTH}\r\n{FORM}", FORM),
        (f"{POST}Transfer-Encoding: chunked\r\n\r\n{SIZE};x=y\r\n{FORM}\r\n0\r\nX-Trailer: 1\r\n\r\n", FORM),
        # To a flow whose forms are not read here.
        (f"{POST.replace('login', 'settings')}{HIDING}\r\n{INNER}", INNER),
        (f"{POST}Connection: Cookie\r\n{LENGTH}\r\n{FORM}", FORM),
        # A body that no flow reads.
        (f"GET {PATH}/sessions/whoami HTTP/1.1\r\nHost: h\r\n{HIDING}\r\n{INNER}", ""),
    ],
)
async def test_kratos_gets_one_request_with_a_stated_length(service: Attacked, sent: str, forwarded: str) -> None:
    await service.sent(sent.encode())
    (asked,) = service.flows.asked
    assert asked.body.decode() == forwarded
    assert (asked.header("transfer-encoding"), asked.header("content-length")) == (
        None,
        str(len(forwarded)) if forwarded else None,
    )


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("Cookie", "x\nX-Session-Token: ben", 400),
        ("Cookie", "x\rX-Session-Token: ben", 400),
        ("Cookie", "x\0", 400),
        ("Cookie", "x\xff", 200),
        ("Accept", "x\tX-Session-Token: ben", 200),
        ("Host", "h\tX-Session-Token: ben", 421),
        ("Host", "127.0.0.1:1\tX-Session-Token: ben", 200),
        ("Host", "[", 421),
        ("X-Forwarded-For", "1.1.1.1\tX-Session-Token: ben", 200),
        ("Content-Type", "application/json\x7f", 400),
    ],
)
async def test_forwarded_field_cannot_inject_another_one(service: Attacked, name: str, value: str, status: int) -> None:
    kind = [] if name == "Content-Type" else [JSON]
    answer = await service.ask(LOGIN, [f"Origin: {OURS}", *kind, f"{name}: {value}"], FORM)
    assert answer.status == status
    for asked in service.flows.asked:
        assert asked.header("x-session-token") is None


async def test_form_that_arrives_too_slowly_is_refused(service: Attacked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "BODY_WITHIN", 0.05)
    answers = await service.sent(f"{POST}{LENGTH}\r\n{FORM[:-1]}".encode(), b"")
    assert [(each.status, each.kind) for each in answers] == [(408, "too_slow")]
    assert service.flows.asked == []


async def test_browser_that_leaves_does_not_stop_others(service: Attacked) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", service.port)
    writer.write(f"{POST}{LENGTH}\r\n{FORM[:5]}".encode())
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
    assert (await service.ask(f"GET {PATH}/sessions/whoami", BROWSER)).status == 200


SCRIPT = b"<!doctype html><script>alert(1)</script>"


@pytest.mark.parametrize(
    "said",
    [
        http_answer(200, SCRIPT, content_type="text/html"),
        http_answer(200, SCRIPT),
        http_answer(200, SCRIPT, content_type="image/svg+xml"),
        http_answer(200, SCRIPT, content_type="text/html, application/json"),
        http_answer(200, SCRIPT, content_type="application/json, text/html"),
        http_answer(404, SCRIPT, content_type="text/html"),
        http_answer(503, SCRIPT, content_type="text/html"),
        http_answer(302, SCRIPT, content_type="text/html"),
        http_answer(200, SCRIPT, content_type="application/json", content_encoding="br"),
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n" + b" " * 1_100_000,
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n" + SCRIPT,
        b"<html>",
    ],
)
async def test_no_answer_but_json_and_redirects_is_passed_on(service: Attacked, said: bytes) -> None:
    async def answer_and_close(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        writer.close()

    service.flows.will(answer_and_close)
    answer = await service.ask(f"GET {PATH}/self-service/login/browser", BROWSER)
    assert (answer.status in (502, 503), answer.headers["content-type"]) == (True, "application/problem+json")
    assert b"alert" not in answer.body
    answer = await service.ask(f"GET {PATH}/self-service/login/browser", [*BROWSER, NAVIGATION])
    assert (answer.status, answer.headers["location"], answer.body) == (303, "/error", b"")


async def test_cookie_of_kratos_reaches_the_browser_whatever_bytes_it_holds(service: Attacked) -> None:
    service.flows.will(json_answer({}, set_cookie="csrf=\N{EURO SIGN}; Path=/"))
    answer = await service.ask(f"GET {PATH}/self-service/login/browser", BROWSER)
    assert (answer.status, answer.headers["set-cookie"].encode("latin-1")) == (
        200,
        "csrf=\N{EURO SIGN}; Path=/".encode(),
    )


# The files of the interface

TRAVERSALS = """
    /_app/../../../../etc/passwd /_app/immutable/../../pyproject.toml /_app/%2e%2e/%2e%2e/etc/passwd
    /..%2f..%2fetc/passwd /_app/immutable/entry/..%2f..%2fversion.json /_app/immutable/entry/start.C0ffee.js%00.css
    /_app/immutable/ /_app/immutable /_app//version.json /_app/immutable/entry/start.C0ffee.js/ /_app\\version.json
    /_app/immutable/entry/start.C0ffee.js.br /%2fetc/passwd
"""


@pytest.mark.parametrize("target", TRAVERSALS.split())
async def test_no_target_reaches_a_file_that_is_not_in_the_table(service: Attacked, target: str) -> None:
    answer = await service.ask(f"GET {target}", [])
    assert (answer.status, json.loads(answer.body)["status"]) == (404, 404)


async def test_no_page_is_shown_at_the_path_of_a_route(service: Attacked) -> None:
    paths = [route.path for route in service.app.routes if isinstance(route, Route)]
    assert len(paths) > 20
    assert [path for path in paths if shell_of(path, "text/html")] == []


@pytest.mark.parametrize("host", ["127.0.0.1:1; script-src *", "[::1]; script-src *", "[::1]", "h: *"])
async def test_host_of_a_request_adds_nothing_to_the_policy(service: Attacked, host: str) -> None:
    answer = await service.ask("GET /mail", [f"Host: {host}", NAVIGATION])
    assert answer.status == 200
    assert f"frame-src {OURS}/_app/immutable/assets/; base-uri 'none';" in answer.headers["content-security-policy"]

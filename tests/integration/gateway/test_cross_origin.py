"""What pages of other origins can read (WHATWG Fetch §3.2): origins that the operator listed everything, others
nothing."""

import pytest

from attacked_service import COOKIE_OF_ANN, JSON, LISTED, OWN, TOKENS, Attacked, basic

READER = f"Authorization: Bearer {TOKENS['read']}"
ANN = basic("ann@example.org", TOKENS["read"])
PATHS = ["/.well-known/jmap", "/jmap/session", "/jmap/", f"/jmap/upload/{OWN}/", "/jmap/eventsource/", "/api/me"]
NOT_LISTED = """
    https://evil.example http://webmail.example.net https://webmail.example.net:443 https://webmail.example.net:8443
    https://webmail.example.net. https://webmail.example.net/ https://evil.webmail.example.net https://example.net
    https://webmail.example.net.evil.example https://evilwebmail.example.net https://webmail.example.net@evil.example
    HTTPS://webmail.example.net https://WEBMAIL.example.net https://webmail.example.net,https://evil.example null *
    file:// webmail.example.net https://mail.example.org
"""


def asks(method: str, *names: str) -> list[str]:
    """The preflight request that a browser sends first."""
    wanted = [f"Access-Control-Request-Headers: {','.join(names)}"] if names else []
    return [f"Access-Control-Request-Method: {method}", *wanted]


@pytest.mark.parametrize("path", PATHS)
async def test_a_listed_page_may_send_a_token_and_its_preflight_needs_none(service: Attacked, path: str) -> None:
    for method in ("GET", "POST"):
        wanted = asks(method, "authorization", "content-type", "last-event-id")
        for more in ([], ["Access-Control-Request-Private-Network: true"]):
            answer = await service.ask(f"OPTIONS {path}", [f"Origin: {LISTED}", *wanted, *more])
            assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, LISTED)
            assert {"GET", "POST"} == {*answer.headers["access-control-allow-methods"].split(", ")}
            allowed = answer.headers["access-control-allow-headers"].lower().split(", ")
            assert {"authorization", "content-type", "last-event-id"} <= {*allowed}
            assert "origin" in answer.headers["vary"].lower()
            assert int(answer.headers["access-control-max-age"]) > 0
            assert "access-control-allow-credentials" not in answer.headers
    assert not service.reached()


@pytest.mark.parametrize("origin", [*NOT_LISTED.split(), f"{LISTED} https://evil.example"])
async def test_page_of_an_unlisted_origin_can_neither_preflight_nor_read(service: Attacked, origin: str) -> None:
    for way, fields in {
        "OPTIONS /jmap/": asks("POST", "authorization"),
        "GET /jmap/session": [READER],
        "GET /api/me": [],
    }.items():
        answer = await service.ask(way, [f"Origin: {origin}", *fields])
        assert "access-control-allow-origin" not in answer.headers, way
        assert "origin" in answer.headers["vary"].lower()


@pytest.mark.parametrize(
    ("way", "fields", "status"),
    [
        ("GET /jmap/session", [READER], 200),
        ("GET /jmap/session", [ANN], 200),
        ("GET /.well-known/jmap", [READER], 307),
        ("GET /jmap/session", [], 401),
        ("GET /api/me", [basic("ben@example.org", TOKENS["read"])], 401),
        ("GET /jmap/session", [COOKIE_OF_ANN], 403),
        ("GET /jmap/session", [COOKIE_OF_ANN, READER], 403),
        (f"POST /jmap/upload/{OWN}/", [READER], 403),
        ("POST /jmap/", [READER, JSON], 400),
        ("GET /jmap/download/benaccount/x/y", [READER], 404),
        ("GET /jmap/", [READER], 405),
        ("GET /jmap/none", [READER], 404),
        ("GET /api/live", [READER], 503),
    ],
    ids=str,
)
async def test_allowed_origin_can_read_every_answer_and_problem(
    service: Attacked, way: str, fields: list[str], status: int
) -> None:
    answer = await service.ask(way, [f"Origin: {LISTED}", "Sec-Fetch-Site: cross-site", *fields])
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (status, LISTED)
    exposed = {*answer.headers["access-control-expose-headers"].split(", ")}
    assert exposed == {"Content-Disposition", "Retry-After", "WWW-Authenticate"}
    assert "origin" in answer.headers["vary"].lower()
    assert "access-control-allow-credentials" not in answer.headers


async def test_allowed_origin_can_read_an_internal_error(service: Attacked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service.inside.preparations.of, "side_effect", ZeroDivisionError)
    answer = await service.ask("GET /api/me", [f"Origin: {LISTED}", READER])
    assert (answer.status, answer.kind) == (500, "internal_error")
    assert answer.headers["access-control-allow-origin"] == LISTED


async def test_pages_of_allowed_origins_cannot_read_internal_endpoints(service: Attacked) -> None:
    for way in ("GET /metrics", "GET /health/ready", "POST /internal/mail/provision", "POST /internal/mail/stalwart"):
        answer = await service.ask(way, [f"Origin: {LISTED}"])
        assert not [name for name in answer.headers if name.startswith("access-control-")], way
        answer = await service.ask(f"OPTIONS {way.split()[1]}", [f"Origin: {LISTED}", *asks("POST")])
        assert answer.status == 405

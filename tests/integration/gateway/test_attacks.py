"""The table of attacks: requests of an attacker, and their results. No request reaches another person's data, and a
refused one is not forwarded. The fixture `service` checks that no response mentions another person.

Attacks on the framing of HTTP are in test_attacks_on_the_wire.py.
"""

from typing import Any

import pytest
from starlette.routing import Match, Route

from attacked_service import (
    COOKIE_OF_ANN,
    COOKIE_OF_BEN,
    FOREIGN,
    JSON,
    LISTED,
    OURS,
    OWN,
    PEOPLE,
    TOKEN_OF_BEN,
    TOKENS,
    Attacked,
    basic,
)
from postroom.gateway.methods import METHODS

# Who a request is authenticated as


@pytest.mark.parametrize(
    ("fields", "who"),
    [
        ([COOKIE_OF_ANN], "ann"),
        ([TOKEN_OF_BEN], "ben"),
        # One credential counts. If there are several kinds, the same kind always wins, whatever their order.
        ([COOKIE_OF_ANN, TOKEN_OF_BEN], "ben"),
        ([TOKEN_OF_BEN, COOKIE_OF_ANN], "ben"),
        (["Authorization: Bearer ben-token", COOKIE_OF_ANN], "ann"),
        ([f"Authorization: Bearer {TOKENS['read']}", TOKEN_OF_BEN], "ben"),
        ([f"Authorization: Bearer {TOKENS['read']}", COOKIE_OF_BEN], "ben"),
        # Two credentials of one kind count as none.
        ([COOKIE_OF_ANN, COOKIE_OF_BEN], None),
        ([f"{COOKIE_OF_ANN}; ory_kratos_session=ben-cookie"], None),
        ([f"{COOKIE_OF_ANN}; ory_kratos_session="], None),
        ([TOKEN_OF_BEN, "X-Session-Token: ann-token"], None),
        ([TOKEN_OF_BEN, TOKEN_OF_BEN], None),
        (["Authorization: Bearer ben-token", "Authorization: Bearer ann-token"], None),
        (["Authorization: Bearer ben-token, Bearer ann-token"], None),
        # A malformed credential is not skipped in favour of another one.
        ([COOKIE_OF_ANN, "X-Session-Token: ben token"], None),
        (['Cookie: ory_kratos_session="ann-cookie"', "Authorization: Bearer ben-token"], None),
        # A credential is accepted only as its own kind and in its own place.
        (["Cookie: ory_kratos_session=ann-token"], None),
        (["X-Session-Token: ann-cookie"], None),
        ([f"X-Session-Token: {TOKENS['read']}"], None),
        # HTTP Basic takes an access token with the address of its owner, in any spelling.
        ([basic("ann@example.org", TOKENS["read"])], "ann"),
        ([basic(" Ann@EXAMPLE.org", TOKENS["read"])], "ann"),
        ([basic("ann@example.org", TOKENS["read"]), COOKIE_OF_BEN], "ben"),
        ([basic("ann@example.org", TOKENS["read"]), TOKEN_OF_BEN], "ben"),
        ([basic("ben@example.org", TOKENS["read"])], None),
        ([basic("ann+ben@example.org", TOKENS["read"])], None),
        ([basic("ann@example.com", TOKENS["read"])], None),
        ([basic("ann", TOKENS["read"])], None),
        ([basic("", TOKENS["read"])], None),
        ([basic("ann@example.org", TOKENS["read"][:-1])], None),
        ([basic("ann@example.org", f" {TOKENS['read']}")], None),
        ([basic("ben@example.org", "ben-token")], None),
        ([basic("ben@example.org", "a password of Kratos")], None),
        ([basic("ann@example.org", TOKENS["read"]), basic("ann@example.org", TOKENS["read"])], None),
        ([basic("ann@example.org", TOKENS["read"]), "Authorization: Bearer ben-token"], None),
        ([f"{basic('ann@example.org', TOKENS['read'])}, Bearer ben-token"], None),
        ([f"Authorization: Basic {TOKENS['read']}"], None),
        ([f"Authorization: Basic ann@example.org:{TOKENS['read']}"], None),
        (["Authorization: Basic /zo="], None),
        (["Authorization: Basic ===="], None),
        (["Authorization: Basic"], None),
        (["Authorization: ben-token"], None),
        (["X-Session-Cookie: ben-cookie"], None),
        (["Proxy-Authorization: Bearer ben-token"], None),
        # Headers that a proxy might trust have no effect here.
        ([COOKIE_OF_ANN, "X_Session_Token: ben-token"], "ann"),
        ([COOKIE_OF_ANN, "X-Session-Token2: ben-token"], "ann"),
        ([COOKIE_OF_ANN, "X-Forwarded-User: ben@example.org", "X-User: ben"], "ann"),
        ([COOKIE_OF_ANN, f"X-Kratos-Authenticated-Identity-Id: {PEOPLE['ben'].identity_id}"], "ann"),
        ([COOKIE_OF_ANN, "X-HTTP-Method-Override: DELETE", "X-Original-URL: /jmap/upload/benaccount/"], "ann"),
        ([f"{COOKIE_OF_ANN}; x=ory_kratos_session=ben-cookie; Xory_kratos_session=ben-cookie"], "ann"),
    ],
    ids=str,
)
async def test_request_is_authenticated_by_its_only_credential_or_not_at_all(
    service: Attacked, fields: list[str], who: str | None
) -> None:
    answer = await service.ask("GET /jmap/session", fields)
    assert (answer.status, service.asked_as()) == ((200, {who}) if who else (401, set()))


# Routes

ROUTES = {
    "GET /api/me": None,
    "POST /api/logout": "session",
    "GET /api/access-tokens": "session",
    "POST /api/access-tokens": "session",
    "DELETE /api/access-tokens/x": "session",
    "GET /api/devices": "session",
    "POST /api/devices": "session",
    "DELETE /api/devices/x": "session",
    "GET /api/settings": "session",
    "PUT /api/settings": "session",
    "GET /api/mail-settings": "read",
    "GET /api/mail-settings/qr.svg": "read",
    "GET /api/mail-settings/apple.mobileconfig": "read",
    "GET /api/live": "read",
    "GET /api/realtime": "read",
    "POST /api/unsubscribe": "read send",
    "GET /jmap/session": None,
    "POST /jmap/": None,
    "POST /jmap": None,
    f"POST /jmap/upload/{OWN}/": "write",
    f"GET /jmap/download/{OWN}/x/y": "read",
    "GET /jmap/eventsource/?types=*": "read",
}
"""The scopes that an access token needs there; "session": no access token is enough."""
PUBLIC = {"/health/live", "/health/ready", "/metrics", "/.well-known/jmap", "/mail/config-v1.1.xml"}
PUBLIC |= {"/.well-known/autoconfig/mail/config-v1.1.xml", "/internal/mail/provision", "/internal/mail/stalwart"}
PUBLIC |= {"/.ory/kratos/public/{path:path}"}  # Kratos itself asks who it is


def test_attack_tests_cover_every_route_for_people(service: Attacked) -> None:
    ways = [way.partition("?")[0].split() for way in ROUTES]
    scopes = [{"type": "http", "method": method, "path": path} for method, path in ways]
    routes = [route for route in service.app.routes if isinstance(route, Route)]
    attacked = [route for scope in scopes for route in routes if route.matches(scope)[0] == Match.FULL]
    assert {route.path for route in routes if route not in attacked} == PUBLIC


async def test_every_route_for_people_gets_401_without_a_credential(service: Attacked) -> None:
    for way in ROUTES:
        program, browser = await service.ask(way, [JSON]), await service.ask(way, [JSON, f"Origin: {OURS}"])
        assert (program.status, browser.status) == (401, 401), way
        assert program.headers["www-authenticate"] == 'Bearer realm="Postroom", Basic realm="Postroom", charset="UTF-8"'
        assert browser.headers["www-authenticate"] == 'Bearer realm="Postroom"'
    assert not service.reached()


@pytest.mark.parametrize("scopes", TOKENS)
async def test_access_token_reaches_only_the_routes_in_its_scopes(service: Attacked, scopes: str) -> None:
    for way, needed in ROUTES.items():
        service.forget()
        answer = await service.ask(way, [f"Authorization: Bearer {TOKENS[scopes]}", JSON])
        if needed is None or {*needed.split()} <= {*scopes.split()}:
            assert answer.status not in (401, 403), way
        else:
            kind = "session_required" if needed == "session" else "scope_missing"
            assert (answer.status, answer.kind, service.reached()) == (403, kind, False), way


READS = {"get", "changes", "query", "queryChanges", "parse", "lookup", "validate"}


@pytest.mark.parametrize("scopes", TOKENS)
async def test_gateway_forwards_only_the_methods_in_the_scopes_of_an_access_token(
    service: Attacked, scopes: str
) -> None:
    """All methods at once. `EmailSubmission/set` sends an existing email, which amounts to reading it."""
    needed = {method: "read" if method.split("/")[1] in READS else "write" for method in METHODS}
    needed |= {"EmailSubmission/set": "read send", "Core/echo": ""}
    await service.call(*[[method, {"accountId": OWN}] for method in METHODS], who=TOKENS[scopes])
    assert service.called() == {method for method in METHODS if {*needed[method].split()} <= {*scopes.split()}}


EVIL = "https://evil.example"
NOT_OURS = """
    https://evil.example http://mail.example.org https://mail.example.org:8443 https://mail.example.org:99999
    https://example.org https://www.example.org https://evil.mail.example.org https://mail-example.org
    https://mail.example.org.evil.example https://mail.example.org. https://mail%2eexample.org
    https://xn--mail.example.org https://mail.ex\xd0\xb0mple.org https://mail.example.org@evil.example
    https://someone@mail.example.org https://mail.example.org\\@evil.example https://evil.example#mail.example.org
    //mail.example.org mail.example.org https:// https://[::1 https://127.0.0.1 http://localhost:8080 null file://
    chrome-extension://mail.example.org moz-extension://x app://mail.example.org data: blob:https://mail.example.org
"""
OPENED = ["Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"]


@pytest.mark.parametrize(
    ("fields", "reads", "changes"),
    [
        # What browsers send with requests of our own pages.
        (["Sec-Fetch-Site: same-origin", f"Origin: {OURS}"], True, True),
        (["Sec-Fetch-Site: same-origin"], True, True),
        (["Sec-Fetch-Site: none"], True, True),
        ([f"Origin: {OURS}"], True, True),
        (["Origin: HTTPS://Mail.Example.Org:443"], True, True),
        # A request without this information may only read: an old browser sends no Origin with a GET.
        ([], True, False),
        ([f"Referer: {OURS}/inbox"], True, False),
        # A link on another site may open our page in a tab. A form on another site changes nothing, and a frame shows
        # nothing.
        (["Sec-Fetch-Site: cross-site", *OPENED], True, False),
        (["Sec-Fetch-Site: same-site", *OPENED], True, False),
        (["Sec-Fetch-Site: cross-site", OPENED[0], "Sec-Fetch-Dest: iframe"], False, False),
        # Other sites, and other origins of the same site.
        (["Sec-Fetch-Site: cross-site", f"Origin: {EVIL}"], False, False),
        (["Sec-Fetch-Site: cross-site", f"Origin: {LISTED}"], False, False),
        ([f"Origin: {LISTED}"], False, False),
        ([f"Origin: {LISTED}", f"Authorization: Bearer {TOKENS['read']}"], False, False),
        (["Sec-Fetch-Site: cross-site"], False, False),
        (["Sec-Fetch-Site: same-site"], False, False),
        (["Sec-Fetch-Site: same-site", f"Origin: {OURS}"], False, False),
        (["Sec-Fetch-Site: same-origin", f"Origin: {EVIL}"], False, False),
        (["Sec-Fetch-Site: cross-site", f"Origin: {OURS}"], False, False),
        (["Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: cross-site"], False, False),
        (["Sec-Fetch-Site: Same-Origin"], False, False),
        (["Sec-Fetch-Site:"], False, False),
        ([f"Origin: {OURS}", f"Origin: {EVIL}"], False, False),
        ([f"Origin: {EVIL}", "X-Forwarded-Host: mail.example.org"], False, False),
        *(
            ([f"Origin: {origin}"], False, False)
            for origin in [*NOT_OURS.split(), "", f"{OURS}, {EVIL}", f"{EVIL} {OURS}"]
        ),
    ],
    ids=str,
)
async def test_session_cookie_is_accepted_only_from_our_own_pages(
    service: Attacked, fields: list[str], reads: bool, changes: bool
) -> None:
    for way in ROUTES:
        service.forget()
        answer = await service.ask(way, [COOKIE_OF_ANN, JSON, *fields])
        if reads if way.startswith("GET") else changes:
            assert answer.kind != "cross_site", way
        else:
            assert (answer.status, answer.kind, service.reached()) == (403, "cross_site", False), way


# Method calls: a few of those of tests/unit/test_gateway_rules.py


@pytest.mark.parametrize(
    "arguments", [{}, {"accountId": FOREIGN}, {"accountId": OWN, "update": {"x": {"y/accountId": FOREIGN}}}], ids=str
)
async def test_no_call_for_another_account_is_forwarded(service: Attacked, arguments: dict[str, Any]) -> None:
    answers = await service.call(*[[method, arguments] for method in METHODS if method != "Core/echo"])
    assert {answer[0] for answer in answers} == {"error"}
    assert service.called() == {"Core/echo"}
    assert FOREIGN.encode() not in service.server.asked[-1].body

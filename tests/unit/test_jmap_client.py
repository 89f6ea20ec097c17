"""The client and its session: a limited wait, the limits of a request, and credentials that are never sent to another
server."""

import asyncio
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.jmap.client import JmapClient
from postroom.jmap.errors import HttpError, NotAnswered, Unreadable
from postroom.jmap.session import MAX_OBJECTS_IN_GET, Session
from postroom.jmap.url import expand, origin_of, resolve
from scripted_jmap import SESSION, URL, ScriptedJmap, answered, http_of, known, problem

READ = [("Email/get", {"accountId": "a", "ids": []})]


async def test_jmap_session_is_fetched_once() -> None:
    server = ScriptedJmap()
    client = server.client()
    for _ in range(3):
        await client.call(READ, deadline=5)
    assert server.asked == ["/.well-known/jmap", "/jmap/", "/jmap/", "/jmap/"]


async def test_changed_session_is_fetched_again_before_the_next_call() -> None:
    server = ScriptedJmap(answered("s1"))
    client = server.client()
    await client.call(READ, deadline=5)
    server.session |= {"state": "s1", "apiUrl": "/moved/"}
    await client.call(READ, deadline=5)
    await client.call(READ, deadline=5)
    assert server.asked == ["/.well-known/jmap", "/jmap/", "/.well-known/jmap", "/moved/", "/moved/"]


async def test_session_whose_state_never_matches_is_not_fetched_at_every_call() -> None:
    server = ScriptedJmap(answered("other"))
    client = server.client()
    for _ in range(4):
        await client.call(READ, deadline=5)
    assert server.asked.count("/.well-known/jmap") == 2


async def test_moved_jmap_api_url_is_found_again() -> None:
    server = ScriptedJmap(problem(404), answered())
    client = server.client()
    with pytest.raises(HttpError):
        await client.call(READ, deadline=5)
    server.session |= {"apiUrl": "/moved/"}
    await client.call(READ, deadline=5)
    assert server.asked == ["/.well-known/jmap", "/jmap/", "/.well-known/jmap", "/moved/"]


def redirecting(*targets: str) -> tuple[JmapClient, list[httpx2.Request]]:
    """A server that responds with these redirects before its session."""
    left, requests = list(targets), list[httpx2.Request]()

    def handle(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return httpx2.Response(307, headers={"Location": left.pop(0)}) if left else httpx2.Response(200, json=SESSION)

    return JmapClient(URL, known, http_of(handle)), requests


@pytest.mark.parametrize("targets", [["/jmap/session"], ["one", "two", f"{URL}/three"], ["?four"]])
async def test_redirects_are_followed_within_the_server_and_urls_resolve_against_the_last_one(
    targets: list[str],
) -> None:
    client, requests = redirecting(*targets)
    session = await client.session(deadline=5)
    assert session.api_url == f"{URL}/jmap/"
    assert all(request.headers["Authorization"] == "Bearer secret" for request in requests)


@pytest.mark.parametrize(
    "target",
    [
        "https://mail.example.org:8080/jmap/session",
        "http://mail.example.org/jmap/session",
        "http://mail.example.org:9090/",
        "http://evil.example.net:8080/",
        "//evil.example.net:8080/",
        "http://mail.example.org:8080@evil.example.net/",
        "http://alice:secret@mail.example.org:8080/",
        "file:///etc/passwd",
        "http://[/",
    ],
)
async def test_redirect_to_another_origin_is_not_followed(target: str) -> None:
    client, requests = redirecting(target)
    with pytest.raises(Unreadable):
        await client.session(deadline=5)
    assert len(requests) == 1


async def test_endless_redirects_are_given_up() -> None:
    client, requests = redirecting(*["/again"] * 9)
    with pytest.raises(Unreadable, match="without end"):
        await client.session(deadline=5)
    assert len(requests) == 4


async def test_credentials_are_sent_only_to_the_base_url_whatever_the_session_says() -> None:
    evil = "http://evil.example.net"
    server = ScriptedJmap(**{name: f"{evil}{SESSION[name]}" for name in ("apiUrl", "eventSourceUrl")})
    client = server.client()
    await client.call(READ, deadline=5)
    url = (await client.session(deadline=5)).event_source_url("Email", ping=60)
    server.will(httpx2.Response(200, content=b"x"))
    async with client.stream(url, {}, within=5) as found:
        assert found.status == 200
    assert len(server.requests) == 3
    assert {(each.url.scheme, each.url.host, each.url.port) for each in server.requests} == {
        ("http", "mail.example.org", 8080)
    }


@pytest.mark.parametrize("base", ["", "mail.example.org", "ftp://mail.example.org", "http://u:p@mail.example.org"])
def test_jmap_client_rejects_a_base_that_is_not_an_http_url(base: str) -> None:
    with pytest.raises(ValueError, match="http"):
        JmapClient(base, known, http_of(ScriptedJmap()._handle))


async def test_jmap_client_gets_credentials_before_each_request() -> None:
    server, given = ScriptedJmap(), iter(["Bearer 1", "Bearer 2", "Bearer 3"])

    async def header() -> str:
        return next(given)

    client = JmapClient(URL, header, http_of(server._handle))
    await client.call(READ, deadline=5)
    await client.call(READ, deadline=5)
    assert [each.headers["Authorization"] for each in server.requests] == ["Bearer 1", "Bearer 2", "Bearer 3"]


async def test_hanging_server_times_out_at_the_deadline() -> None:
    async def hang(_: httpx2.Request) -> httpx2.Response:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(NotAnswered):
        await JmapClient(URL, known, http_of(hang)).call(READ, deadline=0.05)


async def test_session_is_fetched_again_after_a_rejected_request() -> None:
    server = ScriptedJmap(problem(400, "urn:ietf:params:jmap:error:limit", limit="maxCallsInRequest"), answered())
    client = server.client()
    with pytest.raises(HttpError):
        await client.call(READ, deadline=5)
    await client.call(READ, deadline=5)
    assert server.asked.count("/.well-known/jmap") == 2


# The session


BASE = "http://127.0.0.1:8080"


def a_session(**more: Any) -> Session:
    return Session.read(SESSION | more, url=f"{BASE}/jmap/session")


@pytest.mark.parametrize(
    ("reported", "called"),
    [
        ("/jmap/", "/jmap/"),
        ("api", "/jmap/api"),
        ("../api/", "/api/"),
        ("?only=query", "/jmap/session?only=query"),
        ("https://mail.example.org/jmap/?a=b", "/jmap/?a=b"),
        ("http://evil.example.net:9/jmap/", "/jmap/"),
        ("//evil.example.net/jmap/", "/jmap/"),
        ("https://169.254.169.254/latest/meta-data", "/latest/meta-data"),
        ("http://[::1]:6379/", "/"),
        ("http://127.0.0.1:8080//evil.example.net/", "//evil.example.net/"),
        ("https://mail.example.org", "/"),
        ("/jmap/#fragment", "/jmap/"),
        ("http:///jmap/", "/jmap/"),
    ],
)
def test_session_urls_are_requested_at_the_configured_base(reported: str, called: str) -> None:
    assert a_session(apiUrl=reported).api_url == BASE + called


FORBIDDEN_URLS = [
    "",
    "http://alice:secret@mail.example.org/",
    "http://127.0.0.1:8080@evil.example.net/",
    "//user@evil.example.net/",
    "file:///etc/passwd",
    "ftp://mail.example.org/",
    "javascript:alert(1)",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "http://mail.example.org:port/",
    "http://mail.example.org:99999/",
    "/\\evil.example.net/",
    "\\\\evil.example.net/",
    "/jmap/\r\nX-Injected: 1",
    "/jmap /",
    "http://[::1/",
    "/jmap/{+path}",
    "/jmap/{?query}",
    "/jmap/{",
]


@pytest.mark.parametrize(
    ("name", "reported"),
    [
        *(("apiUrl", url) for url in FORBIDDEN_URLS),
        *((name, value) for name in ("apiUrl", "eventSourceUrl") for value in (None, 7, "", FORBIDDEN_URLS[1])),
    ],
)
def test_session_with_a_forbidden_url_is_unreadable(name: str, reported: object) -> None:
    with pytest.raises(Unreadable):
        a_session(**{name: reported})


@given(st.text())
def test_session_urls_resolve_to_the_configured_base_or_fail(reported: str) -> None:
    try:
        found = resolve(reported, f"{BASE}/jmap/session")
    except Unreadable:
        return
    assert origin_of(found) == BASE
    assert found.startswith(f"{BASE}/")


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://mail.example.org:80/x", "http://mail.example.org"),
        ("https://mail.example.org:443", "https://mail.example.org"),
        ("https://Mail.Example.org:80", "https://mail.example.org:80"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
    ],
)
def test_url_origin_is_normalised(url: str, origin: str) -> None:
    assert origin_of(url) == origin


def test_url_template_variables_are_percent_encoded() -> None:
    events = a_session().event_source_url("Email,Mailbox", ping=60)
    assert events == f"{BASE}/jmap/eventsource/?types=Email%2CMailbox&closeafter=no&ping=60"


@given(st.text(st.characters(codec="utf-8")))
def test_url_template_value_cannot_leave_its_place(value: str) -> None:
    url = expand("http://h/{a}/end?q={b}", {"a": value, "b": value})
    path, _, query = url.removeprefix("http://h/").partition("?")
    assert path.count("/") == 1
    assert path.endswith("/end")
    assert "&" not in query
    assert "#" not in url


def test_url_template_variables_without_a_value_are_empty() -> None:
    assert expand("http://h/{a}x{b}", {"a": "1"}) == "http://h/1x"


CAPABILITY = "urn:ietf:params:jmap:core"
INVALID_LIMITS: list[Any] = [None, 0, -1, "many", 1.5, [], {}]
WITHOUT_LIMITS: list[Any] = [None, [], {}, {CAPABILITY: 5}]


@pytest.mark.parametrize(
    ("capabilities", "most"),
    [
        ({CAPABILITY: {"maxObjectsInGet": 4096}}, 4096),
        *(({CAPABILITY: {"maxObjectsInGet": value}}, MAX_OBJECTS_IN_GET) for value in INVALID_LIMITS),
        *((capabilities, MAX_OBJECTS_IN_GET) for capabilities in WITHOUT_LIMITS),
    ],
)
def test_invalid_or_missing_session_limit_is_replaced_by_a_safe_one(capabilities: object, most: int) -> None:
    assert a_session(capabilities=capabilities).max_objects_in_get == most

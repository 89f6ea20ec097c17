"""The session: where our credentials are sent, and the limits of a request."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.jmap.errors import Unreadable
from postroom.jmap.session import MAX_OBJECTS_IN_GET, Session
from postroom.jmap.url import expand, origin_of, resolve
from scripted_jmap import SESSION

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

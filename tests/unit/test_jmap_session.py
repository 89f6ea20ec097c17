"""The session: where our credentials go, whose account it is, and how much the server takes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.errors import Refused
from postroom.jmap.errors import NotProvisioned, Unreadable
from postroom.jmap.session import Limits, Session
from postroom.jmap.url import expand, origin_of, resolve
from scripted_jmap import SESSION

BASE = "http://127.0.0.1:8080"
HTTPS = "https://mail.example.org"
MAIL = "urn:ietf:params:jmap:mail"


def a_session(url: str = f"{BASE}/jmap/session", base: str = BASE, **more: Any) -> Session:
    return Session.read(SESSION | more, url=url, base=base)


@pytest.mark.parametrize(
    ("told", "called"),
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
def test_urls_of_a_session_are_called_at_the_configured_base(told: str, called: str) -> None:
    assert a_session(apiUrl=told).api_url == BASE + called


@pytest.mark.parametrize(
    "told",
    [
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
    ],
)
def test_a_url_that_may_not_be_called_makes_the_session_unreadable(told: str) -> None:
    with pytest.raises(Unreadable):
        a_session(apiUrl=told)


@pytest.mark.parametrize("name", ["apiUrl", "uploadUrl", "downloadUrl", "eventSourceUrl"])
@pytest.mark.parametrize("value", [None, 7, "", "http://u@evil.example.net/"])
def test_every_url_of_a_session_is_checked(name: str, value: object) -> None:
    with pytest.raises(Unreadable):
        Session.read(SESSION | {name: value}, url=f"{BASE}/jmap/session", base=BASE)


@pytest.mark.parametrize(
    ("told", "called"),
    [
        ("https://api.example.org/jmap/", "https://api.example.org/jmap/"),
        ("//api.example.org:8443/", "https://api.example.org:8443/"),
        ("/jmap/", f"{HTTPS}/jmap/"),
    ],
)
def test_where_urls_are_trusted_they_are_called_as_they_are(told: str, called: str) -> None:
    assert resolve(told, f"{HTTPS}/jmap/session", base=HTTPS, trust=True) == called


@pytest.mark.parametrize(
    "told", ["http://api.example.org/", "https://{accountId}.example.org/", "https://u@h.example/"]
)
def test_even_where_urls_are_trusted_credentials_are_not_given_away(told: str) -> None:
    with pytest.raises(Unreadable):
        resolve(told, f"{HTTPS}/jmap/session", base=HTTPS, trust=True)


@given(st.text())
def test_whatever_a_session_says_its_urls_lead_to_the_base_or_nowhere(told: str) -> None:
    try:
        found = resolve(told, f"{BASE}/jmap/session", base=BASE, trust=False)
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
def test_an_origin_has_one_spelling(url: str, origin: str) -> None:
    assert origin_of(url) == origin


def test_variables_of_a_template_are_percent_encoded() -> None:
    session = a_session()
    url = session.download_url("a/b", "b?c#d", name="Ünï cödé/../x.pdf", type="text/plain; charset=utf-8")
    assert url == (
        f"{BASE}/jmap/download/a%2Fb/b%3Fc%23d/%C3%9Cn%C3%AF%20c%C3%B6d%C3%A9%2F..%2Fx.pdf"
        "?accept=text%2Fplain%3B%20charset%3Dutf-8"
    )
    assert session.upload_url("a b") == f"{BASE}/jmap/upload/a%20b/"
    events = session.event_source_url("Email,Mailbox", ping=60)
    assert events == f"{BASE}/jmap/eventsource/?types=Email%2CMailbox&closeafter=no&ping=60"


@pytest.mark.parametrize("value", [".", ".."])
def test_a_value_that_would_leave_its_place_in_the_path_is_refused(value: str) -> None:
    with pytest.raises(Refused):
        a_session().download_url("a", "b", name=value, type="text/plain")


@given(st.text())
def test_no_value_reaches_beyond_its_place(value: str) -> None:
    try:
        url = expand("http://h/{a}/end?q={b}", {"a": value, "b": value})
    except Refused:
        return
    path, _, query = url.removeprefix("http://h/").partition("?")
    assert path.count("/") == 1
    assert path.endswith("/end")
    assert "&" not in query
    assert "#" not in url


def test_variables_without_a_value_are_empty() -> None:
    assert expand("http://h/{a}x{b}", {"a": "1"}) == "http://h/1x"


def test_limits_are_the_servers() -> None:
    core = {"maxCallsInRequest": 50, "maxObjectsInGet": 4096, "maxConcurrentUpload": 5, "collationAlgorithms": []}
    limits = a_session(capabilities={"urn:ietf:params:jmap:core": core}).limits
    assert limits == Limits(max_calls_in_request=50, max_objects_in_get=4096, max_concurrent_upload=5)


@pytest.mark.parametrize("value", [None, 0, -1, "many", 1.5, True, [], {}])
def test_a_limit_that_is_none_is_the_safe_one(value: object) -> None:
    assert Limits.read({"maxCallsInRequest": value}) == Limits()


def test_each_capability_may_have_an_account_of_its_own() -> None:
    session = a_session(
        accounts={"a": {"accountCapabilities": {}}, "b": {"accountCapabilities": {}}},
        primaryAccounts={MAIL: "a", "urn:ietf:params:jmap:quota": "b"},
    )
    assert (session.account_for(MAIL), session.account_for("urn:ietf:params:jmap:quota")) == ("a", "b")


@pytest.mark.parametrize(
    "more",
    [
        {"primaryAccounts": {}},
        {"primaryAccounts": {MAIL: "gone"}},
        {"primaryAccounts": {MAIL: None}},
        {"primaryAccounts": {"urn:ietf:params:jmap:core": "a"}},
        {"accounts": {}},
        {"accounts": {"a": {"accountCapabilities": None}}},
        {"accounts": {"a": {}}},
    ],
    ids=["none", "unknown", "null", "of another capability", "no accounts", "null as Cyrus says", "nothing said"],
)
def test_a_mailbox_that_is_not_there_yet_is_told_as_such(more: dict[str, Any]) -> None:
    with pytest.raises(NotProvisioned) as raised:
        a_session(**more).account_for(MAIL)
    assert raised.value.never_applied


@pytest.mark.parametrize(
    "more",
    [
        {"accounts": []},
        {"accounts": {"a": None}},
        {"accounts": {"a": {"accountCapabilities": []}}},
        {"capabilities": None},
        {"capabilities": {"urn:ietf:params:jmap:core": 5}},
        {"primaryAccounts": 7},
        {"state": 5},
        {"username": None},
    ],
)
def test_a_session_of_nonsense_is_unreadable(more: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        a_session(**more)

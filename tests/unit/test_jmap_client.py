"""The client: one session, few requests at once, and nothing sent twice that could apply twice."""

import asyncio
from typing import Any

import httpx2
import pytest

from postroom.jmap.capability import MAIL
from postroom.jmap.client import JmapClient
from postroom.jmap.errors import (
    HttpError,
    JmapError,
    RequestError,
    TooLarge,
    Unreadable,
)
from postroom.jmap.request import Request
from scripted_jmap import SESSION, URL, ScriptedJmap, answered, problem

READ, WRITE = "Email/get", "Email/set"


def a_request(*methods: str, **arguments: Any) -> Request:
    request = Request()
    for method in methods or (READ,):
        request.add(method, {"accountId": "a", **arguments})
    return request


async def error_of(server: ScriptedJmap, request: Request, **more: Any) -> JmapError:
    with pytest.raises(JmapError) as raised:
        await server.client(**more).call(request, deadline=60)
    return raised.value


async def test_the_session_is_asked_for_once() -> None:
    server = ScriptedJmap()
    client = server.client()
    await asyncio.gather(*(client.call(a_request(), deadline=5) for _ in range(3)))
    assert (await client.session(deadline=5)).account_for(MAIL) == "a"
    assert server.asked == ["/.well-known/jmap", "/jmap/", "/jmap/", "/jmap/"]


async def test_a_session_that_changed_is_asked_for_again_before_the_next_call() -> None:
    server = ScriptedJmap()
    server.will(answered("s1"))
    client = server.client()
    await client.call(a_request(), deadline=5)
    server.session |= {"state": "s1", "apiUrl": "/moved/"}
    await client.call(a_request(), deadline=5)
    await client.call(a_request(), deadline=5)
    assert server.asked == ["/.well-known/jmap", "/jmap/", "/.well-known/jmap", "/moved/", "/moved/"]


async def test_a_server_that_never_names_the_state_of_its_session_is_not_asked_again_each_time() -> None:
    server = ScriptedJmap()
    server.will(answered("other"))
    client = server.client()
    for _ in range(4):
        await client.call(a_request(), deadline=5)
    assert server.asked.count("/.well-known/jmap") == 2


async def test_a_server_that_has_moved_is_found_again() -> None:
    server = ScriptedJmap()
    server.will(problem(404), answered())
    client = server.client()
    with pytest.raises(HttpError):
        await client.call(a_request(), deadline=5)
    server.session |= {"apiUrl": "/moved/"}
    await client.call(a_request(), deadline=5)
    assert server.asked == ["/.well-known/jmap", "/jmap/", "/.well-known/jmap", "/moved/"]


def redirecting(*targets: str) -> tuple[JmapClient, list[httpx2.Request]]:
    """A server whose session is behind these redirects."""
    left, requests = list(targets), list[httpx2.Request]()

    def handle(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return httpx2.Response(307, headers={"Location": left.pop(0)}) if left else httpx2.Response(200, json=SESSION)

    return JmapClient(URL, "Bearer secret", transport=httpx2.MockTransport(handle)), requests


@pytest.mark.parametrize("targets", [["/jmap/session"], ["one", "two", f"{URL}/three"], ["?four"]])
async def test_redirects_are_followed_within_the_server_and_urls_are_relative_to_their_end(targets: list[str]) -> None:
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
async def test_a_redirect_elsewhere_is_not_followed(target: str) -> None:
    client, requests = redirecting(target)
    with pytest.raises(Unreadable):
        await client.session(deadline=5)
    assert len(requests) == 1


async def test_redirects_come_to_an_end() -> None:
    client, requests = redirecting(*["/again"] * 9)
    with pytest.raises(Unreadable, match="without end"):
        await client.session(deadline=5)
    assert len(requests) == 4


async def test_credentials_go_to_the_base_whatever_the_session_says() -> None:
    evil = "http://evil.example.net"
    urls = {name: f"{evil}{SESSION[name]}" for name in ("apiUrl", "uploadUrl", "downloadUrl")}
    server = ScriptedJmap(**urls)
    client = server.client()
    await client.call(a_request(), deadline=5)
    server.will(httpx2.Response(200, content=b"x"))
    async with client.download("a", "b", deadline=5) as found:
        assert found.status == 200
    with pytest.raises(JmapError):
        await client.upload("a", b"x", type="text/plain", deadline=5)
    assert {(each.url.scheme, each.url.host, each.url.port) for each in server.requests} == {
        ("http", "mail.example.org", 8080)
    }


@pytest.mark.parametrize("base", ["", "mail.example.org", "ftp://mail.example.org", "http://u:p@mail.example.org"])
def test_a_base_that_is_no_url_is_refused_at_once(base: str) -> None:
    with pytest.raises(ValueError, match="http"):
        JmapClient(base, "Bearer secret")


async def test_credentials_are_asked_for_before_each_request() -> None:
    server, given = ScriptedJmap(), iter(["Bearer 1", "Bearer 2", "Bearer 3"])

    async def header() -> str:
        return next(given)

    client = JmapClient(URL, header, transport=httpx2.MockTransport(server._handle))
    await client.call(a_request(), deadline=5)
    await client.call(a_request(), deadline=5)
    assert [each.headers["Authorization"] for each in server.requests] == ["Bearer 1", "Bearer 2", "Bearer 3"]


async def test_a_request_larger_than_the_server_takes_is_not_sent() -> None:
    server = ScriptedJmap(capabilities={"urn:ietf:params:jmap:core": {"maxSizeRequest": 1000}})
    error = await error_of(server, a_request(WRITE, create={"c": {"subject": "x" * 1000}}))
    assert isinstance(error, TooLarge)
    assert error.limit == "maxSizeRequest"
    assert server.asked == ["/.well-known/jmap"]


@pytest.mark.parametrize(("methods", "never_applied"), [([WRITE, WRITE], False), ([READ, WRITE], True)])
async def test_a_part_that_failed_tells_of_the_parts_before_it(methods: list[str], never_applied: bool) -> None:
    server = ScriptedJmap(capabilities={"urn:ietf:params:jmap:core": {"maxCallsInRequest": 1}})
    server.will(answered(), problem(403))
    assert (await error_of(server, a_request(*methods))).never_applied == never_applied


async def test_a_refused_request_is_no_reason_to_believe_the_session_for_ever() -> None:
    server = ScriptedJmap()
    server.will(problem(400, "urn:ietf:params:jmap:error:limit", limit="maxCallsInRequest"), answered())
    client = server.client()
    with pytest.raises(RequestError):
        await client.call(a_request(), deadline=5)
    await client.call(a_request(), deadline=5)
    assert server.asked.count("/.well-known/jmap") == 2

"""Our client and another one: jmaplib, its fake server under ours, and the same requests on the wire.

jmaplib speaks httpx, Postroom httpx2: a transport between the two.
"""

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
import httpx2
import jmap.core.session
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jmap.aio import AsyncJMAPClient
from jmap.auth.credentials import BearerAuth
from jmap.core.invocation import Handle
from jmap.core.pointer import resolve as resolve_pointer
from jmap.core.uritemplate import expand as jmaplib_expand
from jmap.push.eventsource import event_source_url
from jmap.push.sse import SSEParser
from jmap.testing.fake import FakeJMAPServer, ServerQuirks

from postroom.errors import Refused
from postroom.jmap.capability import MAIL
from postroom.jmap.changes import changes
from postroom.jmap.client import JmapClient
from postroom.jmap.errors import CannotCalculateChanges, HttpError, Limited, MethodError, RequestError
from postroom.jmap.event_source import Connected, StateChange, listen
from postroom.jmap.event_stream import EventStream
from postroom.jmap.request import Request
from postroom.jmap.session import Session
from postroom.jmap.url import expand

URL = "http://jmap.example.org"
CORE = "urn:ietf:params:jmap:core"
SUBMISSION = "urn:ietf:params:jmap:submission"
VACATION = "urn:ietf:params:jmap:vacationresponse"
LIMITS = {
    "maxSizeUpload": 50_000_000,
    "maxConcurrentUpload": 4,
    "maxSizeRequest": 10_000_000,
    "maxConcurrentRequests": 4,
    "maxCallsInRequest": 4,
    "maxObjectsInGet": 3,
    "maxObjectsInSet": 3,
    "collationAlgorithms": [],
}


class Bridge(httpx2.AsyncBaseTransport):
    def __init__(self, server: FakeJMAPServer) -> None:
        self.server = server
        self.headers: list[httpx2.Headers] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.headers.append(request.headers)
        content = await request.aread()
        answer = self.server.route(
            httpx.Request(request.method, str(request.url), headers=request.headers.raw, content=content)
        )
        return httpx2.Response(answer.status_code, headers=answer.headers.raw, content=answer.content)


def a_server(**quirks: Any) -> FakeJMAPServer:
    capabilities = {CORE: LIMITS, MAIL: {}, SUBMISSION: {}, VACATION: {}}
    accounts = {"a": {"name": "alice", "isPersonal": True, "isReadOnly": False, "accountCapabilities": capabilities}}
    server = FakeJMAPServer(
        base_url=URL,
        capabilities=capabilities,
        accounts=accounts,
        primary_accounts=dict.fromkeys(capabilities, "a"),
        quirks=ServerQuirks(**quirks),
    )
    server.respond("Email/query", {"accountId": "a", "queryState": "q", "ids": ["m1", "m2"], "position": 0})
    server.handle("Email/get", lambda arguments, _: {"state": "1", "list": [{"id": x} for x in arguments["ids"]]})
    server.handle("Thread/get", lambda arguments, _: {"state": "1", "list": [{"id": x} for x in arguments["ids"]]})
    return server


def ours(server: FakeJMAPServer, **more: Any) -> JmapClient:
    async def pause(_: float) -> None: ...

    return JmapClient(URL, "Bearer secret", transport=Bridge(server), pause=pause, **more)


async def theirs(server: FakeJMAPServer) -> AsyncJMAPClient:
    http = httpx.AsyncClient(transport=server.transport(), follow_redirects=True)
    return await AsyncJMAPClient.connect(f"{URL}/.well-known/jmap", auth=BearerAuth("secret"), http=http)


Asked = list[tuple[str, dict[str, Any]]]
"""Calls; a value `("ref", place, path)` refers to the result of the call at `place`."""

BATCHES: dict[str, Asked] = {
    "one call": [("Email/query", {"accountId": "a", "filter": {"inMailbox": "x"}, "limit": 50})],
    "all of a type": [("Mailbox/get", {"accountId": "a", "ids": None})],
    "a reference": [
        ("Email/query", {"accountId": "a", "calculateTotal": True}),
        ("Email/get", {"accountId": "a", "ids": ("ref", 0, "/ids"), "properties": ["threadId", "subject"]}),
    ],
    "a chain of references": [
        ("Email/query", {"accountId": "a", "collapseThreads": True}),
        ("Email/get", {"accountId": "a", "ids": ("ref", 0, "/ids"), "properties": ["threadId"]}),
        ("Thread/get", {"accountId": "a", "ids": ("ref", 1, "/list/*/threadId")}),
        ("Email/get", {"accountId": "a", "ids": ("ref", 2, "/list/*/emailIds"), "properties": ["from"]}),
    ],
    "a change": [
        ("Email/set", {"accountId": "a", "ifInState": "1", "update": {"m1": {"keywords/$seen": True}}}),
        ("Mailbox/get", {"accountId": "a", "ids": ["x"]}),
    ],
    "a submission": [
        ("Email/set", {"accountId": "a", "create": {"d": {"mailboxIds": {"x": True}}}}),
        (
            "EmailSubmission/set",
            {
                "accountId": "a",
                "create": {"s": {"emailId": "#d", "identityId": "i"}},
                "onSuccessUpdateEmail": {"#s": {"keywords/$draft": None}},
            },
        ),
    ],
    "two capabilities": [
        ("VacationResponse/get", {"accountId": "a", "ids": ["singleton"]}),
        ("Identity/get", {"accountId": "a", "ids": None}),
    ],
    "an echo": [("Core/echo", {"ü": ["€", None, 1.5, True]})],
    "more ids than one get may have": [("Email/get", {"accountId": "a", "ids": list("abcdefg")})],
    "ids asked for twice": [("Email/get", {"accountId": "a", "ids": list("abcdabcd")})],
    "more calls than one request may have": [("Email/get", {"accountId": "a", "ids": [str(n)]}) for n in range(9)],
    "more calls, of which some belong together": [
        *[("Email/get", {"accountId": "a", "ids": [str(n)]}) for n in range(3)],
        ("Email/query", {"accountId": "a"}),
        ("Email/get", {"accountId": "a", "ids": ("ref", 3, "/ids")}),
        ("Thread/get", {"accountId": "a", "ids": ("ref", 4, "/list/*/id")}),
    ],
}


def arguments_of(arguments: dict[str, Any], made: list[Any]) -> dict[str, Any]:
    """With references to the results of these calls, in the one client's words or the other's."""
    return {
        name: made[value[1]].ref(value[2]) if isinstance(value, tuple) else value for name, value in arguments.items()
    }


async def our_requests(asked: Asked) -> list[dict[str, Any]]:
    server, request = a_server(), Request()
    made: list[Any] = []
    for name, arguments in asked:
        made.append(request.add(name, arguments_of(arguments, made)))
    await ours(server).call(request, deadline=5)
    return server.requests


async def their_requests(asked: Asked) -> list[dict[str, Any]]:
    server = a_server()
    for name, _ in asked:  # it reads every answer; unknown methods of the fake would only be told
        server.handlers.setdefault(name, lambda _, __: {"accountId": "a", "state": "1", "list": [], "notFound": []})
    async with await theirs(server) as client:
        made: list[Handle[Any]] = []
        async with client.batch() as batch:
            for name, arguments in asked:
                made.append(batch.add(name, arguments_of(arguments, made)))
    return server.requests


def comparable(requests: list[dict[str, Any]]) -> list[Any]:
    """Without the names that each client chooses for its calls, and with capabilities as the set that they are."""
    ids: dict[str, str] = {}

    def renamed(call: list[Any]) -> list[Any]:
        name, arguments, call_id = call
        ids.setdefault(call_id, f"call {len(ids)}")
        told = {
            key: {**value, "resultOf": ids[value["resultOf"]]} if key.startswith("#") else value
            for key, value in arguments.items()
        }
        return [name, told, ids[call_id]]

    return [[{*each["using"]} - {CORE}, [renamed(call) for call in each["methodCalls"]]] for each in requests]


@pytest.mark.parametrize("asked", BATCHES.values(), ids=BATCHES.keys())
async def test_both_clients_send_the_same_requests(asked: Asked) -> None:
    """But for `using`: ours names what the methods need, theirs mail, too, wherever a capability is of RFC 8621."""
    mine, other = comparable(await our_requests(asked)), comparable(await their_requests(asked))
    assert [calls for _, calls in mine] == [calls for _, calls in other]
    for (my_using, _), (other_using, _) in zip(mine, other, strict=True):
        assert my_using | {MAIL} == other_using | {MAIL}


async def test_the_session_is_found_behind_its_redirect_with_our_credentials() -> None:
    bridge = Bridge(a_server())
    client = JmapClient(URL, "Bearer secret", transport=bridge)
    session = await client.session(deadline=5)
    assert (session.account_for(MAIL), session.limits.max_calls_in_request) == ("a", 4)
    assert [headers["Authorization"] for headers in bridge.headers] == ["Bearer secret"] * 2


async def test_results_of_references_come_back_to_their_calls() -> None:
    server, request = a_server(), Request()
    query = request.add("Email/query", {"accountId": "a"})
    got = request.add("Email/get", {"accountId": "a", "ids": query.ref("/ids")})
    answer = await ours(server).call(request, deadline=5)
    assert [each["id"] for each in answer.of(got)["list"]] == ["m1", "m2"]
    assert resolve_pointer(answer.of(query), "/ids") == ["m1", "m2"]


async def test_chunks_and_parts_come_back_as_one_answer() -> None:
    server, request = a_server(), Request()
    got = [request.add("Email/get", {"accountId": "a", "ids": [f"{n}{x}" for x in "abcde"]}) for n in range(5)]
    answer = await ours(server).call(request, deadline=5)
    assert [len(each["methodCalls"]) for each in server.requests] == [4, 4, 2]
    for n, call in enumerate(got):
        assert [each["id"] for each in answer.of(call)["list"]] == [f"{n}{x}" for x in "abcde"]


@pytest.mark.parametrize(("quirk", "kind"), [(False, "unknownCapability"), (True, "notRequest")])
async def test_a_capability_that_the_server_does_not_have_is_an_error_of_the_request(quirk: bool, kind: str) -> None:
    request = Request(using=["urn:example:unheard-of"])
    request.add("Email/query", {"accountId": "a"})
    with pytest.raises(RequestError) as raised:
        await ours(a_server(unknown_using_is_not_request=quirk)).call(request, deadline=5)
    assert (raised.value.type, raised.value.never_applied) == (kind, True)


async def test_a_limit_below_the_session_s_is_an_error_of_the_request() -> None:
    request = Request()
    for _ in range(3):
        request.add("Core/echo", {})
    with pytest.raises(RequestError) as raised:
        await ours(a_server(max_calls_in_request=2)).call(request, deadline=5)
    assert (raised.value.type, raised.value.limit) == ("limit", "maxCallsInRequest")


def failures(*statuses: int) -> list[httpx.Response]:
    limit = {"type": "urn:ietf:params:jmap:error:limit", "limit": "maxConcurrentRequests"}
    return [httpx.Response(each, json=limit if each == 400 else {}) for each in statuses]


@pytest.mark.parametrize("method", ["Email/query", "Email/set"])
async def test_throttling_is_waited_out(method: str) -> None:
    server, request = a_server(scripted_failures=failures(400, 429, 400)), Request()
    server.respond("Email/set", {"accountId": "a"})
    call = request.add(method, {"accountId": "a"})
    assert (await ours(server).call(request, deadline=5)).of(call)["accountId"] == "a"


async def test_throttling_without_end_is_told() -> None:
    request = Request()
    request.add("Email/query", {"accountId": "a"})
    with pytest.raises(Limited):
        await ours(a_server(scripted_failures=failures(*[400] * 9))).call(request, deadline=5)


@pytest.mark.parametrize(("method", "sent"), [("Email/query", True), ("Email/set", False)])
async def test_after_a_503_only_what_reads_is_sent_again(method: str, sent: bool) -> None:
    server, request = a_server(scripted_failures=failures(503)), Request()
    server.respond("Email/set", {"accountId": "a"})
    request.add(method, {"accountId": "a"})
    try:
        await ours(server).call(request, deadline=5)
    except HttpError:
        assert not sent
    assert len(server.requests) == sent


async def test_errors_of_calls_are_told_by_type() -> None:
    server, request = a_server(), Request()
    server.fail("Email/changes", "cannotCalculateChanges")
    server.fail("Email/set", "forbidden", description="no")
    calls = [request.add(name, {"accountId": "a"}) for name in ("Email/changes", "Email/set", "Email/parse")]
    answer = await ours(server).call(request, deadline=5)
    with pytest.raises(CannotCalculateChanges):
        answer.of(calls[0])
    with pytest.raises(MethodError, match="forbidden: no"):
        answer.of(calls[1])
    with pytest.raises(MethodError, match="unknownMethod"):
        answer.of(calls[2])


async def test_changes_are_followed_to_their_end() -> None:
    server = a_server()

    def page(arguments: dict[str, Any], _: FakeJMAPServer) -> dict[str, Any]:
        state = int(arguments["sinceState"])
        more = {"created": [f"m{state}"], "updated": [], "destroyed": []}
        return more | {"oldState": str(state), "newState": str(state + 1), "hasMoreChanges": state < 3}

    server.handle("Email/changes", page)
    found = [each async for each in changes(ours(server), "Email", "a", "0", deadline=5)]
    assert [each.created for each in found] == [["m0"], ["m1"], ["m2"], ["m3"]]


async def test_what_was_uploaded_is_downloaded() -> None:
    server, content = a_server(), bytes(range(256)) * 100
    client = ours(server)
    blob = await client.upload("a", content, type="application/x-test", deadline=5)
    assert (blob.type, blob.size, server.blobs[blob.id][0]) == ("application/x-test", len(content), content)
    async with client.download("a", blob.id, name="x y/z.bin", deadline=5) as found:
        assert found.headers["content-type"] == "application/x-test"
        assert b"".join([chunk async for chunk in found.chunks()]) == content
    with pytest.raises(HttpError, match="404"):
        async with client.download("a", "unheard-of", deadline=5):
            pass


async def test_pushed_changes_are_heard_and_gone_on_from() -> None:
    server = a_server()
    server.push_ping(60)
    server.push("a", {"Email": "7"}, event_id="46", retry=3000)
    events = listen(ours(server), ["Email"], ping=60)
    assert await anext(events) == Connected()
    assert await anext(events) == StateChange({"a": {"Email": "7"}})
    assert await anext(events) == Connected()
    await events.aclose()
    assert [each.get("last-event-id") for each in server.event_source_requests] == [None, "46"]


PIECES = st.sampled_from(
    [b"\r", b"\n", b"\r\n", b"data: ", b"data", b"event:", b"id: ", b"id", b"retry: ", b":", b" ", b"7", "ü€".encode()]
)


@given(st.lists(PIECES, max_size=60), st.integers(1, 7))
def test_both_parsers_read_the_same_events(pieces: list[bytes], size: int) -> None:
    content = b"".join(pieces)
    mine, other = EventStream(), SSEParser()
    ids = [(event.type, event.data, event.id) for event in mine.feed(content)]
    chunks = [content[start : start + size] for start in range(0, len(content), size)]
    theirs = [event for chunk in chunks for event in other.feed_bytes(chunk)]
    assert ids == [(event.type, event.data, event.last_event_id) for event in theirs]
    assert mine.last_id == other.last_event_id


@given(st.text(), st.text())
def test_both_fill_templates_alike(first: str, second: str) -> None:
    template = "http://h/download/{accountId}/{name}?accept={type}"
    values = {"accountId": first, "name": second, "type": "text/plain"}
    try:
        filled = expand(template, values)
    except Refused:
        assert {".", ".."} & {first, second}
        return
    assert filled == outcome(lambda: jmaplib_expand(template, values), filled)


def outcome(ask: Callable[[], str], otherwise: str) -> str:
    """What jmaplib says, unless it cannot (a lone surrogate)."""
    try:
        return ask()
    except UnicodeEncodeError:
        return otherwise


@pytest.mark.parametrize("url", ["/jmap/", "jmap/", f"{URL}/jmap/", "?x=y", "../up/"])
def test_both_find_the_same_urls_where_they_are_the_servers_own(url: str) -> None:
    document = a_server().session_document | {"apiUrl": url}
    at = f"{URL}/deep/session"
    mine = Session.read(document, url=at, base=URL)
    other = jmap.core.session.Session.from_wire(document, base_url=at)
    assert mine.api_url == other.api_url
    assert mine.event_source_url("Email,Mailbox", ping=60) == event_source_url(
        other, types=["Email", "Mailbox"], ping=60
    )


def test_a_foreign_url_is_where_we_differ_on_purpose() -> None:
    """Credentials stay at the configured base; jmaplib believes the session."""
    document = a_server().session_document | {"apiUrl": "http://evil.example.net/jmap/"}
    mine = Session.read(document, url=f"{URL}/jmap/session", base=URL)
    other = jmap.core.session.Session.from_wire(document, base_url=f"{URL}/jmap/session")
    assert urlsplit(mine.api_url).hostname == "jmap.example.org"
    assert urlsplit(other.api_url).hostname == "evil.example.net"


async def test_blobs_are_the_same_in_the_words_of_the_methods() -> None:
    """RFC 9404: the fake computes them, so the whole way is tested."""
    server, request = a_server(), Request()
    server.capabilities["urn:ietf:params:jmap:blob"] = {}
    source = {"data": [{"data:asBase64": base64.b64encode(b"hello ").decode()}, {"data:asText": "world"}]}
    made = request.add("Blob/upload", {"accountId": "a", "create": {"b": source}})
    got = request.add("Blob/get", {"accountId": "a", "ids": ["#b"], "properties": ["data:asText", "size"]})
    answer = await ours(server).call(request, deadline=5)
    assert answer.done(made)["created"]["b"]["size"] == 11
    assert answer.of(got)["list"][0]["data:asText"] == "hello world"

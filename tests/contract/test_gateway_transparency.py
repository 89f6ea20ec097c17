"""The gateway is transparent: a request through it gets the same response as one sent to the mail server directly.

Each request is sent both ways. All differences are listed here.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from gateway_trial import ANN, gateway
from jmap_account import Account
from jmap_server import JmapServer, letter
from jmap_table import CAPABILITIES, CHAIN, READING, calls_of, filled
from postroom.gateway.methods import METHODS
from postroom.mailboxes.ports import MailAccount

JSON = "application/json"
CORE = "urn:ietf:params:jmap:core"
ERROR = "urn:ietf:params:jmap:error:"
BROKE_OFF = 502, "urn:postroom:problem:mail_server_broke_off"
# Methods that crash the process that should respond: in Cyrus 3.6, no longer in 3.10.
CRASHING = {"Cyrus": ("VacationResponse/get",)}


@dataclass(frozen=True)
class Ways:
    """The two ways to the mail server: `straight`, and `through` the gateway."""

    server: JmapServer
    straight: Account
    through: httpx2.AsyncClient


@pytest.fixture(scope="module", params=["cyrus", "stalwart_mail"])
def server(request: pytest.FixtureRequest) -> JmapServer:
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
async def ways(server: JmapServer) -> AsyncIterator[Ways]:
    alice, _, carol = server.people
    async with (
        gateway(server.url, session_path=server.session_path) as trial,
        client(server.url, {"Authorization": alice.authorization}) as as_alice,
        client(str(trial.http.base_url), ANN) as alice_through,
    ):
        identity_id = trial.people.people[ANN["Cookie"]].identity_id
        trial.accounts.accounts[identity_id] = MailAccount(identity_id, alice.email, alice.account_id)
        trial.authorization.headers[alice.account_id] = alice.authorization
        found = (await as_alice.get(server.session_path)).raise_for_status().json()["capabilities"]
        using = [name for name in CAPABILITIES if name in found]
        account = Account(as_alice, alice, using, sends_to=carol)
        await account.prepare()
        yield Ways(server, account, alice_through)


def client(url: str, headers: Mapping[str, str]) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=20)


async def ask(http: httpx2.AsyncClient, account: Account, calls: list[Any]) -> Any:
    """The method responses, or the type of the error if the entire request was refused."""
    request = {"using": account.using, "methodCalls": filled(calls, account.names)}
    try:
        answer = await http.post("/jmap/", json=request)
    except httpx2.RemoteProtocolError:
        return BROKE_OFF
    found = answer.json()
    return comparable(found["methodResponses"]) if answer.status_code == 200 else (answer.status_code, found["type"])


def comparable(responses: list[Any]) -> list[Any]:
    """The responses without differences that do not matter: the order of lists that have no order in JMAP, and the
    description of `unknownMethod`, which the gateway omits."""
    for _, arguments, _ in responses:
        if isinstance(arguments.get("notFound"), list):
            arguments["notFound"].sort()
        if isinstance(arguments.get("list"), list):
            arguments["list"].sort(key=json.dumps)
        if arguments.get("type") == "unknownMethod":
            arguments.pop("description", None)
    return responses


# Methods that read


@pytest.mark.parametrize("method", READING)
async def test_gateway_returns_the_same_answers_as_the_mail_server(ways: Ways, method: str) -> None:
    account = ways.straight
    different = dict[str, Any]()
    broke_off = list[str]()
    for what, call in calls_of(method):
        straight = await ask(account.http, account, [[*call, "0"]])
        through = await ask(ways.through, account, [[*call, "0"]])
        if straight != through:
            different[what] = {"straight": straight, "through": through}
        if straight == BROKE_OFF:
            broke_off.append(what)
    assert different == {}
    if broke_off:
        assert method in CRASHING.get(ways.server.name, ()), broke_off
        pytest.skip(f"NOT TESTED: {method} ends a process of this {ways.server.name} if asked for: {broke_off}")


async def test_calls_with_result_references_get_the_same_answers_through_the_gateway(ways: Ways) -> None:
    account = ways.straight
    straight = await ask(account.http, account, CHAIN)
    assert len(straight) == len(CHAIN)
    assert await ask(ways.through, account, CHAIN) == straight


def test_transparency_tests_cover_every_offered_reading_method() -> None:
    changes = re.compile(r"\w+/(set|copy|import|upload)")
    assert {*READING} == {method for method in METHODS if not changes.fullmatch(method)}


# Responses of the gateway itself


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        *[({"accountId": account_id}, "invalidArguments") for account_id in (1, None, ["b"], {})],
        ({}, "invalidArguments"),
        *[({"accountId": account_id}, "accountNotFound") for account_id in ("$other", "no id!", "nowhere", "")],
    ],
)
async def test_call_for_no_account_or_a_foreign_one_is_rejected_by_the_gateway(
    ways: Ways, arguments: dict[str, Any], error: str
) -> None:
    """Cyrus would use the account of the login for some of them, and the login is an address that may belong to another
    person by now. Stalwart answers `forbidden` for an existing account."""
    arguments = filled(arguments, {"$other": ways.server.people[1].account_id})
    calls = [[method, arguments, method] for method in METHODS if method != "Core/echo"]
    for start in range(0, len(calls), 16):
        for name, found, method in await ask(ways.through, ways.straight, calls[start : start + 16]):
            assert (name, found["type"]) == ("error", error), method


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("PushSubscription/get", {"ids": None}, "forbidden"),
    ("x:Account/get", {"ids": None}, "unknownMethod"),
    ("x:Account/set", {"destroy": ["b"]}, "unknownMethod"),
    ("Principal/get", {"accountId": "$account", "ids": None}, "unknownMethod"),
    ("MDN/parse", {"accountId": "$account", "blobIds": []}, "unknownMethod"),
    ("Mailbox/set", {"accountId": "$account", "update": {"$inbox": {"shareWith/$other": {}}}}, "forbidden"),
    ("Identity/set", {"accountId": "$account", "create": {"a": {"shareWith": {"$other": {}}}}}, "forbidden"),
    ("CalendarEvent/get", {"accountId": "$account", "ids": None}, "unknownMethod"),
    ("Email/copy", {"accountId": "$account", "fromAccountId": "$other", "create": {}}, "fromAccountNotFound"),
    ("Blob/copy", {"accountId": "$account", "fromAccountId": "$other", "blobIds": []}, "fromAccountNotFound"),
]


@pytest.mark.parametrize(("method", "arguments", "error"), REFUSED)
async def test_rejected_call_does_not_affect_the_other_calls(
    ways: Ways, method: str, arguments: dict[str, Any], error: str
) -> None:
    account = ways.straight
    refused = [method, filled(arguments, {"$other": ways.server.people[1].account_id}), "refused"]
    straight = await ask(account.http, account, CHAIN)
    for place in (0, 4, len(CHAIN)):
        through = await ask(ways.through, account, [*CHAIN[:place], refused, *CHAIN[place:]])
        name, found, call_id = through.pop(place)
        assert (name, found["type"], call_id) == ("error", error, "refused")
        assert error == "unknownMethod" or found["description"]
        assert through == straight


async def test_rejected_push_subscription_does_not_affect_the_other_calls(ways: Ways) -> None:
    """Each object gets its own error, as Stalwart 0.16.19 itself responds if the URL is not https."""
    account = ways.straight
    create = {key: {"deviceClientId": "x", "url": f"{key}://example.com/push"} for key in ("http", "https")}
    refused = ["PushSubscription/set", {"create": create, "destroy": ["x"]}, "refused"]
    straight = await ask(account.http, account, CHAIN)
    through = await ask(ways.through, account, [*CHAIN[:4], refused, *CHAIN[4:]])
    name, found, call_id = through.pop(4)
    assert (name, call_id) == ("PushSubscription/set", "refused")
    assert {key: each["type"] for key, each in found["notCreated"].items()} == {
        "http": "invalidProperties",
        "https": "forbidden",
    }
    assert {key: each["type"] for key, each in found["notDestroyed"].items()} == {"x": "forbidden"}
    assert through == straight


# Entire requests

GET = ["Mailbox/get", {"accountId": "$account", "ids": []}, "0"]
BOTH = [CORE, "urn:ietf:params:jmap:mail"]


def body(**members: Any) -> bytes:
    return json.dumps({"using": BOTH, "methodCalls": [GET], **members}).encode()


def echo(value: bytes) -> bytes:
    return b'{"using":["%s"],"methodCalls":[["Core/echo",{"a":%s},"0"]]}' % (CORE.encode(), value)


WHOLE: dict[str, tuple[bytes, str]] = {
    "a request": (body(), ""),
    "no calls": (body(methodCalls=[]), ""),
    "a member that is unknown": (body(more=1), ""),
    "no capability for the method": (body(using=[CORE]), ""),
    "no capability at all": (body(using=[]), ""),
    "ids of creations": (body(createdIds={"a": "b"}), ""),
    "no ids of creations": (body(createdIds=None), ""),
    "a large number": (echo(b"9007199254740991"), ""),
    "half a JSON": (b"{", "notJSON"),
    "nothing": (b"", "notJSON"),
    "Latin-1": (echo(b'"\xe4"'), "notJSON"),
    "a name twice": (b'{"using":[],"using":[],"methodCalls":[]}', "notJSON"),
    "no number": (echo(b"NaN"), "notJSON"),
    "half a surrogate pair": (echo(b'"\\ud800"'), "notJSON"),
    "no end of brackets": (echo(b"[" * 200 + b"]" * 200), "notJSON"),
    "a list": (b"[]", "notRequest"),
    "no using": (json.dumps({"methodCalls": [GET]}).encode(), "notRequest"),
    "using is a text": (body(using=CORE), "notRequest"),
    "using has numbers": (body(using=[1]), "notRequest"),
    "no list of calls": (body(methodCalls={}), "notRequest"),
    "a call of two": (body(methodCalls=[GET[:2]]), "notRequest"),
    "a call of four": (body(methodCalls=[[*GET, "x"]]), "notRequest"),
    "a call id that is a number": (body(methodCalls=[[*GET[:2], 1]]), "notRequest"),
    "a method that is a number": (body(methodCalls=[[1, {}, "0"]]), "notRequest"),
    "arguments that are a list": (body(methodCalls=[[GET[0], [], "0"]]), "notRequest"),
    "ids of creations that are a list": (body(createdIds=[]), "notRequest"),
    "an unknown capability": (body(using=[*BOTH, "urn:example:unknown"]), "unknownCapability"),
    "a capability that is not offered here": (body(using=[*BOTH, "urn:stalwart:jmap"]), "unknownCapability"),
    "more calls than allowed": (body(methodCalls=[GET] * 51), "limit maxCallsInRequest"),
    "more bytes than allowed": (body() + b" " * 11_000_000, "limit maxSizeRequest"),
}
# In these cases the responses of the servers differ: Cyrus accepts duplicate names and 200 brackets, Stalwart answers
# `notRequest` to everything that it cannot parse, and each offers other capabilities.
NOT_THE_SAME = {
    "Cyrus": {"a name twice", "no end of brackets", "ids of creations that are a list", "more bytes than allowed"},
    "Stalwart": {
        *("half a JSON", "nothing", "Latin-1", "a name twice", "no number", "half a surrogate pair"),
        *("no end of brackets", "an unknown capability", "a capability that is not offered here"),
    },
}


async def verdict(http: httpx2.AsyncClient, content: bytes, content_type: str = JSON) -> tuple[int, str]:
    """The status, and the type of the error."""
    answer = await http.post("/jmap/", content=content, headers={"Content-Type": content_type})
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if answer.status_code != 200 and kind == "application/problem+json":
        found = answer.json()
        parts = [found["type"].removeprefix(ERROR), found.get("limit", "")]
        return answer.status_code, " ".join(filter(None, parts))
    return answer.status_code, "" if kind == JSON else kind


@pytest.mark.parametrize("what", WHOLE)
async def test_gateway_accepts_or_rejects_a_whole_request_as_the_mail_server_does(ways: Ways, what: str) -> None:
    content, expected = WHOLE[what]
    content = content.replace(b"$account", ways.server.people[0].account_id.encode())
    through = await verdict(ways.through, content)
    assert through == (400 if expected else 200, expected)
    if what not in NOT_THE_SAME[ways.server.name]:
        assert await verdict(ways.straight.http, content) == through


async def test_gateway_rejects_content_types_other_than_json(ways: Ways) -> None:
    """A form on another site can send only these types (RFC 8620 §3.6.1)."""
    content = body(methodCalls=[])
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        assert await verdict(ways.through, content, content_type) == (400, "notJSON")
    for content_type in (f"{JSON}; charset=utf-8", "APPLICATION/JSON"):
        assert await verdict(ways.through, content, content_type) == (200, "")


# The session


async def test_gateway_session_differs_only_in_urls_limits_and_withheld_capabilities(ways: Ways) -> None:
    person = ways.server.people[0]
    straight = (await ways.straight.http.get(ways.server.session_path)).json()
    answer = await ways.through.get("/jmap/session")
    assert answer.status_code == 200
    through = answer.json()
    offered = {f"urn:ietf:params:jmap:{name}" for name in (*NAMES, "blob", "quota", "sieve", "contacts")}

    def kept(found: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in found.items() if name in offered}

    # Ours: the page compares it with the person to whom it was sent.
    assert through["capabilities"].pop("urn:postroom:params:jmap").keys() == {"identityId"}
    limits = through["capabilities"].pop(CORE)
    own = straight["capabilities"].pop(CORE)
    assert limits.keys() == own.keys()
    for name, value in own.items():
        assert limits[name] <= value if isinstance(value, int) else limits[name] == value
    assert through["capabilities"] == kept(straight["capabilities"])
    account = straight["accounts"][person.account_id]
    assert through["accounts"] == {
        person.account_id: {
            "name": person.email,
            "isPersonal": True,
            "isReadOnly": account["isReadOnly"],
            "accountCapabilities": kept(account["accountCapabilities"]),
        }
    }
    assert through["primaryAccounts"] == kept(straight["primaryAccounts"])
    assert (through["username"], through["state"]) == (person.email, straight["state"])
    for name in ("apiUrl", "uploadUrl", "downloadUrl", "eventSourceUrl"):
        assert through[name].startswith(str(ways.through.base_url).rstrip("/") + "/jmap/")


NAMES = ("core", "mail", "submission", "vacationresponse")

# Blobs


async def two_pieces() -> AsyncIterator[bytes]:
    yield b"first, "
    yield b"second"


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"", "text/plain"),
        (b"x", "text/plain; charset=utf-8"),
        (b"x", 'text/plain; name="a b"'),
        (b"x", "Text/HTML"),
        (b"x", ""),
        (bytes(range(256)) * 12_000, "application/octet-stream"),
        (two_pieces, "image/png"),
    ],
)
async def test_upload_gets_the_same_response_through_the_gateway(
    ways: Ways, content: bytes | Callable[[], AsyncIterator[bytes]], content_type: str
) -> None:
    found = list[Any]()
    account_id = ways.server.people[0].account_id
    for http in (ways.straight.http, ways.through):
        answer = await http.post(
            f"/jmap/upload/{account_id}/",
            content=content() if callable(content) else content,
            headers={"Content-Type": content_type} if content_type else {},
        )
        assert answer.headers["content-type"].startswith(JSON)
        reported = answer.json()
        # Cyrus says when the blob expires. The id from Stalwart contains that time.
        reported.pop("expires", None)
        blob_id = reported.pop("blobId")
        downloaded = await http.get(f"/jmap/download/{account_id}/{blob_id}/x?accept=text/plain")
        found.append((answer.status_code, reported, downloaded.content))
    assert found[0] == found[1]
    assert found[0][0] in (200, 201)


async def test_invalid_media_type_is_replaced_in_uploads_and_downloads(ways: Ways) -> None:
    """An invalid media type is forwarded in neither direction: browsers may treat it as anything."""
    account_id = ways.server.people[0].account_id
    headers = {"Content-Type": "nonsense"}
    uploaded = await ways.through.post(f"/jmap/upload/{account_id}/", content=b"x", headers=headers)
    assert uploaded.json()["type"] == "application/octet-stream"
    url = f"/jmap/download/{account_id}/{uploaded.json()['blobId']}/a?accept=nonsense"
    assert (await ways.through.get(url)).headers["content-type"] == "application/octet-stream"


INERT = ("text/plain", "image/png", "audio/mpeg", "video/mp4")


@pytest.mark.parametrize("name", ["a.txt", "a%2Fb%20%C3%BC.txt", "%3Fx", "a.b.c"])
@pytest.mark.parametrize("accept", [*INERT, "message/rfc822", "text/html;charset=utf-8"])
async def test_gateway_download_has_the_same_bytes_and_an_inert_media_type(ways: Ways, name: str, accept: str) -> None:
    """A type that a browser might treat as code of our origin is replaced by application/octet-stream."""
    account = ways.straight
    expected = accept if accept in INERT else "application/octet-stream"
    url = filled("/jmap/download/$account/$blob/", account.names) + f"{name}?accept={accept.replace(';', '%3B')}"
    for more in ({}, {"Range": "bytes=0-1"}, {"If-None-Match": '"x"'}):
        straight = await account.http.get(url, headers=more)
        through = await ways.through.get(url, headers=more)
        assert (straight.status_code, straight.headers["content-type"]) == (200, accept)
        assert (through.status_code, through.headers["content-type"]) == (200, expected)
        assert through.content == straight.content != b""
        assert through.headers["content-length"] == str(len(straight.content))
        assert through.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize("blob", ["Gnowhere", "no%20id"])
async def test_missing_blob_gets_404_with_and_without_the_gateway(ways: Ways, blob: str) -> None:
    url = filled("/jmap/download/$account/", ways.straight.names) + f"{blob}/a?accept=text/plain"
    assert (await ways.straight.http.get(url)).status_code == 404
    assert (await ways.through.get(url)).status_code == 404


# Events


async def first_events(answer: httpx2.Response) -> bytes:
    """All events up to one with a change."""
    received = b""
    async with aclosing(answer.aiter_bytes()) as chunks:
        async for chunk in chunks:
            received += chunk
            if b"event: state" in received and received.endswith(b"\n\n"):
                return received
    return received


@pytest.mark.parametrize("query", ["types=*", "types=Email,Mailbox", "types=Email&closeafter=state"])
async def test_event_source_sends_the_same_events_through_the_gateway(ways: Ways, query: str) -> None:
    defaults = "" if "closeafter" in query else "&closeafter=no"
    url = f"/jmap/eventsource/?{query}{defaults}&ping=0"
    ends = "closeafter=state" in query
    async with (
        asyncio.timeout(10),
        ways.straight.http.stream("GET", url) as straight,
        ways.through.stream("GET", url) as through,
    ):
        assert straight.status_code == through.status_code
        if straight.status_code == 204:
            pytest.skip(f"NOT TESTED but for that 204: this {ways.server.name} has no event source")
        assert through.headers["content-type"].partition(";")[0] == "text/event-stream"
        # Stalwart does not deliver the same message twice.
        await ways.server.deliver(letter(f"Told {uuid4().hex}"), ways.server.people[0].email)
        if ends:
            found = [await straight.aread(), await through.aread()]
        else:
            found = await asyncio.gather(first_events(straight), first_events(through))
    assert b"Email" in found[0]
    assert found[1] == found[0]

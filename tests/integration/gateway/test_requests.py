"""The gateway between real sockets: what goes up, what comes down, and what does neither."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from eventually import eventually
from gateway_trial import ANN, BEN, BENS, QUERY, GatewayTrial, gateway, kind
from postroom.domain.person import Scope
from postroom.errors import KratosAway
from postroom.gateway.limits import Limits
from scripted_upstream import ScriptedUpstream, http_answer, json_answer

JMAP = "urn:ietf:params:jmap:"
# Of the sizes and times that the tests reach.
SMALL = Limits(
    max_size_request=10_000, max_size_upload=100_000, body_seconds=0.3, stall_seconds=0.3, answer_seconds=0.3
)


@pytest.fixture
async def small(server: ScriptedUpstream) -> AsyncIterator[GatewayTrial]:
    async with gateway(server.url, limits=SMALL) as trial:
        yield trial


# Whose account


async def test_each_person_acts_as_that_person(server: ScriptedUpstream, trial: GatewayTrial) -> None:
    await trial.call(QUERY)
    await trial.call(BENS, who=BEN)
    assert [asked.header("authorization") for asked in server.asked] == ["Basic b-0", "Basic c-0"]


async def test_calls_for_another_account_are_answered_in_their_place_and_never_sent(
    server: ScriptedUpstream, trial: GatewayTrial
) -> None:
    answer = await trial.call(
        QUERY,
        ["Email/query", {"accountId": "c"}, "1"],
        ["x:Account/get", {"ids": None}, "2"],
        ["Email/copy", {"accountId": "b", "fromAccountId": "c"}, "3"],
        ["PushSubscription/get", {"ids": None}, "4"],
        ["Email/get", {"accountId": "b", "#ids": {"resultOf": "1", "name": "Email/query", "path": "/ids"}}, "5"],
    )
    responses = answer.json()["methodResponses"]
    assert [response[1].get("type") for response in responses] == [
        None,
        "accountNotFound",
        "unknownMethod",
        "fromAccountNotFound",
        "forbidden",
        None,
    ]
    assert [response[2] for response in responses] == ["0", "1", "2", "3", "4", "5"]
    assert [call[0] for call in server.asked[0].calls()] == ["Email/query", *["Core/echo"] * 4, "Email/get"]


@pytest.mark.parametrize(
    "path",
    [
        "/jmap/upload/c/",
        "/jmap/upload/%63/",
        "/jmap/upload/b%2F..%2Fc/",
        "/jmap/upload/../upload/c/",
        "/jmap/upload/b/../c/",
        "/jmap/upload//",
        "/jmap/upload/B/",
    ],
)
async def test_nobody_uploads_into_another_account(server: ScriptedUpstream, trial: GatewayTrial, path: str) -> None:
    """Stalwart itself answers 200 to such an upload."""
    request = b"POST %s HTTP/1.1\r\nHost: x\r\nCookie: session=ann\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx"
    answer = await trial.raw(request % path.encode())
    assert answer.startswith(b"HTTP/1.1 404")
    assert server.asked == []


@pytest.mark.parametrize(
    "path",
    [
        "/jmap/download/c/x/y",
        "/jmap/download/%63/x/y",
        "/jmap/download/b/../c/x/y",
        "/jmap/download/b%2F..%2Fc/x/y",
        "/jmap/download/b/..%2F..%2Fc/y",
        "/jmap/download/b/..",
        "/jmap/download/b/../y",
        "/jmap/download/b/x%00/y",
        "/jmap/download/b/x%3Fa/y",
        "/jmap/download/b/x%0d%0aX:%20y/y",
    ],
)
async def test_nobody_downloads_from_another_account(server: ScriptedUpstream, trial: GatewayTrial, path: str) -> None:
    answer = await trial.raw(
        b"GET %s HTTP/1.1\r\nHost: x\r\nCookie: session=ann\r\nConnection: close\r\n\r\n" % path.encode()
    )
    assert answer.startswith(b"HTTP/1.1 404")
    assert server.asked == []


async def test_a_download_asks_for_the_blob_by_a_path_that_no_name_can_bend(
    server: ScriptedUpstream, trial: GatewayTrial
) -> None:
    server.will(http_answer(200, b"x", content_type="text/html"))
    for name in ("x.html", "..%2F..%2Fc%2Fx", "a/b", "%3Faccept=x", "%00"):
        answer = await trial.http.get(f"/jmap/download/b/Gx_-1/{name}?accept=text/html%26x=y", headers=ANN)
        assert answer.status_code == 200
    assert {asked.target for asked in server.asked} == {
        "/jmap/download/b/Gx_-1/blob?accept=application%2Foctet-stream"  # `text/html&x=y` is no media type
    }


# Who may ask


async def test_who_asks_must_be_known(trial: GatewayTrial) -> None:
    answer = await trial.call(QUERY, who={})
    assert kind(answer) == (401, "no_session")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    trial.people.errors[ANN["Cookie"]] = KratosAway("Kratos is away")
    for path in ("/jmap/session", "/jmap/download/b/x/y", "/jmap/eventsource/?types=*"):
        answer = await trial.http.get(path, headers=ANN)
        assert kind(answer) == (503, "kratos_away")
        assert "retry-after" in answer.headers
        assert "connection" not in answer.headers  # nothing of the request is unread


async def test_of_two_cookie_headers_none_is_left_out(server: ScriptedUpstream, trial: GatewayTrial) -> None:
    both = [("Cookie", ANN["Cookie"]), ("Cookie", BEN["Cookie"])]
    answer = await trial.http.get("/jmap/session", headers=both)
    assert answer.status_code == 401  # who asks is judged by both of them together, and together they are nobody's


async def test_a_person_without_a_mailbox_is_told_to_come_back(server: ScriptedUpstream, trial: GatewayTrial) -> None:
    trial.accounts.accounts.clear()
    answer = await trial.call(QUERY)
    assert kind(answer) == (503, "mailbox_not_ready")
    assert int(answer.headers["retry-after"]) > 0
    assert server.asked == []


async def test_an_access_token_is_held_to_its_scopes_everywhere(server: ScriptedUpstream, trial: GatewayTrial) -> None:
    trial.people.change(ANN, scopes=frozenset({Scope.SEND}))
    for method, path in (
        ("POST", "/jmap/upload/b/"),
        ("GET", "/jmap/download/b/x/y"),
        ("GET", "/jmap/eventsource/?types=*"),
    ):
        assert kind(await trial.http.request(method, path, headers=ANN)) == (403, "scope_missing")
    assert server.asked == []
    both = [QUERY, ["EmailSubmission/set", {"accountId": "b"}, "1"]]
    for scopes, names in (
        ({Scope.SEND}, ["error", "error"]),
        ({Scope.READ}, ["Email/query", "error"]),
        ({Scope.READ, Scope.SEND}, ["Email/query", "EmailSubmission/set"]),
    ):
        trial.people.change(ANN, scopes=frozenset(scopes))
        assert [response[0] for response in (await trial.call(*both)).json()["methodResponses"]] == names


async def test_what_kratos_wants_the_browser_told_goes_with_each_answer(trial: GatewayTrial) -> None:
    trial.people.set_cookie = ("a=1; Path=/", "b=2; Path=/")
    assert (await trial.call(QUERY)).headers.get_list("set-cookie") == ["a=1; Path=/", "b=2; Path=/"]
    trial.accounts.accounts.clear()
    assert (await trial.call(QUERY)).headers.get_list("set-cookie") == ["a=1; Path=/", "b=2; Path=/"]


# Headers


async def test_only_listed_headers_go_up(server: ScriptedUpstream, trial: GatewayTrial) -> None:
    hostile = {
        "Authorization": "Basic YWRtaW46cHc=",
        "X-Forwarded-For": "10.0.0.1",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "for=10.0.0.1",
        "X-Real-IP": "10.0.0.1",
        "X-HTTP-Method-Override": "DELETE",
        "Referer": "https://evil.example",
        "Origin": "https://evil.example",
        "Range": "bytes=0-1",
        "TE": "trailers",
        "Accept-Language": "de, en;q=0.5",
        "Accept-Encoding": "gzip",
        "User-Agent": "x",
    }
    body = {"using": [JMAP + "mail"], "methodCalls": [QUERY]}
    assert (await trial.http.post("/jmap/", json=body, headers=ANN | hostile)).status_code == 200
    host = server.url.removeprefix("http://")
    assert sorted(server.asked[0].headers) == [
        ("accept", "application/json"),
        ("accept-encoding", "identity"),
        ("accept-language", "de, en;q=0.5"),
        ("authorization", "Basic b-0"),
        ("content-length", str(len(server.asked[0].body))),
        ("content-type", "application/json"),
        ("host", host),
    ]


async def test_only_listed_headers_come_down(server: ScriptedUpstream, trial: GatewayTrial) -> None:
    server.will(
        json_answer(
            {"methodResponses": []},
            set_cookie="a=b",
            server="Stalwart",
            via="1.1 internal",
            www_authenticate="Basic",
            location="http://internal/",
            x_internal="1",
            access_control_allow_origin="*",
        )
    )
    answer = await trial.call(QUERY)
    assert set(answer.headers) == {"cache-control", "content-length", "content-type", "x-content-type-options"}


async def test_a_cookie_of_the_mail_server_is_kept_for_nobody(server: ScriptedUpstream, trial: GatewayTrial) -> None:
    server.will(json_answer({"methodResponses": []}, set_cookie="login=ann; Path=/"))
    await trial.call(QUERY)
    await trial.call(BENS, who=BEN)
    assert server.asked[1].header("cookie") is None


SMUGGLED = b'{"using":["urn:ietf:params:jmap:mail"],"methodCalls":[]}'


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: +5\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"X: a\rContent-Length: 5\r\n",
    ],
)
async def test_a_request_with_two_readings_is_refused(
    server: ScriptedUpstream, trial: GatewayTrial, head: bytes
) -> None:
    start = b"POST /jmap/ HTTP/1.1\r\nHost: x\r\nCookie: session=ann\r\nContent-Type: application/json\r\n"
    inner = b"POST /jmap/ HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = await trial.raw(start + head + b"Connection: close\r\n\r\n0\r\n\r\n" + inner)
    assert answer.startswith(b"HTTP/1.1 400")
    assert server.asked == []


@pytest.mark.parametrize(
    ("start", "name"),
    [
        ("POST /jmap/ HTTP/1.1\r\nContent-Type: application/json", "Accept-Language"),
        ("GET /jmap/eventsource/?types=* HTTP/1.1", "Last-Event-ID"),
        ("POST /jmap/upload/b/ HTTP/1.1", "Content-Type"),
    ],
)
@pytest.mark.parametrize(
    ("value", "read"), [("x\nX-Evil: 1", 0), ("x\x7f", 0), ("x\x00", 0), ("x\tX-Evil", 1), ("x\xff", 1)]
)
async def test_a_header_that_goes_up_carries_no_second_one(
    server: ScriptedUpstream, trial: GatewayTrial, start: str, name: str, value: str, read: int
) -> None:
    server.will(json_answer({"methodResponses": []}))
    request = f"{start}\r\nHost: x\r\nCookie: session=ann\r\n{name}: {value}\r\nConnection: close\r\n"
    length = f"Content-Length: {len(SMUGGLED)}\r\n\r\n"
    answer = await trial.raw((request + length).encode("latin-1") + SMUGGLED)
    assert answer.startswith(b"HTTP/1.1 400") is not bool(read)
    assert len(server.asked) == read
    for asked in server.asked:
        assert "evil" not in str(asked.headers).lower()
        assert all(value.isascii() and value.isprintable() for _, value in asked.headers)


async def test_only_the_methods_of_jmap_are_served(trial: GatewayTrial) -> None:
    for method, path in (
        ("GET", "/jmap/"),
        ("PUT", "/jmap/"),
        ("HEAD", "/jmap/session"),
        ("POST", "/jmap/session"),
        ("HEAD", "/jmap/eventsource/?types=*"),
        ("DELETE", "/jmap/upload/b/"),
        ("OPTIONS", "/jmap/"),
        ("TRACE", "/jmap/"),
    ):
        answer = await trial.http.request(method, path, headers=ANN)
        assert answer.status_code == 405, (method, path)


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "application/x-www-form-urlencoded", "text/json"])
async def test_a_request_that_a_form_could_send_is_no_json(
    server: ScriptedUpstream, trial: GatewayTrial, content_type: str | None
) -> None:
    stated = {} if content_type is None else {"Content-Type": content_type}
    answer = await trial.http.post("/jmap/", content=b'{"using":[],"methodCalls":[]}', headers=ANN | stated)
    assert (kind(answer), server.asked) == ((400, "notJSON"), [])
    stated = {"Content-Type": "Application/JSON; charset=utf-8"}
    answer = await trial.http.post("/jmap", content=b'{"using":[],"methodCalls":[]}', headers=ANN | stated)
    assert answer.status_code == 200


# Sizes and slowness


async def test_a_request_that_is_too_large_is_refused_before_it_is_read(
    server: ScriptedUpstream, small: GatewayTrial
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 1000

    headers = ANN | {"Content-Type": "application/json"}
    for content in (b"x" * 10_001, endless()):
        answer = await small.http.post("/jmap/", content=content, headers=headers)
        assert (kind(answer), answer.json()["limit"]) == ((400, "limit"), "maxSizeRequest")
    stated = b"POST /jmap/ HTTP/1.1\r\nHost: x\r\nCookie: session=ann\r\nContent-Type: application/json\r\n"
    answer = await small.raw(stated + b"Content-Length: 10001\r\n\r\n")
    assert b"maxSizeRequest" in answer
    assert server.asked == []


async def test_an_upload_that_is_too_large_is_cut_off_while_it_streams(
    server: ScriptedUpstream, small: GatewayTrial
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(300):
            yield b"x" * 1000

    answer = await small.http.post("/jmap/upload/b/", content=endless(), headers=ANN)
    assert (kind(answer), answer.json()["limit"]) == ((400, "limit"), "maxSizeUpload")
    assert not any(asked.complete for asked in server.asked)
    answer = await small.http.post("/jmap/upload/b/", content=b"x" * 100_001, headers=ANN)
    assert answer.json()["limit"] == "maxSizeUpload"


@pytest.mark.parametrize(("path", "pace"), [("/jmap/", 0.05), ("/jmap/", 30), ("/jmap/upload/b/", 30)])
async def test_a_body_that_comes_too_slowly_is_given_up(
    server: ScriptedUpstream, small: GatewayTrial, path: str, pace: float
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", small.port)
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nCookie: session=ann\r\nContent-Type: application/json\r\n"
    writer.write(head.encode() + b"Content-Length: 1000\r\n\r\n")

    async def drip() -> None:
        while True:
            writer.write(b" ")
            await asyncio.sleep(pace)

    dripping = asyncio.create_task(drip())
    try:
        answer = await asyncio.wait_for(reader.read(), 5)
    finally:
        dripping.cancel()
        writer.close()
    assert answer.startswith(b"HTTP/1.1 408")
    assert not any(asked.complete for asked in server.asked)


async def test_an_upload_that_breaks_off_is_no_upload(server: ScriptedUpstream, trial: GatewayTrial) -> None:
    head = "POST /jmap/upload/b/ HTTP/1.1\r\nHost: x\r\nCookie: session=ann\r\nContent-Length: %d\r\n\r\n"
    _, writer = await asyncio.open_connection("127.0.0.1", trial.port)
    writer.write((head % 2_000_000).encode() + b"abc")
    await eventually(lambda: server.asked and server.asked[0].body == b"abc", "the first bytes are there")
    writer.close()
    await eventually(lambda: server.open == 0, "the upload is cut off")
    assert not server.asked[0].complete
    _, writer = await asyncio.open_connection("127.0.0.1", trial.port)
    writer.write((head % 9).encode() + b"abc")
    writer.close()
    await writer.wait_closed()
    assert (await trial.call(QUERY)).status_code == 200
    assert [asked.target for asked in server.asked] == ["/jmap/upload/b/", "/jmap/"]

"""The gateway between real sockets: what it forwards in either direction, and what it does not."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from eventually import eventually
from gateway_trial import ANN, QUERY, GatewayTrial, gateway, kind
from postroom.errors import KratosUnavailable
from postroom.gateway.limits import GatewayLimits
from scripted_upstream import Asked, ScriptedUpstream, http_answer, json_answer

JMAP = "urn:ietf:params:jmap:"
# Sizes small enough for the tests to reach.
SMALL = GatewayLimits(max_size_request=10_000, max_size_upload=100_000)
HASTY = GatewayLimits(body_seconds=0.3, stall_seconds=0.3)


@pytest.fixture
async def small(server: ScriptedUpstream) -> AsyncIterator[GatewayTrial]:
    async with gateway(server.url, limits=SMALL) as trial:
        yield trial


@pytest.fixture
async def hasty(server: ScriptedUpstream) -> AsyncIterator[GatewayTrial]:
    async with gateway(server.url, limits=HASTY) as trial:
        yield trial


# The account of a request


async def test_file_name_cannot_change_the_path_of_a_blob_download(
    server: ScriptedUpstream, trial: GatewayTrial
) -> None:
    server.will(http_answer(200, b"x", content_type="text/html"))
    for name in ("x.html", "..%2F..%2Fc%2Fx", "a/b", "%3Faccept=x", "%00"):
        answer = await trial.http.get(f"/jmap/download/b/Gx_-1/{name}?accept=text/html%26x=y", headers=ANN)
        assert answer.status_code == 200
    assert {asked.target for asked in server.asked} == {
        "/jmap/download/b/Gx_-1/blob?accept=application%2Foctet-stream"  # `text/html&x=y` is no media type
    }


# Authentication


async def test_gateway_request_without_a_known_session_is_rejected(trial: GatewayTrial) -> None:
    answer = await trial.call(QUERY, who={})
    assert kind(answer) == (401, "no_session")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    trial.people.errors[ANN["Cookie"]] = KratosUnavailable("Kratos is away")
    for path in ("/jmap/session", "/jmap/download/b/x/y", "/jmap/eventsource/?types=*"):
        answer = await trial.http.get(path, headers=ANN)
        assert kind(answer) == (503, "kratos_away")
        assert "retry-after" in answer.headers
        assert "connection" not in answer.headers  # the request was read to its end


async def test_a_person_without_a_mailbox_is_asked_to_come_back(server: ScriptedUpstream, trial: GatewayTrial) -> None:
    trial.accounts.accounts.clear()
    answer = await trial.call(QUERY)
    assert kind(answer) == (503, "mailbox_not_ready")
    assert int(answer.headers["retry-after"]) > 0
    assert server.asked == []


async def test_the_cookies_of_kratos_are_sent_with_each_response(trial: GatewayTrial) -> None:
    trial.people.set_cookie = ("a=1; Path=/", "b=2; Path=/")
    assert (await trial.call(QUERY)).headers.get_list("set-cookie") == ["a=1; Path=/", "b=2; Path=/"]
    trial.accounts.accounts.clear()
    assert (await trial.call(QUERY)).headers.get_list("set-cookie") == ["a=1; Path=/", "b=2; Path=/"]


# Headers


async def test_gateway_forwards_only_listed_request_headers(server: ScriptedUpstream, trial: GatewayTrial) -> None:
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


async def test_gateway_returns_only_listed_response_headers(server: ScriptedUpstream, trial: GatewayTrial) -> None:
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


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "application/x-www-form-urlencoded", "text/json"])
async def test_jmap_request_without_a_json_content_type_is_not_json(
    server: ScriptedUpstream, trial: GatewayTrial, content_type: str | None
) -> None:
    stated = {} if content_type is None else {"Content-Type": content_type}
    answer = await trial.http.post("/jmap/", content=b'{"using":[],"methodCalls":[]}', headers=ANN | stated)
    assert (kind(answer), server.asked) == ((400, "notJSON"), [])
    stated = {"Content-Type": "Application/JSON; charset=utf-8"}
    answer = await trial.http.post("/jmap", content=b'{"using":[],"methodCalls":[]}', headers=ANN | stated)
    assert answer.status_code == 200


# Size and time


async def test_oversized_jmap_request_is_rejected_before_it_is_read(
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


async def test_oversized_upload_is_cut_off_while_it_streams(server: ScriptedUpstream, small: GatewayTrial) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(300):
            yield b"x" * 1000

    answer = await small.http.post("/jmap/upload/b/", content=endless(), headers=ANN)
    assert (kind(answer), answer.json()["limit"]) == ((400, "limit"), "maxSizeUpload")
    assert not any(asked.complete for asked in server.asked)
    answer = await small.http.post("/jmap/upload/b/", content=b"x" * 100_001, headers=ANN)
    assert (answer.json()["limit"], answer.json()["max"]) == ("maxSizeUpload", 100_000)


async def test_upload_larger_than_the_mail_server_takes_is_rejected_before_it_is_sent(
    server: ScriptedUpstream, trial: GatewayTrial
) -> None:
    async def session(asked: Asked, writer: asyncio.StreamWriter) -> None:
        del asked
        core = {"urn:ietf:params:jmap:core": {"maxSizeUpload": 1000}}
        primary = {"urn:ietf:params:jmap:mail": "b"}
        writer.write(json_answer({"capabilities": core, "accounts": {"b": {}}, "primaryAccounts": primary}))

    async def unsized() -> AsyncIterator[bytes]:
        yield b"x" * 1001

    server.session = session
    for content in (b"x" * 1001, unsized()):
        answer = await trial.http.post("/jmap/upload/b/", content=content, headers=ANN)
        assert (kind(answer), answer.json()["limit"], answer.json()["max"]) == ((400, "limit"), "maxSizeUpload", 1000)
    assert not any(asked.complete for asked in server.asked)
    server.will(json_answer({"accountId": "b", "blobId": "x", "type": "a/b", "size": 1000}))
    assert (await trial.http.post("/jmap/upload/b/", content=b"x" * 1000, headers=ANN)).status_code == 200


async def test_upload_slot_is_free_again_however_an_upload_ends(server: ScriptedUpstream, small: GatewayTrial) -> None:
    """A person who cancels five uploads in a row can begin the sixth at once: an account has four slots."""
    head = "POST /jmap/upload/b/ HTTP/1.1\r\nHost: x\r\nCookie: session=ann\r\nTransfer-Encoding: chunked\r\n\r\n"
    for _ in range(5):
        before = len(server.asked)
        _, writer = await asyncio.open_connection("127.0.0.1", small.port)
        writer.write(head.encode() + b"9c40\r\n" + b"x" * 40_000 + b"\r\n")
        await eventually(lambda at=before: len(server.asked) > at, "the upload has begun")
        writer.transport.abort()
    server.will(json_answer({"accountId": "b", "blobId": "x", "type": "a/b", "size": 3}))
    async with asyncio.timeout(2):
        answer = await small.http.post("/jmap/upload/b/", content=b"abc", headers=ANN)
    assert answer.status_code == 200
    await eventually(
        lambda: not any(not each.complete and not each.hung_up for each in server.asked), "all are cut off"
    )


@pytest.mark.parametrize(("path", "pace"), [("/jmap/", 0.05), ("/jmap/", 30), ("/jmap/upload/b/", 30)])
async def test_gateway_answers_408_to_a_slow_request_body(
    server: ScriptedUpstream, hasty: GatewayTrial, path: str, pace: float
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", hasty.port)
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nCookie: session=ann\r\nContent-Type: application/json\r\n"
    writer.write(head.encode() + b"Content-Length: 1000\r\n\r\n")

    async def drip() -> None:
        while True:
            writer.write(b" ")
            await asyncio.sleep(pace)

    dripping = asyncio.create_task(drip())
    try:
        # Not to its end: what drips into a closed connection resets it.
        answer = await asyncio.wait_for(reader.readline(), 5)
    finally:
        dripping.cancel()
        writer.close()
    assert answer.startswith(b"HTTP/1.1 408")
    assert not any(asked.complete for asked in server.asked)


async def test_aborted_upload_is_never_completed_at_the_mail_server(
    server: ScriptedUpstream, trial: GatewayTrial
) -> None:
    head = "POST /jmap/upload/b/ HTTP/1.1\r\nHost: x\r\nCookie: session=ann\r\nContent-Length: %d\r\n\r\n"
    _, writer = await asyncio.open_connection("127.0.0.1", trial.port)
    writer.write((head % 2_000_000).encode() + b"abc")
    await eventually(lambda: server.asked and server.asked[0].body == b"abc", "the first bytes have arrived")
    writer.close()
    await eventually(lambda: server.open == 0, "the upload is cut off")
    assert not server.asked[0].complete
    _, writer = await asyncio.open_connection("127.0.0.1", trial.port)
    writer.write((head % 9).encode() + b"abc")
    writer.close()
    await writer.wait_closed()
    assert (await trial.call(QUERY)).status_code == 200
    assert [asked.target for asked in server.asked] == ["/jmap/upload/b/", "/jmap/"]

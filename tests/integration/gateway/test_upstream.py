"""The gateway when the mail server redirects, refuses, hangs, disconnects or streams, and when there are many
clients."""

import asyncio
import tracemalloc
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from structlog.testing import capture_logs

from eventually import eventually
from gateway_trial import ANN, BEN, BENS, QUERY, GatewayTrial, gateway, kind
from postroom.errors import Throttled
from postroom.gateway.limits import GatewayLimits
from scripted_upstream import (
    Asked,
    Script,
    ScriptedUpstream,
    echoing,
    http_answer,
    json_answer,
    problem_answer,
)

ERROR = "urn:ietf:params:jmap:error:"
MEGABYTE = 1_000_000


def held(until: asyncio.Event) -> Script:
    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await until.wait()
        await echoing(asked, writer)

    return script


async def hanging(asked: Asked, writer: asyncio.StreamWriter) -> None:
    del asked, writer
    await asyncio.sleep(10)


def cut_after(sent: bytes) -> Script:
    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        del asked
        writer.write(sent)
        await writer.drain()
        writer.close()

    return script


# Responses of the mail server


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (http_answer(302, location="http://169.254.169.254/latest/meta-data"), (502, "mail_server_unusable")),
        (problem_answer(400), (400, "blank")),
        (problem_answer(403), (502, "mail_server_misconfigured")),
        (problem_answer(404), (502, "mail_server_unusable")),
        (problem_answer(413), (400, "blank")),
        (problem_answer(429, retry_after="7"), (429, "mail_server_busy")),
        (problem_answer(429, title="Quota exceeded"), (429, "upload_quota")),
        (problem_answer(500, detail="at 10.0.0.7"), (502, "mail_server_unusable")),
        (problem_answer(502), (503, "mail_server_away")),
        (problem_answer(503), (503, "mail_server_away")),
        (http_answer(204), (502, "mail_server_unusable")),
        (http_answer(206, b"{}", content_type="application/json"), (502, "mail_server_unusable")),
        (http_answer(200, b"<html>", content_type="text/html"), (502, "mail_server_unusable")),
        (
            http_answer(200, b"x", content_type="application/json", content_encoding="gzip"),
            (502, "mail_server_unusable"),
        ),
        (b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", (502, "mail_server_broke_off")),
        (b"nonsense\r\n\r\n", (502, "mail_server_broke_off")),
        (cut_after(b""), (502, "mail_server_broke_off")),
        (cut_after(b"HTTP/1.1 200 OK\r\ncontent-"), (502, "mail_server_broke_off")),
    ],
)
async def test_unusable_mail_server_response_becomes_a_problem_without_internals(
    server: ScriptedUpstream, trial: GatewayTrial, answer: Any, expected: tuple[int, str]
) -> None:
    server.will(answer)
    found = await trial.call(QUERY)
    assert (kind(found), len(server.asked)) == (expected, 1)
    assert "10.0.0.7" not in found.text
    assert "169.254" not in str(found.headers) + found.text
    assert (found.status_code in (429, 503)) is ("retry-after" in found.headers)
    server.will(echoing)
    assert (await trial.call(QUERY)).status_code == 200


async def test_mail_server_that_does_not_answer_in_time_is_reported_as_silent(
    server: ScriptedUpstream, impatient: GatewayTrial
) -> None:
    server.will(hanging)
    assert (kind(await impatient.call(QUERY)), len(server.asked)) == ((504, "mail_server_silent"), 1)


async def test_gateway_answers_503_with_retry_after_if_the_mail_server_is_down(trial: GatewayTrial) -> None:
    async with gateway("http://127.0.0.1:1") as trial:
        answer = await trial.call(QUERY)
    assert kind(answer) == (503, "mail_server_away")
    assert answer.headers["retry-after"]


async def test_jmap_problem_is_passed_to_the_client_but_not_logged(
    server: ScriptedUpstream, trial: GatewayTrial
) -> None:
    """Stalwart's `detail` echoes the client's request, which must not reach the log."""
    stated = {"type": ERROR + "notRequest", "status": 400, "detail": 'private {"using"…', "x": "http://10.0.0.7"}
    server.will(json_answer(stated, 400, content_type="application/problem+json"))
    with capture_logs() as logs:
        answer = await trial.call(["Email/query", {"accountId": "b", "filter": {"text": "private"}}, "0"])
    assert answer.json() == {"type": ERROR + "notRequest", "status": 400, "detail": 'private {"using"…'}
    assert [line["event"] for line in logs] == ["Acting for identity"]
    assert "private" not in str(logs)
    assert "Basic" not in str(logs)


# Acting for the person


async def test_rejected_authorization_is_replaced_once(server: ScriptedUpstream, trial: GatewayTrial) -> None:
    server.will(problem_answer(401), echoing)
    answer = await trial.call(QUERY)
    assert answer.status_code == 200
    assert [asked.header("authorization") for asked in server.asked] == ["Basic b-0", "Basic b-1"]
    assert server.asked[0].body == server.asked[1].body


@pytest.mark.parametrize(("fresh", "asked"), [(0, 1), (1, 2), (9, 2)])
async def test_mail_server_401_is_never_passed_on_as_an_expired_session(
    server: ScriptedUpstream, trial: GatewayTrial, fresh: int, asked: int
) -> None:
    trial.authorization.fresh = fresh
    server.will(http_answer(401, b"{}", www_authenticate="Basic", content_type="application/problem+json"))
    answer = await trial.call(QUERY)
    assert kind(answer) == (502, "mail_server_misconfigured")
    assert "www-authenticate" not in answer.headers
    # Each rejected login counts towards a ban.
    assert len(server.asked) == len(trial.authorization.refusals) == asked


async def test_request_without_an_authorization_is_not_sent(server: ScriptedUpstream, trial: GatewayTrial) -> None:
    trial.authorization.error = Throttled("slowly", retry_after=7)
    answer = await trial.call(QUERY)
    assert (kind(answer), answer.headers.get("retry-after")) == ((503, "mail_server_busy"), "7")
    assert server.asked == []


async def test_acting_for_a_person_is_logged_once_an_hour_per_credential(trial: GatewayTrial) -> None:
    token = uuid4()
    with capture_logs() as logs:
        for _ in range(3):
            await trial.call(QUERY)
        trial.people.change(BEN, token_id=token)
        await trial.call(BENS, who=BEN)
        trial.now += timedelta(hours=1)
        await trial.call(QUERY)
    ann, ben = (str(trial.people.people[who["Cookie"]].identity_id) for who in (ANN, BEN))
    acting = [(line["identity_id"], line["way"]) for line in logs if line["event"] == "Acting for identity"]
    assert acting == [(ann, "session"), (ben, f"access token {token}"), (ann, "session")]


# Concurrent requests


async def test_account_has_at_most_four_requests_at_the_mail_server(
    server: ScriptedUpstream, trial: GatewayTrial
) -> None:
    go_on = asyncio.Event()
    server.will(held(go_on))
    crowd = [asyncio.create_task(trial.call(QUERY)) for _ in range(30)]
    await eventually(lambda: server.under_way == 4, "four requests are in progress")
    # Another account, and an upload, are counted separately.
    bens = asyncio.create_task(trial.call(BENS, who=BEN))
    upload = asyncio.create_task(trial.http.post("/jmap/upload/b/", json={"methodCalls": []}, headers=ANN))
    await eventually(lambda: server.under_way == 6, "the other two do not wait")
    go_on.set()
    assert [answer.status_code for answer in await asyncio.gather(*crowd, bens, upload)] == [200] * 32
    assert server.most_under_way == 6


@pytest.mark.parametrize(
    "limits",
    [GatewayLimits(queue_seconds=0.1, waiting=1), GatewayLimits(waiting=0)],
    ids=["waits too long", "no waiting allowed"],
)
async def test_a_request_for_which_no_slot_becomes_free_gets_the_limit(
    server: ScriptedUpstream, limits: GatewayLimits
) -> None:
    go_on = asyncio.Event()
    server.will(held(go_on))
    async with gateway(server.url, limits=limits) as trial:
        crowd = [asyncio.create_task(trial.call(QUERY)) for _ in range(4)]
        await eventually(lambda: server.under_way == 4, "four requests are in progress")
        late = await asyncio.wait_for(trial.call(QUERY), 2)
        assert (kind(late), late.json()["limit"]) == ((400, "limit"), "maxConcurrentRequests")
        go_on.set()
        assert {answer.status_code for answer in await asyncio.gather(*crowd)} == {200}
        assert (await trial.call(QUERY)).status_code == 200


async def test_gateway_slot_is_released_however_a_request_ends(
    server: ScriptedUpstream, impatient: GatewayTrial
) -> None:
    halved = cut_after(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{")
    for answer in (hanging, cut_after(b""), halved, problem_answer(500), problem_answer(401)):
        server.will(answer)
        for _ in range(5):
            try:
                assert (await impatient.call(QUERY)).status_code >= 500
            except httpx2.RemoteProtocolError:
                assert answer is halved
    for _ in range(5):
        _, writer = await asyncio.open_connection("127.0.0.1", impatient.port)
        writer.write(b"POST /jmap/ HTTP/1.1\r\nHost: x\r\nCookie: session=ann\r\nContent-Length: 99\r\n\r\n{")
        writer.close()
    server.will(echoing)
    assert (await impatient.call(QUERY)).status_code == 200


# Streams


def blob(size: int, sent: list[int]) -> Script:
    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        del asked
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {size}\r\n\r\n".encode())
        while sent[0] < size:
            writer.write(b"x" * 100_000)
            await writer.drain()
            sent[0] += 100_000

    return script


async def test_a_large_upload_is_never_held_in_memory(server: ScriptedUpstream, trial: GatewayTrial) -> None:
    """While the mail server reads nothing, only the buffers of sockets fill, which the kernel sizes."""
    go_on = asyncio.Event()

    async def reads_nothing(_: Asked, to: asyncio.StreamWriter) -> None:
        await go_on.wait()
        to.write(problem_answer(413))

    server.unread = [reads_nothing]
    reader, writer = await asyncio.open_connection("127.0.0.1", trial.port)
    head = f"POST /jmap/upload/b/ HTTP/1.1\r\nHost: x\r\nCookie: session=ann\r\nContent-Length: {50 * MEGABYTE}\r\n\r\n"
    writer.write(head.encode())
    part = bytes(100_000)
    tracemalloc.start()
    try:
        for _ in range(450):
            writer.write(part)
            await asyncio.wait_for(writer.drain(), 0.5)
    except TimeoutError:
        pass  # nobody reads on
    finally:
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert most < 5 * MEGABYTE
    go_on.set()
    assert (await reader.readline()).startswith(b"HTTP/1.1 400")
    writer.transport.abort()


async def test_image_download_is_inline_on_request(server: ScriptedUpstream, trial: GatewayTrial) -> None:
    server.will(http_answer(200, b"x", content_type="image/png"))
    answer = await trial.http.get("/jmap/download/b/x/y.png?accept=image/png&disposition=inline", headers=ANN)
    assert answer.headers["content-disposition"].startswith("inline;")
    assert answer.headers["content-type"] == "image/png"
    assert server.asked[0].target == "/jmap/download/b/x/blob?accept=image%2Fpng"


async def test_download_truncated_by_the_mail_server_is_an_error_for_the_client(
    server: ScriptedUpstream, trial: GatewayTrial
) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n"
    server.will(cut_after(head + b"1\r\nx\r\n"))
    answer = await trial.http.get("/jmap/download/b/x/y", headers=ANN)
    assert kind(answer) == (502, "mail_server_broke_off"), "nothing was passed on yet"
    server.will(cut_after(head + b"%x\r\n%b\r\n" % (MEGABYTE, bytes(MEGABYTE))))
    with pytest.raises(httpx2.RemoteProtocolError):
        await trial.http.get("/jmap/download/b/x/y", headers=ANN)


async def test_disconnected_or_stalled_client_ends_the_mail_server_download(
    server: ScriptedUpstream, impatient: GatewayTrial
) -> None:
    request = b"GET /jmap/download/b/x/y HTTP/1.1\r\nHost: x\r\nCookie: session=ann\r\n\r\n"
    for leaves in (True, False):
        server.will(blob(200 * MEGABYTE, [0]))
        reader, writer = await asyncio.open_connection("127.0.0.1", impatient.port, limit=1000)
        writer.write(request)
        await reader.readexactly(1000)
        assert server.open == 1
        if leaves:
            writer.transport.abort()
        await eventually(lambda: server.open == 0, "the download is ended")
        writer.close()

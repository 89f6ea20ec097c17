"""What is sent again by itself: only what certainly did nothing, or only reads."""

from typing import Any

import httpx2
import pytest

from postroom.jmap.errors import JmapError, Limited, NotAnswered, NotSent, Unauthorized
from postroom.jmap.request import Request
from scripted_jmap import Play, ScriptedJmap, answered, limited, problem

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


NOTHING_HAPPENED: list[Play] = [
    httpx2.ConnectError("refused"),
    httpx2.ConnectTimeout("slow"),
    httpx2.PoolTimeout("full"),
    limited(),
    problem(429),
]
MAY_HAVE_HAPPENED: list[Play] = [
    httpx2.ReadError("cut"),
    httpx2.WriteError("cut"),
    httpx2.RemoteProtocolError("cut"),
    httpx2.ReadTimeout("slow"),
    httpx2.WriteTimeout("slow"),
    problem(502),
    problem(503),
    problem(504),
    problem(408),
]
AGAIN_IN_VAIN: list[Play] = [
    problem(400, "urn:ietf:params:jmap:error:notRequest"),
    problem(400, "urn:ietf:params:jmap:error:limit", limit="maxSizeRequest"),
    problem(401),
    problem(403),
    problem(404),
    problem(500),
    httpx2.Response(200, content=b"<html>"),
    httpx2.Response(307, headers={"Location": "http://evil.example.net/"}),
]


def name_of(play: Play) -> str:
    return str(play.status_code) if isinstance(play, httpx2.Response) else type(play).__name__


@pytest.mark.parametrize("method", [READ, WRITE])
@pytest.mark.parametrize("play", NOTHING_HAPPENED, ids=name_of)
async def test_what_certainly_did_nothing_is_sent_again(play: Play, method: str) -> None:
    server = ScriptedJmap()
    server.will(play, play, answered())
    await server.client().call(a_request(method), deadline=60)
    assert server.asked.count("/jmap/") == 3
    assert len({request.content for request in server.requests[1:]}) == 1


@pytest.mark.parametrize("play", MAY_HAVE_HAPPENED, ids=name_of)
async def test_what_only_reads_is_sent_again_after_an_unknown_outcome(play: Play) -> None:
    server = ScriptedJmap()
    server.will(play, play, answered())
    await server.client().call(a_request("Email/query", "Email/get", "Core/echo"), deadline=60)
    assert server.asked.count("/jmap/") == 3


@pytest.mark.parametrize("methods", [[WRITE], ["Email/import"], ["x:Account/set"], [READ, WRITE], [WRITE, READ]])
@pytest.mark.parametrize("play", MAY_HAVE_HAPPENED, ids=name_of)
async def test_what_could_apply_twice_is_never_sent_twice(play: Play, methods: list[str]) -> None:
    server = ScriptedJmap()
    server.will(play, answered())
    assert not (await error_of(server, a_request(*methods))).never_applied
    assert server.asked.count("/jmap/") == 1


@pytest.mark.parametrize("method", [READ, WRITE])
@pytest.mark.parametrize("play", AGAIN_IN_VAIN, ids=name_of)
async def test_what_would_be_answered_the_same_is_not_sent_again(play: Play, method: str) -> None:
    server = ScriptedJmap()
    server.will(play)
    await error_of(server, a_request(method))
    assert server.asked.count("/jmap/") == 1


async def test_an_error_of_a_single_call_is_an_answer() -> None:
    server = ScriptedJmap()

    def play(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json={"methodResponses": [["error", {"type": "serverUnavailable"}, "0"]]})

    server.will(play)
    answer = await server.client().call(a_request(), deadline=5)
    with pytest.raises(JmapError, match="serverUnavailable"):
        answer.of("0")
    assert server.asked.count("/jmap/") == 1


async def test_attempts_are_bounded_and_pause_longer_each_time() -> None:
    server = ScriptedJmap()
    server.will(limited())
    assert isinstance(await error_of(server, a_request()), Limited)
    assert server.asked.count("/jmap/") == 4
    assert server.paused == [0.1, 0.2, 0.4]


@pytest.mark.parametrize("attempts", [1, 2])
async def test_as_many_attempts_are_made_as_were_asked_for(attempts: int) -> None:
    server = ScriptedJmap()
    server.will(httpx2.ConnectError("refused"))
    error = await error_of(server, a_request(WRITE), attempts=attempts)
    assert isinstance(error, NotSent)
    assert error.never_applied
    assert server.asked.count("/jmap/") == attempts


async def test_the_server_says_how_long_to_wait() -> None:
    server = ScriptedJmap()
    server.will(problem(429, retry_after="7"), answered())
    await server.client().call(a_request(), deadline=60)
    assert server.paused == [7.1]


async def test_nothing_is_waited_for_that_the_deadline_does_not_allow() -> None:
    server = ScriptedJmap()
    server.will(problem(429, retry_after="3600"))
    error = await error_of(server, a_request())
    assert isinstance(error, Limited)
    assert error.retry_after == 3600
    assert server.paused == []


async def test_a_session_is_fetched_again_after_any_trouble_and_its_failure_did_nothing() -> None:
    server, plays = ScriptedJmap(), [httpx2.ReadTimeout("slow"), problem(503)]

    def handle(request: httpx2.Request) -> httpx2.Response:
        if not plays:
            return server._handle(request)
        play = plays.pop(0)
        if isinstance(play, Exception):
            raise play
        return play

    client = server.client(transport=httpx2.MockTransport(handle))
    await client.call(a_request(WRITE), deadline=60)
    assert server.asked == ["/.well-known/jmap", "/jmap/"]
    plays = [httpx2.ReadTimeout("slow")] * 9
    error = await error_of(server, a_request(WRITE), transport=httpx2.MockTransport(handle))
    assert isinstance(error, NotAnswered)
    assert error.never_applied, "the request itself never left"


async def test_credentials_that_are_refused_are_not_tried_again() -> None:
    server = ScriptedJmap()
    server.will(problem(401))
    assert isinstance(await error_of(server, a_request()), Unauthorized)
    assert server.asked == ["/.well-known/jmap", "/jmap/"]

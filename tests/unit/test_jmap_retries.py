"""Repeated requests: those that may succeed a moment later. All of them only read."""

import httpx2
import pytest

from postroom.jmap.errors import HttpError, JmapError, NotAnswered, RateLimited
from scripted_jmap import Play, ScriptedJmap, answered, http_of, limited, problem

READ = [("Email/get", {"accountId": "a", "ids": []})]


async def error_of(server: ScriptedJmap) -> JmapError:
    with pytest.raises(JmapError) as raised:
        await server.client().call(READ, deadline=60)
    return raised.value


PASSING: list[Play] = [
    httpx2.ConnectError("refused"),
    httpx2.ConnectTimeout("slow"),
    httpx2.PoolTimeout("full"),
    limited(),
    problem(429),
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


@pytest.mark.parametrize("play", PASSING, ids=name_of)
async def test_temporary_error_is_retried_with_the_same_request(play: Play) -> None:
    server = ScriptedJmap(play, play, answered())
    await server.client().call(READ, deadline=60)
    assert server.asked.count("/jmap/") == 3
    assert len({request.content for request in server.requests[1:]}) == 1


@pytest.mark.parametrize("play", AGAIN_IN_VAIN, ids=name_of)
async def test_permanent_error_is_not_retried_and_rejected_credentials_are_not_tried_again(play: Play) -> None:
    server = ScriptedJmap(play)
    await error_of(server)
    assert server.asked == ["/.well-known/jmap", "/jmap/"]


async def test_method_error_is_returned_without_a_retry() -> None:
    unavailable = [["error", {"type": "serverUnavailable"}, "0"]]
    server = ScriptedJmap(httpx2.Response(200, json={"methodResponses": unavailable}))
    answer = await server.client().call(READ, deadline=5)
    with pytest.raises(JmapError, match="serverUnavailable"):
        answer.of(0)
    assert server.asked.count("/jmap/") == 1


async def test_jmap_retries_are_limited_and_pause_longer_each_time() -> None:
    server = ScriptedJmap(problem(503))
    assert isinstance(await error_of(server), HttpError)
    assert (server.asked.count("/jmap/"), server.paused) == (4, [0.1, 0.2, 0.4])


async def test_jmap_client_waits_at_the_concurrency_limit_as_long_as_a_gateway_client() -> None:
    """Other connections of the person use all places at the mail server. Waiting for a place uses up no attempt."""
    server = ScriptedJmap(*[limited()] * 6, problem(503), *[limited()] * 4, answered())
    await server.client().call(READ, deadline=60)
    assert server.asked.count("/jmap/") == 12
    server = ScriptedJmap(limited())
    assert isinstance(await error_of(server), RateLimited)
    assert 4.5 < sum(server.paused) <= 5


async def test_jmap_client_stops_waiting_for_its_turn_at_the_deadline() -> None:
    server = ScriptedJmap(limited())
    with pytest.raises(RateLimited):
        await server.client().call(READ, deadline=1)
    assert 0.5 < sum(server.paused) < 1


async def test_jmap_client_waits_as_long_as_retry_after_says() -> None:
    server = ScriptedJmap(problem(429, retry_after="7"), answered())
    await server.client().call(READ, deadline=60)
    assert server.paused == [7.1]


async def test_jmap_client_does_not_wait_for_a_retry_after_beyond_the_deadline() -> None:
    server = ScriptedJmap(problem(429, retry_after="3600"))
    error = await error_of(server)
    assert isinstance(error, RateLimited)
    assert (error.retry_after, server.paused) == (3600, [])


async def test_session_fetch_is_retried_after_any_failure() -> None:
    server, plays = ScriptedJmap(), [httpx2.ReadTimeout("slow"), problem(503)]

    def handle(request: httpx2.Request) -> httpx2.Response:
        if not plays:
            return server._handle(request)
        play = plays.pop(0)
        if isinstance(play, Exception):
            raise play
        return play

    await server.client(connection=http_of(handle)).call(READ, deadline=60)
    assert server.asked == ["/.well-known/jmap", "/jmap/"]
    plays = [httpx2.ReadTimeout("slow")] * 9
    with pytest.raises(NotAnswered):
        await server.client(connection=http_of(handle)).call(READ, deadline=60)
    assert len(plays) == 5

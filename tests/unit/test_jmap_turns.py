"""No more of a person's requests at once than the server takes, and an end to waiting."""

import asyncio
import json

import httpx2
import pytest

from postroom.jmap.client import JmapClient
from postroom.jmap.errors import NotAnswered, NotSent
from postroom.jmap.request import Request
from scripted_jmap import SESSION, URL


def a_request(method: str = "Email/get") -> Request:
    request = Request()
    request.add(method, {"accountId": "a"})
    return request


class Slow(httpx2.AsyncBaseTransport):
    """A server that answers when it is let go on; `most` is how many requests it held at once; `reached` counts."""

    def __init__(self, **core: int) -> None:
        self.let_go = asyncio.Event()
        self.reached = asyncio.Semaphore(0)
        self.held = self.most = self.sessions = 0
        self.session = SESSION | {"capabilities": {"urn:ietf:params:jmap:core": core}}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            self.sessions += 1
            await asyncio.sleep(0)
            return httpx2.Response(200, json=self.session)
        body = await request.aread()
        self.held += 1
        self.most = max(self.most, self.held)
        self.reached.release()
        await self.let_go.wait()
        self.held -= 1
        if "upload" in request.url.path:
            return httpx2.Response(201, json={"blobId": "b", "type": "text/plain", "size": len(body)})
        calls = json.loads(body)["methodCalls"]
        return httpx2.Response(200, json={"methodResponses": calls, "sessionState": "s0"})


@pytest.mark.parametrize(
    ("said", "most"), [({}, 4), ({"maxConcurrentRequests": 2}, 2), ({"maxConcurrentRequests": 9}, 4)]
)
async def test_no_more_than_four_requests_are_under_way_at_once(said: dict[str, int], most: int) -> None:
    server = Slow(**said)
    client = JmapClient(URL, "Bearer secret", transport=server)
    async with asyncio.TaskGroup() as group:
        for _ in range(12):
            group.create_task(client.call(a_request(), deadline=30))
        for _ in range(most):
            await server.reached.acquire()
        for _ in range(20):
            await asyncio.sleep(0)
        assert server.held == most
        server.let_go.set()
    assert server.most == most


async def test_uploads_do_not_wait_for_requests() -> None:
    server = Slow()
    client = JmapClient(URL, "Bearer secret", transport=server)
    async with asyncio.TaskGroup() as group:
        for _ in range(6):
            group.create_task(client.call(a_request(), deadline=30))
            group.create_task(client.upload("a", b"x", type="text/plain", deadline=30))
        for _ in range(8):
            await server.reached.acquire()
        server.let_go.set()
    assert server.most == 8


async def test_who_gets_no_turn_in_time_has_sent_nothing() -> None:
    server = Slow(maxConcurrentRequests=1)
    client = JmapClient(URL, "Bearer secret", transport=server)
    first = asyncio.create_task(client.call(a_request("Email/set"), deadline=30))
    await server.reached.acquire()
    with pytest.raises(NotSent) as raised:
        await client.call(a_request("Email/set"), deadline=0.05)
    assert raised.value.never_applied
    server.let_go.set()
    await first


async def test_a_server_that_hangs_is_given_up_at_the_deadline_with_an_unknown_outcome() -> None:
    client = JmapClient(URL, "Bearer secret", transport=Slow())
    await client.session(deadline=5)
    with pytest.raises(NotAnswered) as raised:
        await client.call(a_request("Email/set"), deadline=0.05)
    assert not raised.value.never_applied


async def test_who_come_at_once_share_one_session() -> None:
    server = Slow()
    client = JmapClient(URL, "Bearer secret", transport=server)
    sessions = await asyncio.gather(*(client.session(deadline=5) for _ in range(9)))
    assert server.sessions == 1
    assert all(each is sessions[0] for each in sessions)


async def test_requests_under_way_count_when_the_session_is_asked_for_again() -> None:
    server = Slow()
    client = JmapClient(URL, "Bearer secret", transport=server)
    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(client.call(a_request(), deadline=30))
        for _ in range(4):
            await server.reached.acquire()
        client.forget_session()
        group.create_task(client.call(a_request(), deadline=30))
        for _ in range(20):
            await asyncio.sleep(0)
        assert (server.held, server.sessions) == (4, 2)
        server.let_go.set()
    assert server.most == 4

"""One HTTP request, and what its end means."""

import asyncio

import httpx2
import pytest

from postroom.jmap.connection import Connection, open_http
from postroom.jmap.errors import JmapError, NotAnswered, NotSent, Unreadable

URL = "http://mail.example.org:8080/jmap/"


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        (httpx2.ConnectError, NotSent),
        (httpx2.ConnectTimeout, NotSent),
        (httpx2.PoolTimeout, NotSent),
        (httpx2.ReadError, NotAnswered),
        (httpx2.WriteError, NotAnswered),
        (httpx2.ReadTimeout, NotAnswered),
        (httpx2.RemoteProtocolError, NotAnswered),
        (httpx2.LocalProtocolError, NotAnswered),
    ],
)
async def test_trouble_says_whether_the_request_may_have_left(
    trouble: type[httpx2.TransportError], error: type[JmapError]
) -> None:
    def handle(_: httpx2.Request) -> httpx2.Response:
        raise trouble("secret")

    connection = Connection(transport=httpx2.MockTransport(handle))
    with pytest.raises(error) as raised:
        await connection.exchange("POST", URL, {}, b"{}", within=5)
    assert trouble.__name__ in str(raised.value)
    assert "secret" not in str(raised.value)
    assert connection.requests == 1, "never a second time"


async def test_a_url_that_cannot_be_called_is_told() -> None:
    with pytest.raises(Unreadable):
        await Connection().exchange("GET", "http://mail.example.org/\x7f", {}, within=5)


async def test_a_redirect_is_an_answer() -> None:
    asked: list[str] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        return httpx2.Response(307, headers={"Location": "http://evil.example.net/"})

    reply = await Connection(transport=httpx2.MockTransport(handle)).exchange("GET", URL, {}, within=5)
    assert (reply.status, asked) == (307, [URL])


async def test_shared_connections_stay_open_when_one_of_their_users_leaves() -> None:
    http = open_http(transport=httpx2.MockTransport(lambda _: httpx2.Response(200, content=b"{}")))
    first, second = Connection(http=http), Connection(http=http)
    await first.aclose()
    assert (await second.exchange("GET", URL, {}, within=5)).status == 200
    await http.aclose()


async def test_a_cookie_of_one_person_goes_with_nobody_elses_request() -> None:
    cookies: list[str | None] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        cookies.append(request.headers.get("cookie"))
        return httpx2.Response(200, headers={"Set-Cookie": "session=ann; Path=/"}, content=b"{}")

    http = open_http(transport=httpx2.MockTransport(handle))
    for person in ("Basic ann", "Basic bob"):
        reply = await Connection(http=http).exchange("GET", URL, {"Authorization": person}, within=5)
        assert reply.headers["set-cookie"]
    await http.aclose()
    assert cookies == [None, None]


async def test_an_answer_that_breaks_off_is_none() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}")
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    connection = Connection()
    async with listener:
        url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
        with pytest.raises(NotAnswered):
            await connection.exchange("GET", url, {}, within=5)
        await connection.aclose()

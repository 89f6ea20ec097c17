"""Our HTTP to a mail server whose responses are valid, broken or hostile; on asyncio and on uvloop."""

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import uvloop

from certificate import certificate
from http_exchange import DEFAULT_TIMEOUTS, OK, ONE, SOON, Counting, exchange, http_to, opened
from http_server import answering, server
from postroom.http.mail_server import Broken, Late, MailServerHttp, Timeouts, Unreachable

HEAD = 64 * 1024


# Responses


@pytest.mark.parametrize(
    ("sent", "headers"),
    [
        (OK + b"X: a\r\nContent-Length: 1\r\nx: b\r\n\r\na", {"content-length": "1", "x": "a, b"}),
        (
            OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: trailer\r\n\r\n",
            {"transfer-encoding": "chunked"},
        ),
        (b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" * 3 + ONE, {"content-length": "1"}),
    ],
)
async def test_connection_is_reused_after_a_complete_response(sent: bytes, headers: dict[str, str]) -> None:
    counting = Counting(answering(sent, sent))
    async with http_to(counting) as http:
        for _ in range(2):
            assert await exchange(http) == (200, headers, b"a")
    assert counting.made == 1


@pytest.mark.parametrize(
    "sent",
    [
        OK + b"X: " + b"y" * (HEAD),
        OK + b"X: y\r\n" * (HEAD // 6),
    ],
)
async def test_endless_response_head_is_an_error(sent: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async with http_to(answering(sent)) as http:
        with pytest.raises(Broken):
            await exchange(http)
        assert not caplog.records, "the event loop logs an exception in its callback"


@pytest.mark.parametrize("again", [False, True])
async def test_informational_responses_do_not_extend_the_response_timeout(again: bool) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        while True:
            writer.write(b"HTTP/1.1 102 At work\r\n\r\n")
            await (asyncio.sleep(0.02) if again else reader.read())

    async with http_to(serve) as http:
        with pytest.raises(Late):
            await exchange(http, timeouts=Timeouts(connect=0.1, send=SOON, response=0.1))


async def test_mail_server_client_never_sends_a_request_twice() -> None:
    """A repeated request that cannot connect would report that nothing was sent."""
    counting = Counting(answering(b"", closing=True))
    async with http_to(counting) as http:
        with pytest.raises(Broken):
            await http.exchange("GET", "/", {}, b"", DEFAULT_TIMEOUTS).__aenter__()
    assert counting.made == 1


async def test_socket_that_broke_on_uvloop_counts_as_an_unreachable_server() -> None:
    async def broke(*_: object, sock: socket.socket, **__: object) -> None:
        sock.close()
        raise RuntimeError("unable to perform operation; the handler is closed")

    async with http_to(answering()) as http:
        with patch.object(asyncio.get_running_loop(), "create_connection", broke), pytest.raises(Unreachable):
            await exchange(http)


@pytest.mark.parametrize(
    ("more", "later"),
    [
        (b"x", True),
        *[(OK + b"Content-Length: 5\r\n\r\nother", later) for later in (False, True)],
        *[(OK + b"X: half a head", later) for later in (False, True)],
        (OK + b"X: \0", False),
    ],
)
async def test_unsolicited_response_is_never_delivered(more: bytes, later: bool) -> None:
    """The next request on that connection would get it, possibly that of another person."""
    go_on, gone = asyncio.Event(), asyncio.Event()
    one = OK + b"Content-Length: 3\r\n\r\none"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(one if later or counting.made > 1 else one + more)
        if later and counting.made == 1:
            await go_on.wait()
            writer.write(more)
            await writer.drain()
            gone.set()
        await reader.read()

    counting = Counting(serve)
    async with http_to(counting) as http:
        assert (await exchange(http))[2] == b"one"
        if later:
            go_on.set()
            await gone.wait()
            await asyncio.sleep(0)
        assert (await exchange(http))[2] == b"one"
    assert counting.made == 2


# Bodies


def reset(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@pytest.mark.parametrize(
    ("sent", "then"),
    [
        (b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n", lambda writer: writer.write(b"no size\r\n")),
        (b"\r\nof no stated length", reset),
    ],
)
async def test_truncated_response_body_is_an_error(sent: bytes, then: Callable[..., None]) -> None:
    begun = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK + sent)
        await begun.wait()
        then(writer)
        await reader.read()

    async with http_to(serve) as http, http.exchange("GET", "/", {}, b"", DEFAULT_TIMEOUTS) as answer:
        parts = aiter(answer)
        assert await anext(parts)
        begun.set()
        with pytest.raises(Broken):
            await asyncio.wait_for(anext(parts), SOON)


async def test_fast_server_has_to_wait_for_a_slow_reader() -> None:
    written = 0
    size = 40_000_000

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK + b"Content-Length: %d\r\n\r\n" % size)
        while written < size:
            writer.write(b"x" * 100_000)
            written += 100_000
            await writer.drain()
        await reader.read()

    async with http_to(serve) as http, http.exchange("GET", "/", {}, b"", DEFAULT_TIMEOUTS) as answer:
        before = -1
        while before != written:
            before = written
            await asyncio.sleep(0.1)
        assert written < size / 2  # the rest does not fit into the socket buffers
        taken = 0
        async for chunk in answer:
            taken += len(chunk)
        assert taken == size


# Requests


@pytest.mark.parametrize("target", ["/x y", "/x\r\nX: y", "/ü", "x", "", "http://other/", "@other/", "/x#y"])
async def test_request_target_must_be_a_valid_path(target: str) -> None:
    with pytest.raises(ValueError, match="the target"):
        await MailServerHttp("http://mail").exchange("GET", target, {}, b"", DEFAULT_TIMEOUTS).__aenter__()


async def test_mail_server_client_sends_no_unrequested_headers() -> None:
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(OK + b"Set-Cookie: a=b\r\nContent-Length: 0\r\n\r\n")

    async with http_to(serve) as http:
        for _ in range(2):
            await exchange(http, headers={"Authorization": "x"})
    names = [{line.partition(b":")[0].lower() for line in head.split(b"\r\n")[1:-2]} for head in heads]
    assert names == [{b"host", b"authorization", b"content-length"}] * 2


# Connections


@pytest.mark.parametrize("status", [301, 400, 401, 404, 503])
@pytest.mark.parametrize("later", [False, True])
async def test_connection_is_not_reused_after_an_error_response(status: int, later: bool) -> None:
    """Stalwart may close it without announcing it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 %d Said\r\nLocation: /other\r\nContent-Length: 1\r\n\r\n" % status)
        await asyncio.sleep(0.05 if later else 0)
        writer.write(b"a")
        await reader.read()

    counting = Counting(serve)
    async with http_to(counting) as http:
        for _ in range(2):
            assert (await exchange(http))[0] == status
    assert counting.made == 2


@contextmanager
def dead_address() -> Iterator[tuple[str, int]]:
    with ExitStack() as stack:
        dead = stack.enter_context(socket.socket())
        dead.bind(("127.0.0.1", 0))
        dead.listen(0)
        for _ in range(4):  # once the queue is full, the kernel drops new connections
            filling = stack.enter_context(socket.socket())
            filling.setblocking(False)
            filling.connect_ex(dead.getsockname())
        yield dead.getsockname()


async def test_dead_address_of_a_host_only_delays_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    with dead_address() as dead:
        async with server(answering(ONE)) as url, opened(url) as http:
            address = ("127.0.0.1", int(url.rpartition(":")[2]))

            async def addresses(*_: object, **__: object) -> list[Any]:
                kind = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
                return [(*kind, dead), (*kind, address)]

            monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", addresses)
            assert (await exchange(http))[0] == 200


async def test_dead_server_is_unreachable_after_the_connect_timeout() -> None:
    with dead_address() as (host, port):
        async with opened(f"http://{host}:{port}") as http:
            with pytest.raises(Unreachable):
                await exchange(http, timeouts=Timeouts(connect=0.2, send=SOON, response=SOON))


async def test_mail_server_connection_uses_tcp_keepalive() -> None:
    loop = asyncio.get_running_loop()
    create_connection = loop.create_connection
    kept_alive: list[int] = []

    async def noting(*arguments: Any, sock: socket.socket, **more: Any) -> Any:
        kept_alive.append(sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))
        return await create_connection(*arguments, sock=sock, **more)

    async with http_to(answering(ONE)) as http:
        with patch.object(loop, "create_connection", noting):
            await exchange(http)
    assert kept_alive == [1]


async def test_hundred_open_streams_do_not_delay_another_request() -> None:
    all_there = asyncio.Barrier(101)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await all_there.wait()
        writer.write(ONE)
        await reader.read()

    async with http_to(serve) as http:
        answers = await asyncio.gather(*[exchange(http, timeouts=Timeouts(SOON, SOON, None)) for _ in range(101)])
    assert {status for status, _, _ in answers} == {200}


async def test_mail_server_client_ignores_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    async with http_to(answering(ONE)) as http:
        assert (await exchange(http))[0] == 200


async def test_response_body_is_passed_on_undecoded() -> None:
    async with http_to(answering(OK + b"Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\na")) as http:
        assert (await exchange(http))[2] == b"a"


async def test_tls_certificate_of_the_mail_server_is_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made)
    trusting = ssl.create_default_context(cafile=made)
    async with server(answering(ONE), context=context) as url:
        async with opened(url, trusting) as http:
            assert (await exchange(http))[2] == b"a"
        async with opened(url) as http:
            with pytest.raises(Unreachable):
                await exchange(http)
        async with opened(url.replace("localhost", "127.0.0.1"), trusting) as http:
            with pytest.raises(Unreachable):
                await exchange(http)
        # The same certificates are trusted by default as in every other part of Postroom.
        monkeypatch.setattr("httpx2.create_ssl_context", lambda *, trust_env: None if trust_env else trusting)
        async with opened(url) as http:
            assert (await exchange(http))[2] == b"a"


def test_behaviour_is_the_same_on_uvloop() -> None:
    """The service runs on uvloop. In a thread, because the tests have their own event loop."""

    async def on_uvloop() -> None:
        counting = Counting(answering(ONE, ONE))
        async with http_to(counting) as http:
            for _ in range(2):
                assert await exchange(http) == (200, {"content-length": "1"}, b"a")
        assert counting.made == 1
        await test_fast_server_has_to_wait_for_a_slow_reader()
        for later in (False, True):
            await test_connection_is_not_reused_after_an_error_response(400, later)
        await test_truncated_response_body_is_an_error(b"\r\nof no stated length", reset)

    with ThreadPoolExecutor(1) as thread:
        thread.submit(uvloop.run, on_uvloop()).result()

"""The request to a mailing list's server, which may be hostile: servers on loopback, which count as public here."""

import asyncio
import re
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from certificate import certificate
from postroom.errors import ListServerFailed
from postroom.unsubscribe import list_server
from postroom.unsubscribe.list_server import MOST_READ, ListServerHttp, TrialListServer, trial_list_server
from postroom.unsubscribe.list_uri import HttpsUrl

HOST = "list.example.net"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


class Listening:
    """A server of a list. `heads`: the requests that it got, with their bodies."""

    def __init__(self, answer: Answer | bytes) -> None:
        self._answer = answer
        self.heads: list[bytes] = []
        self.connections = 0
        self.sent = 0
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head + await reader.readexactly(26))
            if isinstance(self._answer, bytes):
                writer.write(self._answer)
                await writer.drain()
            else:
                await self._answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def listening(answer: Answer | bytes, pem: Path | None, at: str = "127.0.0.1") -> AsyncIterator[Listening]:
    """Without `pem`: in plain text."""
    context = None
    if pem:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(pem)
    made = Listening(answer)
    server = await asyncio.start_server(made.serve, at, 0, ssl=context)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    return certificate(tmp_path, HOST)


@pytest.fixture(autouse=True)
def public(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_server, "is_public", lambda address: str(address) in ("127.0.0.1", "::1"))


@asynccontextmanager
async def client(
    pem: Path, resolve: Callable[[str], Sequence[str]] = lambda _: ["127.0.0.1"], deadline: float = 2.0
) -> AsyncIterator[ListServerHttp]:
    made = ListServerHttp(resolve=resolve, deadline=deadline)
    made._context.load_verify_locations(pem)
    try:
        yield made
    finally:
        await made.aclose()


async def outcome(pem: Path, answer: Answer | bytes, *, deadline: float = 2.0) -> str:
    async with listening(answer, pem) as server, client(pem, deadline=deadline) as http:
        return await asked(http, HttpsUrl(HOST, server.port, "/leave"))


async def asked(http: ListServerHttp, url: HttpsUrl) -> str:
    try:
        await http.unsubscribe(url)
    except ListServerFailed as error:
        return error.code if not re.search("127|leave", str(error)) else str(error)
    return "done"


async def test_the_request_is_that_of_the_standard_and_says_nothing_else(pem: Path) -> None:
    async with listening(OK, pem) as server, client(pem) as http:
        await http.unsubscribe(HttpsUrl(HOST, server.port, "/a/../b;c?t=%2Fs&u=(v)"))
        head, _, body = server.heads[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /b;c?t=%2Fs&u=(v) HTTP/1.1"
    assert dict(line.lower().split(": ", 1) for line in lines[1:]) == {
        "host": f"{HOST}:{server.port}",
        "content-type": "application/x-www-form-urlencoded",
        "content-length": "26",
        "user-agent": "postroom",
        "accept": "*/*",
        "accept-encoding": "identity",
        "connection": "close",
    }
    assert body == b"List-Unsubscribe=One-Click"


async def test_a_name_is_looked_up_once_and_the_connection_goes_to_what_was_checked(pem: Path) -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.1"], ["127.0.0.2"]])
    names: list[str] = []

    def rebinding(name: str) -> Sequence[str]:
        names.append(name)
        return next(answers)

    async with listening(OK, pem) as server, client(pem, rebinding) as http:
        assert await asked(http, HttpsUrl(HOST, server.port, "/leave")) == "done"
        assert names == [HOST]
        assert await asked(http, HttpsUrl(HOST, server.port, "/leave")) == "list_server_failed"
        assert server.connections == 1


@pytest.mark.parametrize(
    "addresses",
    [[], ["10.0.0.1"], ["127.0.0.1", "10.0.0.1"], ["::2", "127.0.0.1"], ["::ffff:127.0.0.1"], ["fe80::1%1"], ["x"]],
)
async def test_every_address_of_the_name_must_be_public(pem: Path, addresses: list[str]) -> None:
    async with listening(OK, pem) as server, client(pem, lambda _: addresses) as http:
        assert await asked(http, HttpsUrl(HOST, server.port, "/leave")) == "list_server_failed"
        assert server.connections == 0


async def test_of_a_hidden_name_and_of_one_that_is_none_the_person_learns_the_same(pem: Path) -> None:
    def unknown(name: str) -> Sequence[str]:
        raise OSError(name)

    said: list[str] = []
    for resolve in (unknown, lambda _: ["10.0.0.1"]):
        async with client(pem, resolve) as http:
            with pytest.raises(ListServerFailed) as failed:
                await http.unsubscribe(HttpsUrl(HOST, 443, "/"))
            said.append(f"{failed.value.code} {failed.value}")
    assert said[0] == said[1]


async def test_the_next_address_is_tried_where_nobody_listens(pem: Path) -> None:
    async with listening(OK, pem) as server, client(pem, lambda _: ["::1", "127.0.0.1"]) as http:
        assert await asked(http, HttpsUrl(HOST, server.port, "/leave")) == "done"
        assert server.connections == 1


async def test_a_request_that_may_have_been_read_is_not_sent_to_the_next_address(pem: Path) -> None:
    async with listening(b"rubbish\r\n\r\n", pem) as server, client(pem, lambda _: ["127.0.0.1"] * 2) as http:
        assert await asked(http, HttpsUrl(HOST, server.port, "/leave")) == "list_server_failed"
        assert server.connections == 1


@pytest.mark.parametrize("host", ["localhost", "other.example.net", "example.net", "xn--bcher-kva.example"])
async def test_the_certificate_must_be_of_the_name(pem: Path, tmp_path: Path, host: str) -> None:
    async with listening(OK, certificate(tmp_path, host)) as server, client(pem) as http:
        http._context.load_verify_locations(tmp_path / f"{host}.pem")
        assert await asked(http, HttpsUrl(HOST, server.port, "/leave")) == "list_server_failed"
        assert server.heads == []


async def test_a_certificate_of_nobody_we_trust_is_refused(pem: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    async with listening(OK, certificate(other, HOST)) as server, client(pem) as http:
        assert await asked(http, HttpsUrl(HOST, server.port, "/leave")) == "list_server_failed"
        assert server.heads == []


async def test_a_server_without_tls_gets_nothing(pem: Path) -> None:
    async with listening(OK, None) as server, client(pem, deadline=0.5) as http:
        assert await asked(http, HttpsUrl(HOST, server.port, "/leave")) == "list_server_failed"
        assert server.heads == []


@pytest.mark.parametrize("status", [b"200", b"201", b"202", b"204"])
async def test_a_success_is_one(pem: Path, status: bytes) -> None:
    assert await outcome(pem, b"HTTP/1.1 " + status + b" X\r\nContent-Length: 0\r\n\r\n") == "done"


@pytest.mark.parametrize("status", [b"300", b"301", b"302", b"303", b"304", b"307", b"308"])
@pytest.mark.parametrize(
    "location", [b"/thanks", b"http://127.0.0.1/", b"https://10.0.0.1/", b"file:///etc/passwd", b""]
)
async def test_no_redirect_is_followed(pem: Path, status: bytes, location: bytes) -> None:
    head = b"HTTP/1.1 " + status + b" X\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"
    async with listening(head, pem) as server, client(pem) as http:
        assert await asked(http, HttpsUrl(HOST, server.port, "/leave")) == "list_server_redirects"
        assert server.connections == 1


@pytest.mark.parametrize(
    "status", [b"101", b"400", b"401", b"403", b"404", b"405", b"407", b"429", b"500", b"503", b"999"]
)
async def test_everything_else_is_a_failure(pem: Path, status: bytes) -> None:
    assert await outcome(pem, b"HTTP/1.1 " + status + b" X\r\nContent-Length: 0\r\n\r\n") == "list_server_failed"


@pytest.mark.parametrize(
    "answer", [b"", b"\0" * 1000, b"HTTP/1.1 \xff\r\n\r\n", b"HTTP/1.1 200 OK\r\n", b"SSH-2.0-x\r\n"]
)
async def test_what_is_no_response_is_a_failure(pem: Path, answer: bytes) -> None:
    assert await outcome(pem, answer) == "list_server_failed"


async def test_a_head_that_never_ends_is_given_up_in_time(pem: Path) -> None:
    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X: y\r\n")
            await writer.drain()
            await asyncio.sleep(0.05)

    assert await outcome(pem, drip, deadline=0.5) == "list_server_silent"


async def test_interim_responses_without_end_are_given_up_in_time(pem: Path) -> None:
    async def interim(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
            await writer.drain()
            await asyncio.sleep(0.01)

    assert await outcome(pem, interim, deadline=0.5) == "list_server_silent"


async def test_a_server_that_says_nothing_is_given_up_in_time(pem: Path) -> None:
    async def silence(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    assert await outcome(pem, silence, deadline=0.3) == "list_server_silent"


async def test_a_server_that_begins_no_tls_is_given_up_in_time(pem: Path) -> None:
    left = asyncio.Event()

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        left.set()

    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with client(pem, deadline=0.3) as http:
        assert await asked(http, HttpsUrl(HOST, port, "/leave")) == "list_server_failed"
        await left.wait()
    server.close()


async def test_a_name_server_that_says_nothing_holds_up_nobody_else(pem: Path) -> None:
    speaks = threading.Event()

    def slow(name: str) -> Sequence[str]:
        if name == "slow.example.net":
            speaks.wait(60)  # as the resolver does, which cannot be cancelled
        return ["127.0.0.1"]

    async with listening(OK, pem) as server, client(pem, slow, deadline=0.3) as http:
        slowly = [asyncio.create_task(asked(http, HttpsUrl("slow.example.net", server.port, "/"))) for _ in range(5)]
        try:
            await asyncio.sleep(0)
            assert await asked(http, HttpsUrl(HOST, server.port, "/leave")) == "done"
            assert await asyncio.gather(*slowly) == ["list_server_silent"] * 5
        finally:
            speaks.set()


async def test_the_status_counts_also_where_the_body_never_ends(pem: Path) -> None:
    async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with asyncio.timeout(30):
        assert await outcome(pem, endless, deadline=1000) == "done"


@pytest.mark.parametrize(
    "head",
    [b"Content-Length: 99999999999", b"Transfer-Encoding: chunked", b"Content-Encoding: gzip", b"Connection: close"],
)
async def test_no_more_than_a_little_of_a_huge_body_is_read(pem: Path, head: bytes) -> None:
    sent = 0

    async def huge(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n")
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        while sent < 200_000_000:
            writer.write(chunk)
            await writer.drain()
            sent += len(chunk)

    assert await outcome(pem, huge) == "done"
    assert sent < 100 * MOST_READ  # what the buffers of both sides hold


async def test_a_huge_head_is_given_up(pem: Path) -> None:
    async def huge(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        for _line in range(5000):
            writer.write(b"X: " + b"y" * 1000 + b"\r\n")
            await writer.drain()

    assert await outcome(pem, huge) == "list_server_failed"


async def test_a_cookie_is_not_kept(pem: Path) -> None:
    answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 0\r\n\r\n"
    async with listening(answer, pem) as server, client(pem) as http:
        for _ in range(2):
            assert await asked(http, HttpsUrl(HOST, server.port, "/leave")) == "done"
        assert server.connections == 2
        assert b"cookie" not in b"".join(server.heads).lower()


async def test_no_proxy_and_no_certificates_of_the_environment_are_used(
    pem: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening(OK, pem) as proxy, listening(OK, pem) as server:
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
        http = ListServerHttp(resolve=lambda _: ["127.0.0.1"])
        assert await asked(http, HttpsUrl(HOST, server.port, "/leave")) == "list_server_failed"
        http._context.load_verify_locations(pem)
        assert await asked(http, HttpsUrl(HOST, server.port, "/leave")) == "done"
        await http.aclose()
        assert proxy.connections == 0


async def test_only_the_server_of_a_trial_may_be_on_this_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_server, "is_public", lambda _: False)
    pem = certificate(tmp_path)
    async with listening(OK, pem) as server:
        setting = f"localhost:{server.port}={pem}"
        assert trial_list_server(setting) == TrialListServer("localhost", server.port, str(pem))
        http = ListServerHttp(trial=trial_list_server(setting))
        url = HttpsUrl("localhost", server.port, "/leave")
        assert http.accepts(url)
        assert await asked(http, url) == "done"
        for other in (HttpsUrl("localhost", server.port + 1, "/"), HttpsUrl("other.localhost", server.port, "/")):
            assert not http.accepts(other)
            assert await asked(http, other) == "list_server_failed"
        await http.aclose()
    usual = ListServerHttp(trial=trial_list_server(None))
    assert not usual.accepts(url)
    assert usual.accepts(HttpsUrl("localhost.example", 443, "/"))
    await usual.aclose()


def test_a_name_is_looked_up_without_the_search_domains_of_this_host(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def looked_up(host: str, *_: object, **__: object) -> list[Any]:
        asked.append(host)
        return [(0, 0, 0, "", ("192.0.2.1", 443)), (0, 0, 0, "", ("192.0.2.1", 443))]

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    assert list_server.resolved(HOST) == ["192.0.2.1"]
    assert asked == [f"{HOST}."]

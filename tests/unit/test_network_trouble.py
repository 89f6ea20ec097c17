"""The message says why a server cannot be reached, whichever client noticed it."""

import asyncio
import errno
import socket
import ssl
from pathlib import Path

import pytest

from certificate import certificate
from postroom.jmap.errors import JmapError
from postroom.jmap.http_connection import JmapConnection
from postroom.network_trouble import Kind, trouble_of
from postroom.queue.retry_set import FAILURES, asking, connect


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), Kind.UNKNOWN_HOST, "unknown host name"),
        (
            socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"),
            Kind.UNKNOWN_HOST,
            "its host name cannot be looked up: Temporary failure in name resolution",
        ),
        (OSError(errno.EHOSTUNREACH, "No route to host"), Kind.NO_WAY, "No route to host"),
        (ConnectionResetError(errno.ECONNRESET, "reset"), Kind.BROKEN_OFF, "the connection broke off"),
        (ssl.SSLError(1, "without a reason"), Kind.TLS, "no TLS connection: it broke off"),
    ],
)
def test_each_reason_has_its_words(error: Exception, kind: Kind, words: str) -> None:
    outer = RuntimeError("of a client")
    outer.__cause__ = error
    found = trouble_of(outer)
    assert found
    assert (found.kind, str(found)) == (kind, words)


def test_error_outside_the_network_has_no_kind() -> None:
    assert trouble_of(ValueError("of anything else")) is None


async def asked_by_jmap(url: str) -> Kind | None:
    connection = JmapConnection(url)
    try:
        with pytest.raises(JmapError) as raised:
            await connection.exchange("GET", f"{url}/", {}, within=0.2)
    finally:
        await connection.aclose()
    found = trouble_of(raised.value)
    return found and found.kind


async def asked_by_redis(url: str) -> Kind | None:
    redis = connect(url)
    try:
        with pytest.raises(FAILURES) as raised:
            async with asking():
                await redis.ping()
    finally:
        await redis.aclose()
    found = trouble_of(raised.value)
    return found and found.kind


@pytest.mark.parametrize(
    ("says", "speaks_tls", "asked_by_tls", "kind"),
    [
        (None, False, False, Kind.TIME_OUT),
        (b"", True, True, Kind.CERTIFICATE),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", False, True, Kind.TLS),
    ],
    ids=["a server that does not respond", "an unknown certificate", "a server without TLS"],
)
async def test_both_clients_keep_the_reason_of_what_they_raise(
    says: bytes | None, speaks_tls: bool, asked_by_tls: bool, kind: Kind, tmp_path: Path
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if says is None:
            await reader.read()  # until the client closes the connection
        else:
            writer.write(says)
        writer.close()

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate(tmp_path))
    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context if speaks_tls else None) as server:
        place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        secure = "s" if asked_by_tls else ""
        assert await asked_by_jmap(f"http{secure}://{place}") is kind
        assert await asked_by_redis(f"redis{secure}://{place}/0") is kind


async def test_a_port_where_nobody_listens_refuses_both() -> None:
    assert await asked_by_jmap("http://127.0.0.1:9") is Kind.REFUSED
    assert await asked_by_redis("redis://127.0.0.1:9/0") is Kind.REFUSED

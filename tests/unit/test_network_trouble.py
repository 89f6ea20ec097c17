"""The message says why a server cannot be reached, whichever client noticed it, and what the parts report of it."""

import asyncio
import errno
import socket
import ssl
from pathlib import Path

import pytest

from certificate import certificate
from postroom.checks import reachability
from postroom.checks.mail_server import of_problem
from postroom.checks.reachability import fix_of, place_of, trouble_at
from postroom.errors import Misconfigured, Throttled, Transient
from postroom.http.network_trouble import Kind, Trouble, trouble_of
from postroom.jmap.errors import HttpError, JmapError, NotAnswered, Unreadable
from postroom.jmap.http_connection import JmapConnection
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


# What the parts report of it


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("http://mail.example.org:8080/", "mail.example.org:8080"),
        ("https://mail.example.org", "mail.example.org:443"),
        ("http://[::1]", "[::1]:80"),
    ],
)
def test_location_of_a_server_is_host_and_port(url: str, place: str) -> None:
    assert place_of(url) == place


async def test_a_server_that_takes_a_connection_is_reachable() -> None:
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0) as server:
        assert await trouble_at(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") is None


async def kind_at(url: str) -> Kind:
    found = await trouble_at(url)
    assert found
    return found.kind


async def test_each_way_in_which_a_connection_fails_has_its_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await kind_at("http://127.0.0.1:9") is Kind.REFUSED
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate(tmp_path))
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context) as server:
        assert await kind_at(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}") is Kind.CERTIFICATE
    monkeypatch.setattr(reachability, "WITHIN", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert await kind_at(f"https://127.0.0.1:{silent.getsockname()[1]}") is Kind.TIME_OUT


async def test_an_unknown_host_name_has_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    assert await kind_at("http://nowhere.example.org") is Kind.UNKNOWN_HOST


async def test_host_with_two_addresses_is_reachable_if_one_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """`localhost` often has ::1 first, but the server listens on IPv4 only."""
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]

        async def two(*_: object, **__: object) -> list[tuple[object, ...]]:
            return [(0, 0, 0, "", ("::1", port)), (0, 0, 0, "", ("127.0.0.1", port))]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", two)
        assert await trouble_at(f"http://localhost:{port}") is None


def test_each_kind_of_trouble_has_a_fix_of_its_own() -> None:
    fixes = {fix_of(Trouble(kind, ""), "Kratos", "POSTROOM_KRATOS_ADMIN_URL") for kind in Kind}
    assert len(fixes) == len(Kind)
    assert all("POSTROOM_KRATOS_ADMIN_URL" in fix for fix in fixes)


# The mail server, whose errors keep their cause


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("problem", "details", "fix"),
    [
        (
            caused(Transient("cannot be reached"), ConnectionRefusedError()),
            "mail.example.org:443 cannot be reached: connection refused",
            "start Stalwart, or correct the host and the port in POSTROOM_STALWART_URL",
        ),
        (
            caused(Transient("cannot be reached"), caused(NotAnswered("x"), ConnectionResetError())),
            "mail.example.org:443 cannot be reached: the connection broke off",
            "see whether Stalwart has banned this host (x:BlockedIp); else see the log of Stalwart",
        ),
        (
            caused(Transient("answered 503"), HttpError(503)),
            "mail.example.org:443: answered 503",
            "see the log of Stalwart",
        ),
        (
            caused(Transient("no JSON"), Unreadable("no JSON")),
            "mail.example.org:443: no JSON",
            "correct POSTROOM_STALWART_URL: what answers there is not Stalwart",
        ),
        (
            Misconfigured("does not know our key (401)", fix="correct POSTROOM_STALWART_API_KEY"),
            "mail.example.org:443: does not know our key (401)",
            "correct POSTROOM_STALWART_API_KEY",
        ),
        (Throttled("answered 429"), "not checked at mail.example.org:443: answered 429", "check again in a minute"),
        (
            Transient("of another kind"),
            "mail.example.org:443: of another kind",
            "see whether Stalwart has banned this host (x:BlockedIp); else see its log, or",
        ),
    ],
)
def test_each_problem_of_the_mail_server_is_shown_with_its_place_and_its_own_fix(
    problem: Transient | Misconfigured | Throttled, details: str, fix: str
) -> None:
    found = of_problem(problem, "https://mail.example.org")
    assert found.details == details
    assert found.fix.startswith(fix)

"""Why a server cannot be reached, according to a test connection, and the fix for each reason."""

import asyncio
import socket
import ssl
from pathlib import Path

import pytest

from certificate import certificate
from postroom.checks import reachability
from postroom.checks.mail_server import of_problem
from postroom.checks.reachability import fix_of, place_of, trouble_at
from postroom.errors import Misconfigured, Throttled, Transient
from postroom.jmap.errors import HttpError, NotAnswered, Unreadable
from postroom.network_trouble import Kind, Trouble


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

"""Probes while the breaker is open: which process sends one, and what its result changes."""

from typing import Any
from unittest.mock import AsyncMock

import pytest
from structlog.testing import capture_logs

from fakes import FakeBreakers, FakeMailServer
from postroom.domain.breaker import Cause
from postroom.errors import MailServerError, Misconfigured, Transient
from postroom.process.telemetry import REGISTRY
from postroom.retry.probe import Probe

AWAY = Transient("cannot be reached")


UNKNOWN_KEY = Misconfigured("mail server does not know our key (401)", unauthorized=True)
ASKED = ["health_check"]


@pytest.mark.parametrize(
    ("breaker", "ill", "closed", "asked", "openings"),
    [
        ({"is_open": False}, AWAY, True, [], []),
        ({"is_open": True}, None, True, ASKED, []),
        ({"is_open": True}, AWAY, False, ASKED, []),
        # Each probe with that key counts towards a ban: 288 a day at one every 5 minutes, 48 at one every 30.
        ({"is_open": True}, UNKNOWN_KEY, False, ASKED, [(Cause.UNAUTHORIZED, str(UNKNOWN_KEY))]),
        ({"is_open": True, "probes_left": 0}, None, False, [], []),
    ],
    ids=["closed", "healthy again", "still away", "unknown key", "the turn of another process"],
)
async def test_probe_in_its_turn_closes_an_open_breaker_or_leaves_it_open_for_its_cause(
    breaker: dict[str, Any], ill: MailServerError | None, closed: bool, asked: list[str], openings: list[object]
) -> None:
    breakers, mail_server = FakeBreakers(**breaker), FakeMailServer(ill=ill)
    assert await Probe(breakers, mail_server).closed() is closed
    assert (breakers.is_open, mail_server.asked, breakers.openings) == (not closed, asked, openings)


async def test_breaker_reopened_during_a_probe_stays_open(monkeypatch: pytest.MonkeyPatch) -> None:
    breakers = FakeBreakers(is_open=True)
    monkeypatch.setattr(breakers, "close", AsyncMock(return_value=False))
    assert not await Probe(breakers, FakeMailServer()).closed()


async def test_workers_wait_while_the_mail_server_asks_for_less_and_probe_nothing() -> None:
    breakers, mail_server = FakeBreakers(), FakeMailServer()
    breakers.is_slow = True
    assert not await Probe(breakers, mail_server).closed()
    assert (mail_server.asked, breakers.closed) == ([], 0)


@pytest.mark.parametrize("place", ["read", "take"])
async def test_breaker_counts_as_open_while_postgresql_is_unavailable_and_the_cause_is_logged(place: str) -> None:
    breakers, mail_server = FakeBreakers(is_open=place == "take"), FakeMailServer()
    breakers.unavailable = 1
    before = counted()
    with capture_logs() as logs:
        assert not await Probe(breakers, mail_server).closed()
    assert (mail_server.asked, counted()) == ([], before + 1)
    reported = {"event": "Worker waits for PostgreSQL", "log_level": "warning", "error": "PostgreSQL cannot be reached"}
    assert logs == [reported]


def counted() -> float:
    return REGISTRY.get_sample_value("postroom_database_errors_total", {"where": "probe"}) or 0


async def test_mail_server_health_is_logged_at_each_probe() -> None:
    breakers = FakeBreakers(is_open=True)
    with capture_logs() as logs:
        await Probe(breakers, FakeMailServer(ill=AWAY)).closed()
        await Probe(breakers, FakeMailServer()).closed()
    assert logs == [
        {
            "event": "Mail server is still unhealthy",
            "log_level": "info",
            "error": "cannot be reached",
            "next_probe_in": 5.0,
        },
        {"event": "Breaker closed: the mail server is healthy again", "log_level": "info"},
    ]

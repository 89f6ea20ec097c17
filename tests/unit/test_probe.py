"""Probes while the breaker is open: which process sends one, and what its result changes."""

from unittest.mock import AsyncMock

import pytest
from structlog.testing import capture_logs

from fakes import FakeBreakers, FakeMailServer
from postroom.domain.breaker import Cause
from postroom.errors import Misconfigured, Transient
from postroom.retry.probe import Probe
from postroom.telemetry import REGISTRY

AWAY = Transient("cannot be reached")


async def test_a_closed_breaker_is_not_probed() -> None:
    mail_server = FakeMailServer(ill=AWAY)
    assert await Probe(FakeBreakers(), mail_server).closed()
    assert mail_server.asked == []


async def test_successful_probe_closes_the_breaker() -> None:
    breakers, mail_server = FakeBreakers(is_open=True), FakeMailServer()
    assert await Probe(breakers, mail_server).closed()
    assert (breakers.is_open, mail_server.asked) == (False, ["health_check"])


async def test_failed_probe_leaves_the_breaker_open_for_its_cause() -> None:
    breakers = FakeBreakers(is_open=True)
    assert not await Probe(breakers, FakeMailServer(ill=AWAY)).closed()
    assert breakers.is_open
    assert breakers.openings == []


async def test_probe_that_meets_an_unknown_key_changes_the_cause_to_unauthorized() -> None:
    """Each probe with that key counts towards a ban: 288 a day at one every 5 minutes, 48 at one every 30."""
    breakers = FakeBreakers(is_open=True)
    unknown = Misconfigured("mail server does not know our key (401)", unauthorized=True)
    assert not await Probe(breakers, FakeMailServer(ill=unknown)).closed()
    assert breakers.openings == [(Cause.UNAUTHORIZED, "mail server does not know our key (401)")]


async def test_breaker_reopened_during_a_probe_stays_open(monkeypatch: pytest.MonkeyPatch) -> None:
    breakers = FakeBreakers(is_open=True)
    monkeypatch.setattr(breakers, "close", AsyncMock(return_value=False))
    assert not await Probe(breakers, FakeMailServer()).closed()


async def test_process_probes_only_in_its_turn() -> None:
    breakers, mail_server = FakeBreakers(is_open=True, probes_left=0), FakeMailServer()
    assert not await Probe(breakers, mail_server).closed()
    assert mail_server.asked == []


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

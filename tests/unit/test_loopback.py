"""Ports of the servers in trials and tests."""

import pytest

from postroom_sandbox import loopback


def test_a_port_is_given_once_although_nothing_listens_on_it_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    given = loopback.free_port()
    other = next(port for port in range(20_000, 32_000) if port != given and not loopback.is_taken(port))
    chosen = iter((given, given, other))
    monkeypatch.setattr(loopback.random, "choice", lambda _: next(chosen))
    assert loopback.free_port() == other

"""Ports of the servers in trials and tests."""

import random

import pytest

from postroom_sandbox import loopback


def test_a_port_is_given_once_although_nothing_listens_on_it_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    given, choice = loopback.free_port(), random.choice
    drawn = [given, given]
    # Then at random: another process may have reserved any one port, and nothing listens on that either.
    monkeypatch.setattr(loopback.random, "choice", lambda ports: drawn.pop() if drawn else choice(ports))
    assert loopback.free_port() != given
    assert drawn == []

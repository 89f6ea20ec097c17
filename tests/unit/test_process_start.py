"""What a process says of the mail server when it starts."""

import asyncio

import pytest
from structlog.testing import capture_logs

from fakes import FakeBreakers
from mocked_http import Answer
from postroom.composition.process import ask_mail_server
from scripted_stalwart import KEY, ScriptedStalwart, problem


async def said(breakers: FakeBreakers, session: Answer | None = None) -> tuple[list[str], list[str]]:
    """The log, and what the mail server was asked."""
    server, stop = ScriptedStalwart(), asyncio.Event()
    server.session = session or server.session
    stop.set()
    with capture_logs() as lines:
        await ask_mail_server(breakers, server.registry(), "example.org", stop)
    return [str(line) for line in lines], server.asked


@pytest.mark.parametrize(
    ("session", "words"),
    [
        (problem(401), "POSTROOM_STALWART_API_KEY"),
        (problem(403), "--allowed-ip"),
        (problem(503), "postroom check"),
    ],
)
async def test_key_that_the_mail_server_refuses_is_reported_at_the_start(session: Answer, words: str) -> None:
    (line,), _ = await said(FakeBreakers(), session)
    assert ("'log_level': 'warning'" in line, words in line, KEY in line) == (True, True, False)


async def test_key_that_works_is_reported_nowhere() -> None:
    assert await said(FakeBreakers()) == ([], ["session", "x:Domain/query"])


async def test_key_is_not_tried_at_the_start_while_the_breaker_is_open() -> None:
    """A process that restarts again and again would have its host banned."""
    (line,), asked = await said(FakeBreakers(is_open=True))
    assert ("are stopped" in line, asked) == (True, [])

"""The event source of the stand-in: its parameters, and the times of its events."""

import asyncio
from typing import Any

import pytest

from postroom_sandbox.stalwart.errors import ProblemError
from postroom_sandbox.stalwart.intake.event_source import Wanted, throttled, wanted
from simulation.virtual_time import in_virtual_time


@pytest.mark.parametrize(
    ("query", "means"),
    [
        ({"types": "Email"}, Wanted(frozenset({"Email"}), once=False, ping=0)),
        ({"types": "Email,Mailbox", "ping": "1"}, Wanted(frozenset({"Email", "Mailbox"}), once=False, ping=30)),
        ({"types": "Email", "ping": "300", "closeafter": "state"}, Wanted(frozenset({"Email"}), once=True, ping=300)),
    ],
)
def test_event_source_query_is_parsed(query: dict[str, str], means: Wanted) -> None:
    assert wanted(query) == means


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"types": ""},
        {"types": "email"},
        {"types": "Email,"},
        {"types": "Email", "ping": "-1"},
        {"types": "Email", "ping": "1.5"},
        {"types": "Email", "closeafter": "yes"},
    ],
)
def test_invalid_event_source_parameters_raise_a_problem(query: dict[str, str]) -> None:
    with pytest.raises(ProblemError, match="could not be parsed"):
        wanted(query)


@in_virtual_time
async def test_event_source_pings_and_changes_keep_separate_intervals() -> None:
    """Changes at 0.1, 0.2, 0.4 and 40 s; a ping every 30 s."""
    queue: asyncio.Queue[Any] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    for at, states in (
        (0.1, {"Email": "a"}),
        (0.2, {"Email": "b"}),
        (0.4, {"Mailbox": "c"}),
        (0.5, {"Quota": "q"}),
        (40, {"Email": "d"}),
    ):
        loop.call_at(at, queue.put_nowait, states)
    events = throttled(queue, Wanted(frozenset({"Email", "Mailbox"}), once=False, ping=30), "b")
    got: list[tuple[float, str, Any]] = []
    async for name, data in events:
        got.append((round(loop.time(), 3), name, data.get("changed", data)))
        if len(got) == 5:
            await events.aclose()
    assert got == [
        (0.1, "state", {"b": {"Email": "a"}}),
        (1.1, "state", {"b": {"Email": "b", "Mailbox": "c"}}),
        (30.0, "ping", {"interval": 30000}),
        (40.0, "state", {"b": {"Email": "d"}}),
        (60.0, "ping", {"interval": 30000}),
    ]

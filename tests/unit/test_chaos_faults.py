"""Faults start at their times, but two faults of one part never overlap, however slow the machine is."""

import asyncio
from pathlib import Path
from typing import Any, cast
from unittest.mock import AsyncMock

from chaos.cluster import Cluster
from chaos.faults import Faults
from chaos.history import History, read
from chaos.plan import Fault


async def test_fault_waits_for_the_previous_one_in_its_lane_to_end(tmp_path: Path) -> None:
    async def slow() -> None:
        await asyncio.sleep(0.3)

    cluster = cast(Cluster, AsyncMock())
    cluster.database.start_again = slow
    history = History(tmp_path / "run.jsonl")
    faults = [
        Fault(0, "postgres", "restart", 0),
        Fault(0.1, "postgres", "kill", 0),
        Fault(0.15, "redis", "flushall", 0),
    ]
    await Faults(cluster, history).run(faults)
    history.close()
    reported: list[Any] = [(event["event"], event["kind"]) for event in read(tmp_path / "run.jsonl")]
    assert reported == [
        ("fault", "restart"),
        ("fault", "flushall"),
        ("fault over", "flushall"),
        ("fault over", "restart"),
        ("fault", "kill"),
        ("fault over", "kill"),
    ]

"""Liveness, readiness and metrics of a process, whatever hangs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx2
import pytest

from parts import environment
from postroom.api import health
from postroom.composition.parts import Parts, connected
from postroom.composition.process import make_app
from postroom.process.heartbeats import Heartbeats
from postroom.settings.environment import load
from servers import Database


@asynccontextmanager
async def http(parts: Parts) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=make_app(parts), client=("127.0.0.1", 50000))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


async def test_stalled_loop_makes_the_service_unready_and_is_named(database: Database) -> None:
    now = [0.0]
    heartbeats = Heartbeats(monotonic=lambda: now[0])
    heartbeats.of("worker")()
    async with (
        connected(load(environment(database, None, None))) as parts,
        http(replace(parts, heartbeats=heartbeats)) as client,
    ):
        for path in ("/health/live", "/health/ready"):
            assert (await client.get(path)).json() == {"status": "ok"}
        now[0] = 31.0
        ready, live = await client.get("/health/ready"), await client.get("/health/live")
        assert (ready.status_code, ready.json()["loops"]) == (503, ["worker"])
        assert live.status_code == 200, "it may recover by itself"
        assert 'postroom_loop_seconds_since_last_round{loop="worker"} 31.0' in (await client.get("/metrics")).text
        now[0] = 301.0
        assert (await client.get("/health/live")).status_code == 503, "only a restart helps now"


async def test_silent_postgresql_delays_neither_metrics_nor_readiness(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "COUNTED_WITHIN", 0.1)

    async def never() -> dict[str, float]:
        return await asyncio.get_running_loop().create_future()

    async with connected(load(environment(database, None, None))) as parts:
        monkeypatch.setattr(type(parts.audit), "counts", lambda _: never())
        async with http(parts) as client:
            assert (await client.get("/health/ready")).status_code == 503
            assert "\npostroom_database_up 0\n" in (await client.get("/metrics")).text

"""The gauges from PostgreSQL in /metrics."""

from collections.abc import Mapping

import httpx2
from fastapi import FastAPI

from fakes import FakeClock
from postroom.api.health import Health, health_routes
from postroom.errors import DatabaseUnavailable
from postroom.process.heartbeats import Heartbeats


async def _counts() -> Mapping[str, float]:
    return {"requests_waiting": 3.0, "sweep_finished_timestamp_seconds": 1795563700.25}


async def test_readiness_names_postgresql_first_and_not_the_loops_that_wait_for_it() -> None:
    async def unavailable() -> Mapping[str, float]:
        raise DatabaseUnavailable("PostgreSQL cannot be reached")

    clock = FakeClock()
    heartbeats = Heartbeats(monotonic=clock.monotonic)
    heartbeats.of("release")()
    clock.seconds += 3600
    app = FastAPI()
    app.router.routes += health_routes(Health(unavailable, late=heartbeats.late))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://postroom") as http:
        answer = await http.get("/health/ready")
    assert (answer.status_code, answer.json()["loops"], "PostgreSQL" in answer.text) == (503, [], True)


async def test_a_timestamp_is_exact_to_the_second_and_a_number_is_plain() -> None:
    app = FastAPI()
    app.router.routes += health_routes(Health(_counts))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://postroom") as http:
        reported = (await http.get("/metrics")).text.splitlines()
    assert "postroom_requests_waiting 3" in reported
    assert "postroom_sweep_finished_timestamp_seconds 1795563700.25" in reported

"""The gauges from PostgreSQL in /metrics."""

from collections.abc import Mapping

import httpx2
from fastapi import FastAPI

from postroom.api.health import Health, health_routes


async def _counts() -> Mapping[str, float]:
    return {"requests_waiting": 3.0, "sweep_finished_timestamp_seconds": 1795563700.25}


async def test_a_timestamp_is_exact_to_the_second_and_a_number_is_plain() -> None:
    app = FastAPI()
    app.router.routes += health_routes(Health(_counts))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://postroom") as http:
        reported = (await http.get("/metrics")).text.splitlines()
    assert "postroom_requests_waiting 3" in reported
    assert "postroom_sweep_finished_timestamp_seconds 1795563700.25" in reported

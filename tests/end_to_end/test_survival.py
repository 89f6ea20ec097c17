"""A power failure in the middle of 200 requests: no answered request is lost, and no identity gets two mailboxes."""

import asyncio
from collections import Counter
from pathlib import Path
from uuid import UUID, uuid4

import httpx2
import pytest
import redis.asyncio

from eventually import eventually
from postroom.domain.mailbox import is_probe_mark
from records import records_of
from trial import Trial, running_trial

REQUESTS = 200
KILL_AFTER = 60


async def _post_all(up: Trial, identities: dict[UUID, str]) -> set[UUID]:
    """Post every webhook. After KILL_AFTER responses the power fails. Returns the identities that were answered 200 or
    500."""
    answered: set[UUID] = set()
    gate = asyncio.Semaphore(16)

    async def post(identity_id: UUID, email: str) -> None:
        async with gate:
            try:
                answer = await up.hook(identity_id, email)
            except httpx2.HTTPError:
                return  # no response: Kratos would not know the outcome either
        if answer.status_code in (200, 500):
            answered.add(identity_id)
        if len(answered) == KILL_AFTER:
            up.kill_everything()

    await asyncio.gather(*(post(identity_id, email) for identity_id, email in identities.items()))
    return answered


# Without what Redis had, `tests/integration/test_heart.py` loses none either, in seconds.
@pytest.mark.parametrize(
    "redis_is", ["kept", *(pytest.param(each, marks=pytest.mark.long) for each in ("emptied", "absent"))]
)
async def test_kill_9_of_everything_loses_no_request(tmp_path: Path, redis_is: str) -> None:
    settings = {"POSTROOM_DELAY_FACTOR": "0.05", "POSTROOM_PACE": "0"}
    if redis_is == "absent":
        settings["POSTROOM_REDIS_URL"] = ""
    identities = {uuid4(): f"person{number}@example.org" for number in range(REQUESTS)}
    async with running_trial(tmp_path, **settings) as up:
        # Every fifth fails once, so that some requests wait in the queue when the power fails.
        code, output = await up.postroom("sandbox", "fault", "unavailable", "--probability", "0.2", "--seed", "7")
        assert code == 0, output
        answered = await _post_all(up, identities)
        assert KILL_AFTER <= len(answered) < REQUESTS
        await up.up()
        if redis_is == "emptied":
            async with redis.asyncio.from_url(up.environment["POSTROOM_REDIS_URL"]) as client:
                await client.flushall()
        await up.postroom("sandbox", "fault", "off")

        # A lease of those that ran lasts for half a minute. A command that asked all that time would take the processor
        # from what runs beside.
        async with records_of(up.environment["POSTROOM_DATABASE_URL"]) as records:

            async def at_rest() -> bool:
                return not await records.value(
                    "SELECT count(*) FROM email_requests WHERE state IN ('waiting', 'running')"
                )

            await eventually(at_rest, "every stored request to end", 90)
        await _assert_no_request_is_lost(up, identities, answered)


async def _assert_no_request_is_lost(up: Trial, identities: dict[UUID, str], answered: set[UUID]) -> None:
    status = await up.json("status")
    assert status["counts"]["requests_dead"] == 0
    addresses = await up.addresses()
    assert {identities[identity_id] for identity_id in answered} <= set(addresses)
    assert [address for address, times in Counter(addresses).items() if times > 1] == []
    accounts = (await up.stalwart())["accounts"]
    marks = [mark for account in accounts for mark in account["marks"] if not is_probe_mark(mark)]
    assert len(marks) == len(set(marks)) == len(addresses)

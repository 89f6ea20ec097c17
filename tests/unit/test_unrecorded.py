"""Ready mailboxes without a record are counted once an hour, page by page, and named in the log."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from postroom.errors import DatabaseUnavailable
from postroom.process.telemetry import REGISTRY
from postroom.provisioning.unrecorded import AFTER_FAILURE, EVERY, PAGE_PAUSE, Unrecorded
from simulation.virtual_time import in_virtual_time

REQUESTS = 7


class Mailboxes:
    """Seven requests, three in a page; those of `lost` have no record. The next `unavailable` pages fail."""

    def __init__(self, *lost: int, unavailable: int = 0) -> None:
        self.lost = lost
        self.unavailable = unavailable
        self.began_at: list[float] = []

    async def pages(self) -> AsyncIterator[Sequence[tuple[UUID, str]]]:
        self.began_at.append(asyncio.get_running_loop().time())
        if self.unavailable:
            self.unavailable -= 1
            raise DatabaseUnavailable("away")
        for first in range(1, REQUESTS + 1, 3):
            page = [number for number in range(first, first + 3) if number in self.lost]
            yield [(UUID(int=number), f"user-{number}@example.org") for number in page]


async def run(mailboxes: Mailboxes, seconds: float) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, stop.set)
    await Unrecorded(mailboxes.pages).run(stop)


def counted() -> float | None:
    return REGISTRY.get_sample_value("postroom_mailboxes_unrecorded")


@in_virtual_time
async def test_all_pages_are_counted_once_an_hour_and_the_mailboxes_named() -> None:
    mailboxes = Mailboxes(2, 7)
    with capture_logs() as lines:
        await run(mailboxes, EVERY + 1)
    assert (counted(), mailboxes.began_at) == (2, [0, pytest.approx(EVERY, abs=1)])
    assert [line["identities"] for line in lines] == [[str(UUID(int=2)), str(UUID(int=7))]] * 2
    assert "postroom rebuild" in lines[0]["fix"]
    mailboxes.lost = ()
    with capture_logs() as lines:
        await run(mailboxes, 1)
    assert (counted(), lines) == (0, [])


@in_virtual_time
async def test_count_that_a_stop_ends_early_is_not_reported() -> None:
    await run(Mailboxes(2, 7), 1)
    with capture_logs() as lines:
        await run(Mailboxes(2), PAGE_PAUSE / 2)
    assert (counted(), lines) == (2, [])


@in_virtual_time
async def test_a_database_that_is_away_is_asked_again_sooner() -> None:
    mailboxes = Mailboxes(2, unavailable=1)
    await run(mailboxes, AFTER_FAILURE + 1)
    assert (counted(), mailboxes.began_at) == (1, [0, AFTER_FAILURE])

"""Reconcile against models of its two sides: what a pass that breaks off, or two of them, leave behind."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from fakes import START, FakeClock, request_of
from postroom.domain.member import RetryJob
from postroom.domain.request import Request, State
from postroom.retry.reconcile import Corrections, Reconcile


class Rows:
    """What waits, two requests a page; `away_at_page` is the page that PostgreSQL does not give."""

    def __init__(self, requests: list[Request]) -> None:
        self.requests = requests
        self.away_at_page: int | None = None

    async def counts(self) -> tuple[int, int]:
        return len(self.requests), 0

    async def window(self, earliest: float, latest: float, limit: int) -> Sequence[Request]:
        return []

    async def pages(self, size: int) -> AsyncIterator[Sequence[Request]]:
        for number, start in enumerate(range(0, len(self.requests), 2)):
            if number == self.away_at_page:
                raise ConnectionError("lost in the middle")
            yield self.requests[start : start + 2]

    async def read_many(self, identity_ids: Sequence[UUID], *, quiet: float) -> dict[object, tuple[Request, bool]]:
        return {each.identity_id: (each, True) for each in self.requests if each.identity_id in identity_ids}


class Members:
    def __init__(self) -> None:
        self.held: set[str] = set()
        self.epoch = False

    async def has_epoch(self) -> bool:
        return self.epoch

    async def set_epoch(self) -> None:
        self.epoch = True

    async def length(self) -> int:
        return len(self.held)

    async def window(self, earliest: float, latest: float, limit: int) -> Sequence[str]:
        return []

    async def pages(self, size: int) -> AsyncIterator[Sequence[str]]:
        yield list(self.held)

    async def absent(self, requests: Sequence[Request]) -> list[Request]:
        return [each for each in requests if RetryJob.of(each).to_json() not in self.held]

    async def add(self, requests: Sequence[Request]) -> None:
        self.held |= {RetryJob.of(each).to_json() for each in requests}

    async def remove(self, members: Sequence[str]) -> None:
        self.held -= set(members)


class Alone:
    @asynccontextmanager
    async def lead(self, name: str) -> AsyncGenerator[bool]:
        yield True


def five_waiting() -> list[Request]:
    due_at = START + timedelta(seconds=60)
    return [request_of(uuid4(), state=State.WAITING, holder=None, due_at=due_at) for _ in range(5)]


async def test_a_full_pass_that_broke_off_does_not_call_redis_complete() -> None:
    rows, members = Rows(five_waiting()), Members()
    reconcile = Reconcile(rows, members, Alone(), FakeClock(), failures=())
    rows.away_at_page = 1
    with pytest.raises(ConnectionError):
        await reconcile.turn()
    assert not members.epoch
    assert len(members.held) == 2
    rows.away_at_page = None
    assert await reconcile.turn() == Corrections(added=3)
    assert members.epoch


async def test_a_redis_that_lost_its_data_gets_a_full_pass_at_the_next_turn_and_then_only_looks() -> None:
    rows, members = Rows(five_waiting()), Members()
    reconcile = Reconcile(rows, members, Alone(), FakeClock(), failures=())
    assert await reconcile.turn() == Corrections(added=5)
    assert await reconcile.turn() == Corrections()
    members.held, members.epoch = set(), False
    assert await reconcile.turn() == Corrections(added=5)

"""Following the audit shows every new row once, also a row that is committed late, and continues after an outage of
PostgreSQL."""

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from postroom.errors import DatabaseUnavailable
from postroom.operations import timeline
from postroom.operations.timeline import Followed, Follower, follow
from postroom.postgres.audit import OVERLAP

START = datetime(2026, 11, 26, tzinfo=UTC)
Row = dict[str, Any]


class FakeAudit:
    """The audit as other sessions see it at `now`, in seconds: the rows that are committed by then."""

    def __init__(self) -> None:
        self.now = 0.0
        self.rows: list[Row] = []
        self.is_down = False

    def write(self, *, ago: float = 0.0, identity_id: UUID | None = None) -> int:
        """Add a row that becomes visible now and has a timestamp `ago` seconds earlier."""
        row = {"id": len(self.rows) + 1, "created_at": self._time(self.now - ago), "kratos_identity_id": identity_id}
        self.rows.append(row)
        return row["id"]

    def _time(self, seconds: float) -> datetime:
        return START + timedelta(seconds=seconds)

    async def since(
        self,
        after: tuple[datetime, int] | None,
        *,
        identity_ids: Collection[UUID] | None,
        address: str | None,
        limit: int,
    ) -> tuple[datetime, list[Row]]:
        if self.is_down:
            raise DatabaseUnavailable("PostgreSQL cannot be reached")
        after = after or (self._time(self.now - OVERLAP), 0)
        found = [each for each in self.rows if (each["created_at"], each["id"]) > after]
        if identity_ids is not None:
            found = [each for each in found if each["kratos_identity_id"] in identity_ids]
        found.sort(key=lambda each: (each["created_at"], each["id"]))
        return self._time(self.now), found[:limit]


@pytest.fixture
def audit() -> FakeAudit:
    return FakeAudit()


def follower(audit: FakeAudit, followed: Followed | None = None, known: Collection[int] | None = None) -> Follower:
    return Follower(cast(Any, audit), followed or Followed(), known)


async def polled(of: Follower) -> list[int]:
    return [each["id"] async for each in of.poll()]


async def test_follow_prints_each_new_row_once_and_no_older_row(audit: FakeAudit) -> None:
    audit.write(ago=1)
    of = follower(audit)
    assert await polled(of) == []
    new = audit.write()
    assert await polled(of) == [new]
    for _ in range(30):
        audit.now += 1
        assert await polled(of) == []
    audit.now += 3600
    assert await polled(of) == []
    assert await polled(of) == [] != [newer := audit.write()]
    assert await polled(of) == [newer]


async def test_a_row_that_is_committed_after_a_newer_one_is_not_lost(audit: FakeAudit) -> None:
    of = follower(audit)
    await polled(of)
    audit.now = 100
    newer = audit.write()
    assert await polled(of) == [newer]
    audit.now = 104
    older = audit.write(ago=5)
    assert await polled(of) == [older]


async def test_what_was_shown_before_does_not_come_again_and_what_came_meanwhile_does(audit: FakeAudit) -> None:
    shown = audit.write(ago=2)
    meanwhile = audit.write(ago=1)
    assert await polled(follower(audit, known=[shown])) == [meanwhile]


async def test_follow_of_one_identity_prints_only_its_rows(audit: FakeAudit) -> None:
    of = follower(audit, Followed([alice := uuid4()], "alice@example.org"), known=[])
    audit.write(identity_id=uuid4())
    hers = audit.write(identity_id=alice)
    assert await polled(of) == [hers]


async def test_more_rows_than_a_page_come_all(audit: FakeAudit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "PAGE", 10)
    of = follower(audit)
    await polled(of)
    written = [audit.write() for _ in range(35)]
    assert await polled(of) == written
    assert await polled(of) == []


async def test_an_outage_is_reported_once_and_its_rows_come_afterwards(
    audit: FakeAudit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline, "POLL_INTERVAL", 0.001)
    warnings: asyncio.Queue[DatabaseUnavailable] = asyncio.Queue()
    came: asyncio.Queue[int] = asyncio.Queue()

    async def collect() -> None:
        async for each in follow(follower(audit, known=[]), warnings.put_nowait):
            came.put_nowait(each["id"])

    following = asyncio.create_task(collect())
    before = audit.write()
    assert await asyncio.wait_for(came.get(), 5) == before
    for _ in range(2):
        audit.is_down = True
        await asyncio.wait_for(warnings.get(), 5)
        audit.now += 3600
        meanwhile = audit.write(ago=1800)
        audit.is_down = False
        assert await asyncio.wait_for(came.get(), 5) == meanwhile
    assert warnings.empty()
    following.cancel()

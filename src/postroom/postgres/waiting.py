"""The port `WaitingRequests`: the waiting requests, for the comparison with Redis."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

from postroom.domain.request import CREATE_ONLY, Request, RequestStep
from postroom.postgres.connection import Pool, rows, the_row
from postroom.postgres.requests import request_of


class PostgresWaiting:
    """`steps`: those that are claimed."""

    def __init__(self, pool: Pool, steps: Sequence[RequestStep] = CREATE_ONLY) -> None:
        self._pool = pool
        self._steps = {"steps": list(steps)}

    async def counts(self) -> tuple[int, int]:
        found = await the_row(self._pool, "waiting_counts", self._steps)
        return found["waiting"], found["running"]

    async def window(self, earliest: float, latest: float, limit: int) -> Sequence[Request]:
        parameters = {"earliest": earliest, "latest": latest, "limit": limit} | self._steps
        return [request_of(found) for found in await rows(self._pool, "waiting_window", parameters)]

    async def pages(self, size: int) -> AsyncIterator[Sequence[Request]]:
        after_due, after_id = datetime(1, 1, 2, tzinfo=UTC), UUID(int=0)
        while True:
            parameters = {"after_due": after_due, "after_id": after_id, "limit": size} | self._steps
            page = [request_of(found) for found in await rows(self._pool, "waiting_page", parameters)]
            if page:
                yield page
            if len(page) < size:
                return
            after_id = page[-1].identity_id
            after_due = page[-1].due_at or after_due

    async def read_many(self, identity_ids: Sequence[UUID], *, quiet: float) -> dict[object, tuple[Request, bool]]:
        parameters = {"identity_ids": list(identity_ids), "quiet": quiet} | self._steps
        found = await rows(self._pool, "read_many", parameters)
        return {each["identity_id"]: (request_of(each), each["quiet"]) for each in found}

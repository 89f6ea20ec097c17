"""How the retry index learns of the requests that webhooks left waiting, after their responses."""

import asyncio
from collections.abc import Sequence
from uuid import UUID, uuid4

from structlog.testing import capture_logs

from eventually import eventually
from fakes import FakeRetryIndex, request_of
from postroom.domain.request import Request, State
from postroom.provisioning.retry_index_updates import MOST_PENDING, RetryIndexUpdates


def waiting() -> Request:
    return request_of(uuid4(), state=State.WAITING, holder=None)


class Index(FakeRetryIndex):
    """Redis answers while `answers` is set; `calls_of` are the requests of each call, `errors` what the next calls
    raise."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = asyncio.Event()
        self.answers.set()
        self.calls_of: list[list[UUID]] = []
        self.errors: list[Exception] = []

    async def add(self, requests: Sequence[Request]) -> None:
        self.calls_of.append([each.identity_id for each in requests])
        await self.answers.wait()
        if self.errors:
            raise self.errors.pop(0)


async def until_added(updates: RetryIndexUpdates) -> None:
    await asyncio.wait(updates.under_way, timeout=10)
    assert not updates.under_way


async def test_requests_that_come_during_a_call_share_the_next_one() -> None:
    index, requests = Index(), [waiting() for _ in range(5)]
    updates = RetryIndexUpdates(index, lambda _: None)
    index.answers.clear()
    for each in requests[:2]:
        updates.add(each)
    await eventually(lambda: index.calls_of, "the first call is under way")
    for each in requests[2:]:
        updates.add(each)
    index.answers.set()
    await until_added(updates)
    ids = [each.identity_id for each in requests]
    assert index.calls_of == [ids[:2], ids[2:]]


async def test_worker_is_woken_after_the_index_has_the_request() -> None:
    index, woken = Index(), list[UUID | None]()
    updates = RetryIndexUpdates(index, woken.append)
    index.answers.clear()
    usual, first = waiting(), waiting()
    updates.add(usual)
    updates.add(first, first=True)
    await eventually(lambda: index.calls_of, "the call is under way")
    assert woken == []
    index.answers.set()
    await until_added(updates)
    assert woken == [None, first.identity_id]


async def test_requests_beyond_the_limit_are_left_to_the_fallback_poll_while_redis_is_silent() -> None:
    index = Index()
    updates = RetryIndexUpdates(index, lambda _: None)
    index.answers.clear()
    updates.add(waiting())
    await eventually(lambda: index.calls_of, "the first call is under way")
    for _ in range(MOST_PENDING + 1):
        updates.add(waiting())
    index.answers.set()
    await until_added(updates)
    assert [len(each) for each in index.calls_of] == [1, MOST_PENDING]


async def test_defect_is_logged_and_later_requests_are_added_all_the_same() -> None:
    index, woken = Index(), list[UUID | None]()
    updates = RetryIndexUpdates(index, woken.append)
    index.errors.append(ZeroDivisionError())
    with capture_logs() as logs:
        updates.add(waiting())
        await until_added(updates)
    assert [(each["log_level"], type(each["exc_info"])) for each in logs] == [("error", ZeroDivisionError)]
    later = waiting()
    updates.add(later)
    await until_added(updates)
    assert index.calls_of[1:] == [[later.identity_id]]
    assert woken == [None, None]

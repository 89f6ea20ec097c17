"""Webhooks beyond the limit get 503, are not read, and leave nothing behind. Those within it are not affected."""

import asyncio
import json
import random
from collections.abc import Sequence

import pytest
from starlette.types import Message, Receive, Scope, Send
from structlog.testing import capture_logs

from eventually import eventually
from postroom.api.load_shedding import LoadShedding
from postroom.process.telemetry import REGISTRY

PATH = "/hook"


@pytest.fixture(autouse=True)
def logged_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second later the line would stand in the output of another test."""
    monkeypatch.setattr("postroom.api.load_shedding.LOG_EVERY", 0)


class App:
    """Responds 200 when allowed to; `under_way` requests are being served."""

    def __init__(self) -> None:
        self.under_way = self.most = self.served = 0
        self.go_on = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await self.go_on.wait()
            if self.error:
                raise self.error
            self.served += 1
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})
        finally:
            self.under_way -= 1


async def never() -> Message:
    raise AssertionError("nothing of a hook that is shed is read")


async def ask(app: LoadShedding, path: str = PATH) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await app({"type": "http", "method": "POST", "path": path, "headers": []}, never, send)
    return sent


def shedding(app: App, *, limit: int, retry_after: int = 25) -> LoadShedding:
    return LoadShedding(app, path=PATH, limit=limit, retry_after=retry_after)


def counted() -> tuple[float, float]:
    """The number of webhooks shed, and of webhooks answered 503."""
    shed = REGISTRY.get_sample_value("postroom_hooks_shed_total")
    return shed or 0.0, REGISTRY.get_sample_value("postroom_hooks_total", {"status": "503"}) or 0.0


async def fill(door: LoadShedding, app: App, count: int) -> list[asyncio.Task[list[Message]]]:
    tasks = [asyncio.create_task(ask(door)) for _ in range(count)]
    await eventually(lambda: app.under_way == count, "all are in progress")
    return tasks


async def test_webhooks_within_the_limit_are_served_and_others_get_503_at_once() -> None:
    app = App()
    door = shedding(app, limit=3)
    within = await fill(door, app, 3)
    start, body = await ask(door)
    headers = dict(start["headers"])
    assert (start["status"], headers[b"content-type"]) == (503, b"application/problem+json")
    assert (headers[b"content-length"], headers[b"connection"]) == (str(len(body["body"])).encode(), b"close")
    problem = json.loads(body["body"])
    assert (problem["type"], problem["code"], problem["status"], problem["success"]) == (
        "urn:postroom:problem:too_busy",
        "too_busy",
        503,
        False,
    )
    app.go_on.set()
    assert [(await task)[0]["status"] for task in within] == [200] * 3
    assert (app.most, app.served) == (3, 3)


@pytest.mark.parametrize(("retry_after", "wanted"), [(1, [1]), (2, [1, 2, 3]), (5, [3, 4, 5, 6, 7])])
async def test_retry_after_values_are_spread_evenly_around_the_setting(retry_after: int, wanted: Sequence[int]) -> None:
    app = App()
    door = shedding(app, limit=1, retry_after=retry_after)
    (within,) = await fill(door, app, 1)
    answers = [await ask(door) for _ in range(2 * len(wanted))]
    assert [int(dict(start["headers"])[b"retry-after"]) for start, _ in answers] == [*wanted, *wanted]
    app.go_on.set()
    await within


async def test_load_shedding_applies_only_to_webhooks() -> None:
    app = App()
    door = shedding(app, limit=1)
    hook = await fill(door, app, 1)
    others = [asyncio.create_task(ask(door, "/health/live")) for _ in range(5)]
    await eventually(lambda: app.under_way == 6, "the others are served, too")
    app.go_on.set()
    for task in [*hook, *others]:
        assert (await task)[0]["status"] == 200


async def test_load_shedding_leaks_no_capacity_however_a_webhook_ends() -> None:
    app, chance, limit = App(), random.Random(7), 4
    door = shedding(app, limit=limit)
    for _ in range(500):
        app.go_on.clear()
        app.error = chance.choice([None, RuntimeError("a defect")])
        tasks = [asyncio.create_task(ask(door)) for _ in range(chance.randint(1, 2 * limit))]
        for _ in range(chance.randint(0, 2)):
            await asyncio.sleep(0)
        for task in tasks:
            if chance.random() < 0.3:
                task.cancel()  # the service stops, or the client disconnects
        app.go_on.set()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert app.most == limit
    app.error = None
    app.go_on.clear()
    filled = await fill(door, app, limit)
    app.go_on.set()
    assert [(await task)[0]["status"] for task in filled] == [200] * limit


async def test_a_flood_is_counted_and_logged_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postroom.api.load_shedding.LOG_EVERY", 0.01)
    app = App()
    door = shedding(app, limit=1)
    (within,) = await fill(door, app, 1)
    before = counted()
    with capture_logs() as lines:
        for _ in range(100):
            await ask(door)
        await eventually(lambda: lines, "a line of the log")
    assert [(line["shed"], line["limit"]) for line in lines] == [(100, 1)]
    assert [after - earlier for earlier, after in zip(before, counted(), strict=True)] == [100, 100]
    app.go_on.set()
    await within

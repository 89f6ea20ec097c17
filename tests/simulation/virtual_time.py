"""An event loop without waiting: when no task is ready, its clock jumps to the next timer; tasks that are ready run
in an order drawn from the seed."""

import asyncio
import math
import selectors
from collections import deque
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from functools import wraps
from random import Random
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

START = datetime(2026, 3, 1, tzinfo=UTC)


class Standstill(AssertionError):
    """No task is ready and no timer runs: every task waits for another."""


class _JumpingSelector(selectors.SelectSelector):
    """Instead of waiting until the next timer, as asyncio asks, it advances the clock."""

    seconds = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Standstill("every task waits for another")
        self.seconds += max(0.0, timeout)
        return []


class _AnyOrder(deque[Any]):
    """asyncio takes the next callback from the left; this one takes any."""

    def __init__(self, chance: Random) -> None:
        super().__init__()
        self._draw = chance.random

    def popleft(self) -> Any:
        if len(self) > 1:
            self.rotate(-int(self._draw() * len(self)))
        return super().popleft()


class VirtualLoop(asyncio.SelectorEventLoop):
    """`time()` is virtual, so `asyncio.timeout`, `sleep` and `wait` are as well."""

    # asyncio may run a timer too early by this resolution. A real clock advances meanwhile. This clock would not, and a
    # task that woke too early and sleeps again would never end.
    _clock_resolution = property(lambda self: math.ulp(self.time()), lambda self, _: None)

    def __init__(self, chance: Random) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)
        self._ready = _AnyOrder(chance)

    def time(self) -> float:
        return self._jumping.seconds


class VirtualClock:
    """The port `Clock` on a virtual loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def now(self) -> datetime:
        return START + timedelta(seconds=self._loop.time())

    def monotonic(self) -> float:
        return self._loop.time()


def in_virtual_time(main: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Turn `main` into a function that runs in virtual time."""

    @wraps(main)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        with asyncio.Runner(loop_factory=lambda: VirtualLoop(Random(1))) as runner:
            return runner.run(main(*args, **kwargs))

    return run

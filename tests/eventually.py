"""Wait for a condition with a deadline, instead of sleeping blindly."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable


async def eventually(condition: Callable[[], object | Awaitable[object]], what: str, within: float = 10) -> None:
    """Return as soon as the condition holds; fail with its name when it does not hold in time."""
    end = asyncio.get_running_loop().time() + within
    while not await _value(condition()):
        assert asyncio.get_running_loop().time() < end, f"not within {within:g} s: {what}"
        await asyncio.sleep(0.02)


async def _value(result: object | Awaitable[object]) -> object:
    return await result if inspect.isawaitable(result) else result

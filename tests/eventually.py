"""Waiting for a condition with a deadline, instead of sleeping and hoping."""

import asyncio
from collections.abc import Callable


async def eventually(condition: Callable[[], object], what: str, within: float = 10) -> None:
    """Return as soon as the condition holds; fail, naming it, when it does not hold within the seconds."""
    end = asyncio.get_running_loop().time() + within
    while not condition():
        assert asyncio.get_running_loop().time() < end, f"not within {within:g} s: {what}"
        await asyncio.sleep(0.02)

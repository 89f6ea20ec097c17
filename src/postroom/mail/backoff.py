"""How long something that failed is left alone."""

from collections.abc import Callable

FIRST, LONGEST = 2.0, 60.0


def backoff(failures: int, uniform: Callable[[float, float], float], *, asked: float | None = None) -> float:
    """Seconds before the next try, `failures` before this one: doubling to a minute, at random so that a crowd
    disperses, and never less than the server `asked` for."""
    longest = min(LONGEST, FIRST * 2 ** min(failures, 10))
    return (asked or 0.0) + uniform(longest / 2, longest)

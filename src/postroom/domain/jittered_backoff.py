"""How long something that failed is left alone."""

from collections.abc import Callable


def backoff(
    failures: int,
    uniform: Callable[[float, float], float],
    *,
    asked: float | None = None,
    first: float = 2.0,
    longest: float = 60.0,
) -> float:
    """Seconds before the next try, `failures` before this one: doubling from `first` to `longest`, at random so that a
    crowd disperses, and never less than the server `asked` for."""
    most = min(longest, first * 2 ** min(failures, 10))
    return (asked or 0.0) + uniform(most / 2, most)

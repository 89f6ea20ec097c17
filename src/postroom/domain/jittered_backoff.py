"""Exponential back-off with jitter."""

from collections.abc import Callable


def backoff(
    failures: int,
    uniform: Callable[[float, float], float],
    *,
    asked: float | None = None,
    first: float = 2.0,
    longest: float = 60.0,
) -> float:
    """Seconds until the next try after `failures` earlier ones: doubling from `first` to `longest`, with jitter so that
    many clients do not return at once, and never less than the server `asked` for."""
    most = min(longest, first * 2 ** min(failures, 10))
    return (asked or 0.0) + uniform(most / 2, most)

"""Percentiles, medians and ranges, as the results store them."""

import statistics
from collections.abc import Sequence
from typing import Any

Row = dict[str, Any]


def percentile(values: Sequence[float], percent: int) -> float:
    """By the nearest-rank method: of few values, p99 is the largest."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-percent * len(ordered) // 100) - 1))]


def median_and_range(values: Sequence[float], digits: int = 1) -> Row:
    """Return `median`, `least`, `most`, and `runs`, so that one run is never mistaken for five."""
    return {
        "median": round(statistics.median(values), digits),
        "least": round(min(values), digits),
        "most": round(max(values), digits),
        "runs": len(values),
    }

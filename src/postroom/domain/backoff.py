"""How long a failed request waits. Exact, without jitter: the contract with the people who watch it."""

import math

MAX_RETRIES = 3
"""Retries that failures may spend; the first attempt is not one of them."""

MAX_CRASHES = 3
"""Processes that may die under one request before it counts as poison."""

DELAY_AFTER_SECOND_CRASH = 300
THROTTLED_WITHOUT_RETRY_AFTER = 60
LONGEST_RETRY_AFTER = 3600
MISCONFIGURED_DELAY = 3600

_SECONDS = {1: 60, 2: 300, 3: 1800}


def calculate_backoff_seconds(attempt: int) -> int:
    """Seconds before retry number `attempt` (from 1): 60, 300, 1800, then 3600."""
    if attempt < 1:
        raise ValueError(f"retries are counted from 1, not {attempt}")
    return _SECONDS.get(attempt, 3600)


def retry_after_seconds(asked: float | None) -> float:
    """Seconds to wait for a throttling server: what it asked, at least 1 s and at most an hour."""
    if asked is None or math.isnan(asked):
        return THROTTLED_WITHOUT_RETRY_AFTER
    return min(max(asked, 1.0), LONGEST_RETRY_AFTER)

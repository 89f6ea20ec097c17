"""How long a failed request waits. The delays are exact, without jitter: operators rely on them."""

import math

MAX_RETRIES = 3
"""Retries that failures may spend; the first attempt is not one of them."""

DELAY_AFTER_SECOND_CRASH = 300
"""Seconds before a request runs again whose lease has ended without an outcome twice in a row. After the first crash it
runs at once; after each further one it waits twice as long."""

LONGEST_DELAY_AFTER_CRASHES = 3600

THROTTLED_WITHOUT_RETRY_AFTER = 60
LONGEST_RETRY_AFTER = 3600
MISCONFIGURED_DELAY = 3600
"""Seconds until a request is tried again that the mail server refused as misconfigured; it is released earlier when the
refusal ends."""

_SECONDS = {1: 60, 2: 300, 3: 1800}


def calculate_backoff_seconds(attempt: int) -> int:
    """Seconds before retry number `attempt` (from 1): 60, 300, 1800, then 3600."""
    if attempt < 1:
        raise ValueError(f"retries are counted from 1, not {attempt}")
    return _SECONDS.get(attempt, 3600)


def postponement_seconds(postponed: int) -> int:
    """Seconds that a request waits, without spending a retry, after the mail server has refused it `postponed` times in
    a row: 60, 300, 1800, then always 3600."""
    return calculate_backoff_seconds(max(1, postponed))


def retry_after_seconds(asked: float | None) -> float:
    """Seconds to wait for a throttling server: what it `asked` for, at least 1 s and at most an hour."""
    if asked is None or math.isnan(asked):
        return THROTTLED_WITHOUT_RETRY_AFTER
    return min(max(asked, 1.0), LONGEST_RETRY_AFTER)

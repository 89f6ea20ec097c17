"""The machine's clock. PostgreSQL's decides what is due; this one only measures and labels."""

import time
from datetime import UTC, datetime


def utc_date(moment: datetime | None) -> str | None:
    """RFC 8620 §1.4."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

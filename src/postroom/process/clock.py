"""The clock of this machine, for durations and time stamps only: PostgreSQL's clock decides what is due."""

import time
from datetime import UTC, datetime


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

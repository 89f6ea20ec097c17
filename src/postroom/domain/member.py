"""The member of the Redis sorted set that stands for a waiting request.

It is a pure function of the row, so a member can always be made again. `enqueued_at` has microseconds and changes at
every settle, so the same bytes are never used twice and it is safe to remove stale ones.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from postroom.domain.request import Request

# One instance: reconcile writes a million members at a time.
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
MAX_ERROR = 120
"""Characters of the last error in a member: 100,000 waiting requests stay near 33 MiB."""


@dataclass(frozen=True, slots=True)
class RetryJob:
    """A parsed member. Its key is (identity_id, enqueued_at)."""

    identity_id: UUID
    email: str
    attempt: int
    enqueued_at: datetime
    error: str | None

    @classmethod
    def of(cls, request: Request) -> "RetryJob":
        error = request.last_error
        return cls(
            identity_id=request.identity_id,
            email=request.email,
            attempt=max(1, request.retries),
            enqueued_at=request.enqueued_at.astimezone(UTC),
            error=error[:MAX_ERROR] if error else None,
        )

    def to_json(self) -> str:
        """Order and spelling are fixed: equal jobs are equal bytes."""
        return _ENCODER.encode(
            {
                "identity_id": str(self.identity_id),
                "email": self.email,
                "attempt": self.attempt,
                "enqueued_at": self.enqueued_at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
                "error": self.error,
            }
        )

    @classmethod
    def from_json(cls, text: str) -> "RetryJob":
        """Raises ValueError for anything that `to_json` would not write."""
        try:
            fields = json.loads(text)
            job = cls(
                identity_id=UUID(fields["identity_id"]),
                email=str(fields["email"]),
                attempt=int(fields["attempt"]),
                enqueued_at=datetime.fromisoformat(fields["enqueued_at"]),
                error=None if fields["error"] is None else str(fields["error"]),
            )
        except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise ValueError(f"not a retry job: {error}") from error
        if job.enqueued_at.tzinfo is None:
            raise ValueError("not a retry job: enqueued_at has no time zone")
        return job

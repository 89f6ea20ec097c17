"""The port `MailboxRecords`: what is shown to people of their mailboxes."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from postroom.domain.breaker import Cause
from postroom.domain.identity import Refusal
from postroom.mailboxes.preparation import MAX_HISTORY, AttemptOutcome, EndedAttempt, MailboxRecord, Opening
from postroom.postgres.connection import Pool, Row, rows
from postroom.postgres.requests import request_of

DAY = timedelta(days=1)
"""More than the clocks of this process and of PostgreSQL differ."""


class PostgresMailboxRecords:
    """`now` only limits which months of the audit are read."""

    def __init__(self, pool: Pool, *, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._now = now

    async def of(self, identity_ids: Sequence[UUID]) -> list[MailboxRecord]:
        parameters = {
            "identity_ids": list(identity_ids),
            "outcomes": list(AttemptOutcome),
            "limit": MAX_HISTORY,
            "until": self._now() + DAY,
        }
        return [_record_of(found) for found in await rows(self._pool, "preparations", parameters)]

    async def changed(self, known: Mapping[UUID, str | None]) -> Mapping[UUID, str]:
        parameters = {
            "identity_ids": list(known),
            "versions": list(known.values()),
            "since": self._now() - DAY,
            "until": self._now() + DAY,
        }
        found = await rows(self._pool, "preparation_changes", parameters)
        return {each["identity_id"]: each["version"] for each in found}


def _record_of(found: Row) -> MailboxRecord:
    cause = found["breaker_cause"]
    ended = zip(found["ended_attempts"] or (), found["ended_at"] or (), found["outcomes"] or (), strict=True)
    return MailboxRecord(
        identity_id=found["asked_id"],
        now=found["asked_at"],
        request=request_of(found) if found["identity_id"] else None,
        requested_at=found["requested_at"],
        has_mailbox=found["has_mailbox"],
        missing_at=found["missing_at"],
        refusal=_refusal_of(found),
        history=tuple(EndedAttempt(number, at, AttemptOutcome(status)) for number, at, status in ended),
        opening=Opening(Cause(cause), found["breaker_changed_at"]) if cause else None,
    )


def _refusal_of(found: Row) -> Refusal | None:
    if found["refused_at"] is None:
        return None
    # Code from before revision 0003 stored none.
    code = found["refused_code"] or "unknown"
    return Refusal(found["asked_id"], found["refused_email"], code, found["refused_reason"], found["refused_at"])

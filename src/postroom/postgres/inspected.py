"""The ports `Inspected` and `LookupRecords`: the mailboxes on record, and the results of lookups."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from postroom.domain.missing import Doubt, Recorded
from postroom.postgres.connection import Row, Statements, row, rows, rows_of_each, the_row
from postroom.process.telemetry import log
from postroom.provisioning.ports import DoubtChange, InspectionProgress


class PostgresInspected(Statements):
    async def progress(self) -> InspectionProgress:
        return InspectionProgress(**await the_row(self._pool, "inspection_progress"))

    async def page(self, after_id: UUID | None, limit: int) -> list[Recorded]:
        found = await rows(self._pool, "inspection_page", {"after_id": after_id, "limit": limit})
        return [_recorded_of(each) for each in found]

    async def doubtful(self, after_id: UUID | None, limit: int) -> list[Recorded]:
        found = await rows(self._pool, "inspection_doubtful", {"after_id": after_id, "limit": limit})
        return [_recorded_of(each) for each in found]

    async def recorded(self, identity_id: UUID) -> Recorded | None:
        """None for an identity whose mailbox is not ready."""
        found = await row(self._pool, "inspection_of", {"identity_id": identity_id})
        return _recorded_of(found) if found else None

    async def advance(self, after_id: UUID | None, *, due_in: float) -> None:
        await rows(self._pool, "inspection_advance", {"after_id": after_id, "due_in": due_in})

    async def record(self, changes: Sequence[DoubtChange]) -> tuple[set[UUID], set[UUID]]:
        changed, refused = await rows_of_each(self._pool, "inspection_record", changes, _parameters)
        for each, why in refused:
            identity_id = str(each.recorded.identity_id)
            log.error("PostgreSQL refuses what a lookup of a mailbox showed", identity_id=identity_id, error=why)
        missing = {each["identity_id"] for each in changed if each["is_missing"]}
        return missing, {each["identity_id"] for each in changed} - missing


def _parameters(changes: Sequence[DoubtChange]) -> dict[str, Any]:
    return {
        "identity_ids": [each.recorded.identity_id for each in changes],
        "stalwart_ids": [each.recorded.account_id for each in changes],
        "doubts": [each.doubt for each in changes],
        "reasons": [each.reason for each in changes],
    }


def _recorded_of(found: Row) -> Recorded:
    doubt = found["doubt"] and Doubt(found["doubt"])
    return Recorded(found["kratos_identity_id"], found["stalwart_account_id"], doubt, found["suspected_for"])

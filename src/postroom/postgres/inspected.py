"""The ports `Inspected` and `LookupRecords`: the mailboxes on record, and the results of lookups."""

from collections.abc import Sequence
from uuid import UUID

from postroom.domain.missing import Doubt, Recorded
from postroom.postgres.connection import UNSTORABLE, Row, Statements, row, rows, the_row
from postroom.provisioning.ports import DoubtChange, InspectionProgress
from postroom.telemetry import log


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
        try:
            return await self._record(changes)
        except UNSTORABLE:
            # One mailbox fails the statement, perhaps by a constraint or a trigger: the others must be recorded.
            missing, found = set[UUID](), set[UUID]()
            for each in changes:
                try:
                    one_missing, one_found = await self._record([each])
                except UNSTORABLE as error:
                    log.error(
                        "PostgreSQL refuses what a lookup of a mailbox showed",
                        identity_id=str(each.recorded.identity_id),
                        doubt=each.doubt,
                        error=type(error).__name__,
                    )
                else:
                    missing, found = missing | one_missing, found | one_found
            return missing, found

    async def _record(self, changes: Sequence[DoubtChange]) -> tuple[set[UUID], set[UUID]]:
        parameters = {
            "identity_ids": [each.recorded.identity_id for each in changes],
            "stalwart_ids": [each.recorded.account_id for each in changes],
            "doubts": [each.doubt for each in changes],
            "reasons": [each.reason for each in changes],
        }
        changed = await rows(self._pool, "inspection_record", parameters)
        missing = {each["identity_id"] for each in changed if each["is_missing"]}
        return missing, {each["identity_id"] for each in changed} - missing


def _recorded_of(found: Row) -> Recorded:
    doubt = found["doubt"] and Doubt(found["doubt"])
    return Recorded(found["kratos_identity_id"], found["stalwart_account_id"], doubt, found["suspected_for"])

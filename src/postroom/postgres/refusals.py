"""The port `Refusals`: the rows of the audit with the action `refuse`."""

from collections.abc import Sequence
from uuid import UUID

from postroom.domain.identity import Refusal
from postroom.domain.request import Origin
from postroom.postgres.connection import UNSTORABLE, Row, Statements, row, rows
from postroom.telemetry import log


class PostgresRefusals(Statements):
    async def record(self, refusals: Sequence[Refusal], origin: Origin) -> None:
        try:
            await self._record(refusals, origin)
        except UNSTORABLE:
            for each in refusals:
                try:
                    await self._record([each], origin)
                except UNSTORABLE as error:
                    log.error(
                        "PostgreSQL refuses the record of a refusal",
                        identity_id=str(each.identity_id),
                        code=each.code,
                        error=type(error).__name__,
                    )

    async def _record(self, refusals: Sequence[Refusal], origin: Origin) -> None:
        if refusals:
            parameters = {
                "identity_ids": [refusal.identity_id for refusal in refusals],
                "emails": [refusal.email for refusal in refusals],
                "codes": [refusal.code for refusal in refusals],
                "reasons": [refusal.reason for refusal in refusals],
                "trigger_id": origin.trigger_id,
                "request_id": origin.request_id,
                "traceparent": origin.traceparent,
            }
            await rows(self._pool, "record_refusals", parameters)

    async def last(self, identity_id: UUID) -> Refusal | None:
        found = await row(self._pool, "last_refusal", {"identity_id": identity_id})
        return _refusal_of(found) if found else None

    async def without_request(self, *, limit: int) -> tuple[int, list[Refusal]]:
        """The number of identities without a request that were refused in the last 30 days, and the last of them."""
        found = await rows(self._pool, "refused_identities", {"limit": limit})
        return found[0]["total"] if found else 0, [_refusal_of(each) for each in found]


def _refusal_of(found: Row) -> Refusal:
    # Code from before revision 0003 stored none.
    code = found["code"] or "unknown"
    return Refusal(found["identity_id"], found["email"], code, found["reason"], found["refused_at"])

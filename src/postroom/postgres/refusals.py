"""The port `Refusals`: the rows of the audit with the action `refuse`."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from postroom.domain.identity import Refusal
from postroom.domain.request import Origin
from postroom.postgres.connection import Row, Statements, row, rows, rows_of_each
from postroom.process.telemetry import log


class PostgresRefusals(Statements):
    async def record(self, refusals: Sequence[Refusal], origin: Origin) -> None:
        def parameters(some: Sequence[Refusal]) -> dict[str, Any]:
            return {
                "identity_ids": [refusal.identity_id for refusal in some],
                "emails": [refusal.email for refusal in some],
                "codes": [refusal.code for refusal in some],
                "reasons": [refusal.reason for refusal in some],
                "trigger_id": origin.trigger_id,
                "request_id": origin.request_id,
                "traceparent": origin.traceparent,
            }

        if refusals:
            _, refused = await rows_of_each(self._pool, "record_refusals", refusals, parameters)
            for each, why in refused:
                identity_id = str(each.identity_id)
                log.error("PostgreSQL refuses the record of a refusal", identity_id=identity_id, error=why)

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

"""The port `RestRecords`: mailboxes of which nothing is due, and what lookups showed of them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from postroom.domain.account_change import Because, Holder, Role
from postroom.domain.at_rest import AtRest
from postroom.domain.request import Request
from postroom.postgres.connection import Row, Statements, rows, rows_of_each
from postroom.postgres.requests import request_of
from postroom.process.telemetry import log
from postroom.provisioning.mailboxes_at_rest import Otherwise


class PostgresAtRest(Statements):
    async def read(self, identity_ids: Sequence[UUID]) -> list[AtRest]:
        return [_at_rest(each) for each in await rows(self._pool, "at_rest_read", {"identity_ids": list(identity_ids)})]

    async def holders(self, addresses: Collection[str]) -> Mapping[str, Holder]:
        found = await rows(self._pool, "want_addresses", {"identity_id": None, "addresses": list(addresses)})
        return {each["address"]: Holder(each["identity_id"], Role(each["role"])) for each in found}

    async def correct(self, found: Sequence[Otherwise]) -> list[Request]:
        corrected, refused = await rows_of_each(self._pool, "at_rest_correct", found, _parameters)
        for each, why in refused:
            identity_id = str(each.record.identity_id)
            log.error("PostgreSQL refuses what a lookup of a mailbox showed", identity_id=identity_id, error=why)
        return [request_of(each) for each in corrected if each["is_due"]]


def _at_rest(found: Row) -> AtRest:
    wanted = {Because(found["want_because"])} if found["want_because"] else set[Because]()
    return AtRest(
        found["identity_id"],
        found["version"],
        found["email"],
        found["name"],
        frozenset(map(Because, found["suspended_because"] or ())),
        dict(zip(found["addresses"] or (), map(Role, found["roles"] or ()), strict=True)),
        frozenset(wanted | ({Because.OPERATOR} if found["is_suspended"] else set())),
    )


def _parameters(found: Sequence[Otherwise]) -> dict[str, Any]:
    observed = [each.observed for each in found]
    seen = [(each.record.identity_id, at) for each in found if each.observed for at in sorted(each.observed.addresses)]
    return {
        "identity_ids": [each.record.identity_id for each in found],
        "moved_at": [each.record.version for each in found],
        "mains": [each and each.email for each in observed],
        "names": [each and each.name for each in observed],
        "because": [each and ",".join(sorted(each.because)) for each in observed],
        "due": [each.is_due for each in found],
        "texts": [each.what for each in found],
        "seen_ids": [identity_id for identity_id, _ in seen],
        "seen": [address for _, address in seen],
    }

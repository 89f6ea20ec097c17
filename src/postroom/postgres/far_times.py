"""The port `Times`."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from postroom.postgres.connection import Statements, rows

MOST = 1000
"""Requests of one call: the next one follows a minute later."""


class PostgresTimes(Statements):
    async def bring_back(
        self, within: Mapping[str, float], *, lease: float, spare: float
    ) -> Sequence[tuple[str, UUID | None]]:
        found = await rows(self._pool, "far_times", {**within, "lease": lease, "spare": spare, "limit": MOST})
        return [(each["what"], each["identity_id"]) for each in found]

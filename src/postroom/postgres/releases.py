"""The port `Releases`: requests that wait for the mail server or for a domain, and their release."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from postroom.domain.request import CREATE_ONLY, RequestStep
from postroom.ports import Released
from postroom.postgres.connection import Pool, rows, the_row
from postroom.postgres.requests import request_of


class PostgresReleases:
    """`steps`: those that are claimed."""

    def __init__(self, pool: Pool, steps: Sequence[RequestStep] = CREATE_ONLY) -> None:
        self._pool = pool
        self._steps = list(steps)

    async def causes(self) -> Mapping[str, datetime | None]:
        return {each["waits_for"]: each["ended_at"] for each in await rows(self._pool, "release_causes", {})}

    async def release(self, cause: str, limit: int, *, excluding: Collection[UUID]) -> Sequence[Released]:
        parameters = {"cause": cause, "limit": limit, "excluding": list(excluding), "steps": self._steps}
        moved = await rows(self._pool, "release", parameters)
        released = [(request_of(each), each["enqueued_before"]) for each in moved]
        return [Released(request, replace(request, enqueued_at=before)) for request, before in released]

    async def progress(self, identity_ids: Collection[UUID]) -> tuple[set[UUID], set[UUID]]:
        found = await rows(self._pool, "release_progress", {"identity_ids": list(identity_ids)})
        made = {each["identity_id"] for each in found if each["made"]}
        return {each["identity_id"] for each in found} - made, made

    async def resume_domain(self, domain: str, *, actor: str) -> int:
        return (await the_row(self._pool, "resume_domain", {"domain": domain, "actor": actor}))["waiting"]

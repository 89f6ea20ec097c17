"""The port `Outbox`: the table `live_events`."""

from collections.abc import Sequence
from uuid import UUID

from postroom.arrivals.ports import LiveEvent
from postroom.postgres.connection import Statements, rows, the_row


class PostgresOutbox(Statements):
    async def claim(self, limit: int) -> list[LiveEvent]:
        found = await rows(self._pool, "outbox_claim", {"limit": limit})
        return [LiveEvent(each["id"], each["kratos_identity_id"], each["type"], each["data"]) for each in found]

    async def published(self, ids: Sequence[int]) -> None:
        await rows(self._pool, "outbox_published", {"event_ids": list(ids)})

    async def release(self, ids: Sequence[int]) -> None:
        await rows(self._pool, "outbox_release", {"event_ids": list(ids)})

    async def after(self, identity_id: UUID, event_id: int, limit: int) -> list[LiveEvent] | None:
        parameters = {"identity_id": identity_id, "event_id": event_id, "limit": limit}
        found = await rows(self._pool, "outbox_after", parameters)
        if not found[0]["known"]:
            return None
        return [
            LiveEvent(each["id"], identity_id, each["type"], each["data"]) for each in found if each["id"] is not None
        ]

    async def newest(self, identity_id: UUID) -> int | None:
        return (await the_row(self._pool, "outbox_newest", {"identity_id": identity_id}))["id"]

    async def settled(self) -> int:
        return (await the_row(self._pool, "outbox_settled"))["id"]

    async def prune(self) -> int:
        return len(await rows(self._pool, "outbox_prune"))

"""Rows of the outbox, as a commit of arrivals writes them."""

from uuid import UUID

from psycopg.types.json import Jsonb

from records import Records


async def commit_event(records: Records, identity_id: UUID, kind: str = "mail", **data: object) -> int:
    """Store an event of type `kind`; return its id."""
    return await records.value(
        "INSERT INTO live_events (kratos_identity_id, type, data) VALUES (%s, %s, %s) RETURNING id",
        identity_id,
        kind,
        Jsonb(data),
    )


async def unpublished(records: Records) -> int:
    return await records.value("SELECT count(*) FROM live_events WHERE announced_at IS NULL")

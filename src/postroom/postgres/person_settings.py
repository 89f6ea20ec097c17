"""The port `PersonSettings`: the table `person_settings`."""

from uuid import UUID

from postroom.people.person_settings import Condition, Document
from postroom.postgres.connection import Statements, row, rows


class PostgresPersonSettings(Statements):
    async def read(self, identity_id: UUID) -> Document | None:
        found = await row(self._pool, "person_settings_read", {"identity_id": identity_id})
        return Document(found["document"], found["etag"]) if found else None

    async def store(self, identity_id: UUID, document: Document, condition: Condition) -> bool:
        parameters = {
            "identity_id": identity_id,
            "document": document.text,
            "etag": document.etag,
            "etags": list(condition.etags),
            "any": condition.any,
            "may_create": condition.may_create,
        }
        return bool(await rows(self._pool, "person_settings_store", parameters))

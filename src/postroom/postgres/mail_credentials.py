"""The port `MailCredentials`."""

from uuid import UUID

from postroom.devices.app_passwords import MailCredential
from postroom.postgres.connection import Statements, row


class PostgresMailCredentials(Statements):
    async def of(self, identity_id: UUID) -> MailCredential | None:
        found = await row(self._pool, "mail_credential", {"identity_id": identity_id})
        if found is None:
            return None
        return MailCredential(
            identity_id,
            found["stalwart_account_id"],
            found["credential_id"],
            found["secret"],
            found["age"],
        )

    async def store(self, credential: MailCredential, *, instead_of: MailCredential | None) -> bool:
        parameters = {
            "identity_id": credential.identity_id,
            "account_id": credential.account_id,
            "credential_id": credential.app_password_id,
            "secret": credential.encrypted,
            "instead_of": instead_of.encrypted if instead_of else None,
        }
        return await row(self._pool, "mail_credential_keep", parameters) is not None

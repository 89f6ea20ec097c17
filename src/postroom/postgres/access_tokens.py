"""The port `AccessTokens`."""

from collections.abc import Sequence
from uuid import UUID

from postroom.domain.person import Scope
from postroom.errors import Refused
from postroom.people.ports import AccessToken
from postroom.postgres.connection import Row, Statements, connection, row, rows, sql


class PostgresAccessTokens(Statements):
    """Reads and writes tokens without a cache (see `mail.token_cache` for that)."""

    async def add(self, token: AccessToken, token_hash: bytes, *, limit: int) -> None:
        """See `AccessTokens`; also deletes the person's expired tokens."""
        parameters = {
            "token_id": token.id,
            "identity_id": token.identity_id,
            "name": token.name,
            "token_hash": token_hash,
            "scopes": sorted(token.scopes),
            "created_at": token.created_at,
            "expires_at": token.expires_at,
            "limit": limit,
        }
        async with connection(self._pool) as conn, conn.transaction():
            # A separate statement: the next one must see what the transaction that held the lock has added.
            await conn.execute(sql("access_token_lock"), {"identity_id": token.identity_id})
            cursor = await conn.execute(sql("access_token_add"), parameters)
            added = await cursor.fetchone()
        if added is None:
            raise Refused("too_many", f"there are {limit} access tokens already; revoke one first")

    async def find(self, token_hash: bytes) -> AccessToken | None:
        found = await row(self._pool, "access_token_find", {"token_hash": token_hash})
        return _token_of(found) if found else None

    async def of(self, identity_id: UUID) -> Sequence[AccessToken]:
        found = await rows(self._pool, "access_tokens_of", {"identity_id": identity_id})
        return [_token_of(each) for each in found]

    async def revoke(self, identity_id: UUID, token_id: UUID) -> bool:
        parameters = {"identity_id": identity_id, "token_id": token_id}
        return await row(self._pool, "access_token_revoke", parameters) is not None


def _token_of(found: Row) -> AccessToken:
    return AccessToken(
        found["id"],
        found["kratos_identity_id"],
        found["name"],
        frozenset(map(Scope, found["scopes"])),
        found["created_at"],
        found["expires_at"],
        found["last_used_at"],
    )

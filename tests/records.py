"""PostgreSQL's rows, seen and changed by their owner; tests change due times instead of waiting."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, LiteralString
from uuid import UUID, uuid4

from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row

from eventually import eventually
from postroom.domain.mailbox import Mailbox, StalwartAccount
from postroom.domain.request import Failed, Origin, Outcome, Provisioned, Request, after_attempt
from postroom.errors import MailServerError, Transient
from postroom.ports import Settled
from postroom.postgres.requests import PostgresRequests

NOWHERE = Origin()
FAILED_WHILE_HEALTHY = Transient("mail server answered 500")


def mailbox(name: str = "alice", identity_id: UUID | None = None) -> Mailbox:
    return Mailbox(identity_id or uuid4(), f"{name}@example.org")


def stalwart_account(of: Mailbox) -> StalwartAccount:
    return StalwartAccount(f"id-of-{of.local_part}", of.email)


async def running(requests: PostgresRequests, of: Mailbox | None = None) -> Request:
    """A request whose first attempt a hook has just begun."""
    request = await requests.accept(of or mailbox(), holder=uuid4(), lease=10, origin=NOWHERE, action="accept")
    assert request
    return request


async def settled(requests: PostgresRequests, request: Request, outcome: Outcome) -> Settled:
    """The attempt that its holder made ended so."""
    account = outcome.account if isinstance(outcome, Provisioned) else None
    settled = await requests.settle(request, after_attempt(request, outcome), account)
    assert settled
    return settled


async def failed(requests: PostgresRequests, name: str, error: MailServerError) -> UUID:
    """The identity of a request whose first attempt failed."""
    request = await running(requests, mailbox(name))
    await settled(requests, request, Failed(error))
    return request.identity_id


class Records:
    """A connection of the owner, which may read and change everything."""

    def __init__(self, connection: AsyncConnection[DictRow]) -> None:
        self.connection = connection

    async def rows(self, query: LiteralString, *parameters: Any) -> list[DictRow]:
        cursor = await self.connection.execute(query, parameters or None)
        return await cursor.fetchall() if cursor.description else []

    async def value(self, query: LiteralString, *parameters: Any) -> Any:
        (row,) = await self.rows(query, *parameters)
        (value,) = row.values()
        return value

    async def request(self, identity_id: UUID) -> DictRow:
        (row,) = await self.rows(
            "SELECT *, extract(epoch FROM due_at - clock_timestamp())::float8 AS due_in, xmin::text AS commit "
            "FROM email_requests WHERE identity_id = %s",
            identity_id,
        )
        return row

    async def log(self, identity_id: UUID) -> list[DictRow]:
        return await self.rows(
            "SELECT *, xmin::text AS commit FROM email_provisioning_log WHERE kratos_identity_id = %s ORDER BY id",
            identity_id,
        )

    async def audit(self, identity_id: UUID) -> list[tuple[str, str, int]]:
        """action, status and attempt_count of each audit row, oldest first."""
        return [(row["action"], row["status"], row["attempt_count"]) for row in await self.log(identity_id)]

    async def attempts(self, identity_id: UUID) -> list[tuple[str, int]]:
        """status and attempt_count of the audit rows of its attempts, oldest first."""
        return [
            (row["status"], row["attempt_count"]) for row in await self.log(identity_id) if row["action"] == "create"
        ]

    async def until(self, state: str, *identity_ids: UUID, within: float = 10) -> None:
        """Wait until each of these requests has that state."""
        query = "SELECT count(*) FROM email_requests WHERE identity_id = ANY(%s) AND state = %s"

        async def all_are() -> bool:
            return await self.value(query, list(identity_ids), state) == len(identity_ids)

        await eventually(all_are, f"all {len(identity_ids)} {state}", within)

    async def account(self, identity_id: UUID) -> DictRow | None:
        found = await self.rows(
            "SELECT *, xmin::text AS commit FROM email_accounts WHERE kratos_identity_id = %s", identity_id
        )
        return found[0] if found else None

    async def make_due_in(self, seconds: float, identity_id: UUID) -> None:
        """Change the due time of a waiting request, or the end of a running one's lease."""
        await self.rows(
            "UPDATE email_requests SET due_at = clock_timestamp() + make_interval(secs => %s) WHERE identity_id = %s",
            seconds,
            identity_id,
        )


@asynccontextmanager
async def records_of(owner_url: str) -> AsyncIterator[Records]:
    connection: AsyncConnection[DictRow]
    connection = await AsyncConnection[DictRow].connect(owner_url, autocommit=True, row_factory=dict_row)
    async with connection:
        yield Records(connection)

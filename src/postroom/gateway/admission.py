"""Admits the person behind a request, and checks how long their access lasts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cachetools import TTLCache

from postroom.domain.person import Person
from postroom.errors import DatabaseUnavailable, MailboxMissing
from postroom.gateway.client_connection import ClientConnection
from postroom.gateway.problems import mailbox_not_ready
from postroom.mailboxes.ports import MailAccount, MailAccounts
from postroom.people.listening import while_allowed
from postroom.people.people import joined_headers
from postroom.people.ports import People
from postroom.process.telemetry import log

HOUR = 3600.0
MOST_LOGGED = 10_000


@dataclass(frozen=True, slots=True)
class Admitted:
    person: Person
    account: MailAccount

    @property
    def account_id(self) -> str:
        return self.account.account_id


class Admission:
    """`now` is the time of day, `monotonic` the passing of time."""

    def __init__(
        self,
        people: People,
        accounts: MailAccounts,
        *,
        recheck_seconds: float,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._people = people
        self._accounts = accounts
        self._recheck_seconds = recheck_seconds
        self._now = now
        self._logged = TTLCache[UUID, None](MOST_LOGGED, HOUR, monotonic)

    async def admit(self, client: ClientConnection) -> Admitted:
        """Raises `Problem` and the errors of the ports."""
        visitor = await self._people.identify(client.request.method, joined_headers(client.request.headers.raw))
        client.cookies = visitor.set_cookie
        account = await self._accounts.of(visitor.person.identity_id)
        if account is None:
            raise mailbox_not_ready()
        self._log_access(visitor.person)
        return Admitted(visitor.person, account)

    async def wait_until_ended(self, client: ClientConnection, admitted: Admitted) -> None:
        """Return when the person's access to this mailbox has ended."""
        headers = joined_headers(client.request.headers.raw)
        every, now = self._recheck_seconds, self._now
        async for person in while_allowed(self._people, admitted.person, headers, every=every, now=now):
            try:
                if await self._accounts.of(person.identity_id) != admitted.account:
                    return
            except MailboxMissing:
                return
            except DatabaseUnavailable:
                continue

    def _log_access(self, person: Person) -> None:
        """Log for whom Postroom acts, once an hour for each person: a line for each request would flood the log."""
        if person.identity_id not in self._logged:
            self._logged[person.identity_id] = None
            way = "session" if person.token_id is None else f"access token {person.token_id}"
            log.info("Acting for identity", identity_id=str(person.identity_id), way=way)

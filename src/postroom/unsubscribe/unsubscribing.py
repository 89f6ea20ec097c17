"""Takes a person off a mailing list by one request of ours (RFC 8058). The person names the message only: its headers
are read at the mail server, so that no page can make us send a request elsewhere."""

import time
from collections import deque
from collections.abc import Callable, Generator, Hashable
from contextlib import contextmanager
from typing import Protocol
from uuid import UUID

from cachetools import TTLCache

from postroom.domain.person import Person, Scope
from postroom.errors import ListServerFailed, Refused
from postroom.mailboxes.ports import MailAccount, MailAccounts
from postroom.people.people import require_scope
from postroom.process.telemetry import log
from postroom.unsubscribe.list_uri import HttpsUrl
from postroom.unsubscribe.one_click import ListMail, one_click

AT_ONCE = 8
AT_ONCE_FOR_PERSON = 2
DAY = 86_400.0
MINUTE = 60.0
IN_A_MINUTE, IN_A_DAY = 20, 300
"""Requests of one person, failed ones included."""
OF_ALL_IN_A_MINUTE = 240
TO_A_HOST_IN_A_MINUTE = 30
MOST_REMEMBERED = 50_000


class ListMails(Protocol):
    async def of(self, account: MailAccount, email_id: str) -> ListMail | None:
        """None if there is no such message. Raises `MailServerError`s and `DatabaseUnavailable`."""
        ...


class ListServer(Protocol):
    def accepts(self, url: HttpsUrl) -> bool:
        """Whether a request may go to this port at all."""
        ...

    async def unsubscribe(self, url: HttpsUrl) -> None:
        """Send the request. Raises `ListServerFailed`."""
        ...


def require_scopes(person: Person) -> None:
    """Before anything of the request is read. It reads the mail, and tells the list something in the person's name.
    Raises `Refused`."""
    for scope in (Scope.READ, Scope.SEND):
        require_scope(person, scope)


class Unsubscribing:
    """`authserv_id` is the setting of that name. All limits are those of this process."""

    def __init__(
        self,
        accounts: MailAccounts,
        mails: ListMails,
        server: ListServer,
        *,
        authserv_id: str | None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._accounts = accounts
        self._mails = mails
        self._server = server
        self._authserv_id = authserv_id
        self._under_way = set[tuple[UUID, str]]()
        self._done = TTLCache[tuple[UUID, str], None](MOST_REMEMBERED, DAY, monotonic)
        self._minute = _Pace(IN_A_MINUTE, MINUTE, monotonic)
        self._day = _Pace(IN_A_DAY, DAY, monotonic)
        self._all = _Pace(OF_ALL_IN_A_MINUTE, MINUTE, monotonic)
        self._hosts = _Pace(TO_A_HOST_IN_A_MINUTE, MINUTE, monotonic)

    async def unsubscribe(self, person: Person, email_id: str) -> None:
        """Once for each message: what was done is not done again. The caller checked the scopes (`require_scopes`).
        Raises `Refused`, `ListServerFailed`, `MailServerError`s, `MailboxMissing` and `DatabaseUnavailable`."""
        key = person.identity_id, email_id
        if key in self._done:
            return
        with self._slot(key):
            url = await self._url(person.identity_id, email_id)
            self._hosts.require(url.host)
            way = "session" if person.token_id is None else f"access token {person.token_id}"
            # Not the URL: its path says who the person is to the list.
            said = log.bind(identity_id=str(person.identity_id), way=way, email_id=email_id, host=url.host)
            try:
                await self._server.unsubscribe(url)
            except ListServerFailed as error:
                said.info("Could not unsubscribe from a mailing list", code=error.code)
                raise
            self._done[key] = None
            said.info("Unsubscribed from a mailing list")

    async def _url(self, identity_id: UUID, email_id: str) -> HttpsUrl:
        account = await self._accounts.of(identity_id)
        if account is None:
            raise Refused("mailbox_not_ready", "your mailbox is not ready yet")
        mail = await self._mails.of(account, email_id)
        if mail is None:
            raise Refused("unknown", "you have no such message")
        return one_click(mail, self._authserv_id, accepts=self._server.accepts)

    @contextmanager
    def _slot(self, key: tuple[UUID, str]) -> Generator[None]:
        """Raises `Refused` where there are too many requests: one is too many if the same is under way in another
        window."""
        identity_id, _ = key
        of_person = sum(person == identity_id for person, _ in self._under_way)
        if key in self._under_way or of_person >= AT_ONCE_FOR_PERSON or len(self._under_way) >= AT_ONCE:
            raise _too_many()
        self._minute.require(identity_id)
        self._day.require(identity_id)
        self._all.require(None)
        self._under_way.add(key)
        try:
            yield
        finally:
            self._under_way.discard(key)


class _Pace:
    """At most so many in so many seconds for each key."""

    def __init__(self, most: int, seconds: float, monotonic: Callable[[], float]) -> None:
        self._most = most
        self._seconds = seconds
        self._monotonic = monotonic
        self._taken = TTLCache[Hashable, deque[float]](MOST_REMEMBERED, seconds, monotonic)

    def require(self, key: Hashable) -> None:
        """Count one more. Raises `Refused` if that is too many."""
        now = self._monotonic()
        taken = self._taken.get(key) or deque[float](maxlen=self._most)
        if len(taken) == self._most and now - taken[0] < self._seconds:
            raise _too_many()
        taken.append(now)
        self._taken[key] = taken  # its time begins anew


def _too_many() -> Refused:
    return Refused("too_many_unsubscribes", "too many messages are being unsubscribed from; try again in a moment")

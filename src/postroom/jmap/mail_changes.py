"""The ports `MailChanges` and `MailListener` over JMAP, with a login as each person."""

import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Any, TypeVar, cast

from cachetools import LRUCache

from postroom.arrivals.ports import ChangesPage, HistoryLost
from postroom.domain.arrival import CreatedEmail
from postroom.errors import MailServerError, Misconfigured, Throttled, Transient
from postroom.jmap.client import JmapClient
from postroom.jmap.errors import HttpError, JmapError, MethodError, RateLimited, Unauthorized, Unreadable, sanitize
from postroom.jmap.event_source import StateChange, listen
from postroom.jmap.http_connection import JmapConnection
from postroom.jmap.request import MAIL, Call
from postroom.jmap.response import MethodResponses
from postroom.mailboxes.ports import MailAccount, MailAuthorization

T = TypeVar("T")

DEADLINE = 10.0
"""Seconds for one page."""

PAGE = 500
MAX_CLIENTS = 4000
TYPES = ("EmailDelivery", "Email")
_NO_HISTORY = ("cannotCalculateChanges", "invalidArguments", "notRequest")
"""What servers answer to a state that they did not issue: RFC 8620 names the second, the third is Stalwart's 400."""

_SHOWN = ["id", "mailboxIds", "keywords", "receivedAt"]

_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")
"""RFC 8620 §1.2. Anything else is neither stored nor sent to a client, which could not request it."""


class JmapMail:
    """`url` is the mail server's base URL. Connections and sessions are kept open for all accounts."""

    def __init__(
        self,
        url: str,
        authorization: MailAuthorization,
        *,
        connection: JmapConnection | None = None,
    ) -> None:
        self._url = url
        self._authorization = authorization
        self._connection = connection or JmapConnection(url)
        self._logins = LRUCache[MailAccount, _Login](MAX_CLIENTS)  # a listener holds its own reference

    async def aclose(self) -> None:
        await self._connection.aclose()

    async def current_state(self, account: MailAccount) -> str:
        call: Call = ("Email/get", {"accountId": account.account_id, "ids": []})
        try:
            return _state((await self.call(account, [call])).of(0), "state")
        except JmapError as error:
            raise error_of(error) from error

    async def since(self, account: MailAccount, email_state: str) -> AsyncGenerator[ChangesPage]:
        more = True
        while more:
            try:
                page, more = await self._page(account, email_state)
            except JmapError as error:
                raise error_of(error) from error
            if more and page.state == email_state:
                raise Transient("mail server promises more changes but stays at the same state")
            email_state = page.state
            yield page

    async def listen(self, account: MailAccount) -> AsyncGenerator[str | None]:
        login, is_new = self._login(account), False
        while True:
            try:
                async with aclosing(listen(login.client, TYPES)) as events:
                    async for event in events:
                        is_new = False
                        if not isinstance(event, StateChange):
                            yield None
                        elif changed := event.changed.get(account.account_id):
                            yield changed.get("Email")
            except Unauthorized as error:
                if not await self._renew(account, login) or is_new:
                    raise error_of(error) from error
                is_new = True
            except JmapError as error:
                raise error_of(error) from error
            else:
                return

    async def _page(self, account: MailAccount, since: str) -> tuple[ChangesPage, bool]:
        """One request for all: the created emails, their mailboxes, and the roles of these."""
        session = await self._with_client(account, lambda client: client.session(deadline=DEADLINE))
        # No more than `Email/get` may give at once (RFC 8620 §5.1).
        most, to = min(PAGE, session.max_objects_in_get), {"accountId": account.account_id}
        created = {"resultOf": "0", "name": "Email/changes", "path": "/created"}
        calls: list[Call] = [
            ("Email/changes", {**to, "sinceState": since, "maxChanges": most}),
            ("Email/get", {**to, "#ids": created, "properties": _SHOWN}),
            ("Mailbox/get", {**to, "ids": None, "properties": ["id", "role"]}),
        ]
        try:
            responses = await self.call(account, calls)
            found = responses.of(0)
        except (MethodError, HttpError) as error:
            if error.type in _NO_HISTORY:
                raise HistoryLost("mail server cannot calculate the changes since the last poll") from error
            raise
        page = ChangesPage(
            created=[each for each in map(_email, _objects(responses.of(1))) if each],
            roles={box["id"]: str(box["role"]) for box in _objects(responses.of(2)) if _id_of(box) and box.get("role")},
            state=_state(found, "newState"),
        )
        return page, found.get("hasMoreChanges") is True

    async def call(self, account: MailAccount, calls: Sequence[Call], capability: str = MAIL) -> MethodResponses:
        responses = await self._with_client(
            account, lambda client: client.call(calls, deadline=DEADLINE, capability=capability)
        )
        if others := responses.account_ids - {account.account_id}:
            # A login goes by address, and an address may have passed to another account.
            raise Unreadable(f"mail server answered for the account {sanitize(min(others))} in the name of another")
        return responses

    async def _with_client(self, account: MailAccount, send: Callable[[JmapClient], Awaitable[T]]) -> T:
        login = self._login(account)
        try:
            return await send(login.client)
        except Unauthorized:
            if not await self._renew(account, login):
                raise
        try:
            return await send(login.client)
        except Unauthorized:
            await self._renew(account, login)
            raise

    async def _renew(self, account: MailAccount, login: "_Login") -> bool:
        """Report every refusal, also the last: each counts towards the ban."""
        return await self._authorization.refused(account, login.header)

    def _login(self, account: MailAccount) -> "_Login":
        login = self._logins.get(account)
        if login is None:
            login = self._logins[account] = _Login(self._url, self._authorization, account, self._connection)
        return login


class _Login:
    """The client of one account, and the credentials that it sent last."""

    def __init__(
        self, url: str, authorization: MailAuthorization, account: MailAccount, connection: JmapConnection
    ) -> None:
        self._authorization = authorization
        self._account = account
        self.header = ""
        self.client = JmapClient(url, self._credentials, connection)

    async def _credentials(self) -> str:
        self.header = await self._authorization.header(self._account)
        return self.header


def error_of(error: JmapError) -> MailServerError:
    match error:
        case Unauthorized():
            return Misconfigured(str(error), unauthorized=True)
        case RateLimited():
            return Throttled(str(error), retry_after=error.retry_after)
        case HttpError(status=403) | MethodError(type="forbidden"):
            return Misconfigured(str(error))
        case _:
            return Transient(str(error))


def _state(arguments: Mapping[str, Any], name: str) -> str:
    """Raises `Unreadable` if it is not a text that PostgreSQL can store."""
    state = arguments.get(name)
    if not isinstance(state, str) or not state.isprintable():
        raise Unreadable(f"mail server's response cannot be read ({name})")
    return state


def _objects(arguments: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    found = arguments.get("list")
    if not isinstance(found, list):
        raise Unreadable("mail server's response cannot be read (list)")
    return [cast("dict[str, Any]", each) for each in cast("list[object]", found) if isinstance(each, dict)]


def _email(found: Mapping[str, Any]) -> CreatedEmail | None:
    """None if it has no valid id: one malformed email must not stop the others."""
    email_id = _id_of(found)
    if email_id is None:
        return None
    return CreatedEmail(email_id, _set_of(found, "mailboxIds"), _set_of(found, "keywords"), _received_at(found))


def _id_of(found: Mapping[str, Any]) -> str | None:
    value = found.get("id")
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def _set_of(found: Mapping[str, Any], name: str) -> frozenset[str]:
    """A set by RFC 8621 §4.1.1: a map whose values are all true."""
    value = found.get(name)
    return frozenset(cast("dict[str, Any]", value)) if isinstance(value, dict) else frozenset()


def _received_at(found: Mapping[str, Any]) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(found.get("receivedAt")))
    except ValueError:
        return None
    return moment if moment.tzinfo else None

"""Checks the mail server's health: an echo, a read and a write, in one request.

A server whose store is dead or full still echoes (0.16.19 with a full disk even reads), and fails every create. If it
counted as healthy, all requests of that time would become dead letters after three retries.
"""

from dataclasses import dataclass

from postroom.errors import Throttled, Transient
from postroom.jmap.errors import sanitize
from postroom.stalwart.error_mapping import RequestRefused
from postroom.stalwart.mark_domain import MarkDomain
from postroom.stalwart.registry_client import Call, RegistryResponses
from postroom.stalwart.response_models import AccountList, Changes, Echo, SetError

_ECHO, _READ, _BEFORE, _WRITE, _AFTER = range(5)


@dataclass(frozen=True, slots=True)
class NotWritten:
    """Why a server that echoes and reads counts as healthy although no write was confirmed."""

    why: str
    has_account: bool
    """False if our key belongs to no account that it could write to"""


class HealthCheck:
    """`own_account` is the id of the account that our key belongs to, "" if there is none. The check changes its
    description to `description`, which must be different each time."""

    def __init__(self, mark_domain: MarkDomain, own_account: str, description: str) -> None:
        self._mark_domain = mark_domain
        self._own_account = own_account
        self.calls: list[Call] = [("Core/echo", {}), mark_domain.call]
        if own_account:
            read: Call = ("x:Account/get", {"ids": [own_account], "properties": ["id", "emailAddress", "description"]})
            write: Call = ("x:Account/set", {"update": {own_account: {"description": description}}})
            self.calls += [read, write, read]

    def verdict(self, responses: RegistryResponses) -> NotWritten | None:
        """None if the server is healthy; `NotWritten` if only the read confirms it. Raises `MailServerError`s if it is
        not healthy, `Throttled` if the result is open."""
        responses.read(_ECHO, Echo)
        self._mark_domain.id(responses, _READ)
        if not self._own_account or not (before := responses.read(_BEFORE, AccountList).accounts):
            return NotWritten("our key belongs to no account", has_account=False)
        try:
            written = responses.read(_WRITE, Changes)
        except Transient:
            # Stalwart refuses the write if the account has changed since it was read. Then another process has proved
            # the store healthy: of three concurrent checks, a quarter of the writes ends like this (0.16.19).
            if responses.read(_AFTER, AccountList).accounts not in ([], before):
                return None
            raise
        except RequestRefused as error:
            return NotWritten(str(error), has_account=True)
        return self._refused(written)

    def _refused(self, written: Changes) -> NotWritten | None:
        if self._own_account in (written.updated or {}):
            return None
        refused = (written.not_updated or {}).get(self._own_account)
        if refused is None:
            raise Transient("mail server neither wrote nor refused to write to our account", outcome_unknown=True)
        return _of(refused)


def _of(refused: SetError) -> NotWritten:
    """A SetError is about our account, and says nothing about the store."""
    if refused.type == "rateLimit":
        raise Throttled("mail server answered rateLimit")
    message = sanitize(refused.description or "no reason given")
    return NotWritten(
        f"mail server refuses to write to our account ({sanitize(refused.type)}): {message}", has_account=True
    )

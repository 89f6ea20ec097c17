"""Is the mail server well? An echo, a read and a write, in one request.

A server whose store is dead or full echoes all the same (0.16.19 with its disk full even reads), and fails every
create. Taken for well, it would have everybody who registers meanwhile buried after three retries.
"""

from dataclasses import dataclass

from postroom.errors import Misconfigured, Throttled, Transient
from postroom.jmap.errors import sanitize
from postroom.stalwart.mark_domain import MarkDomain
from postroom.stalwart.registry_client import Call, RegistryResponses
from postroom.stalwart.response_models import AccountList, Changes, Echo, SetError

_ECHO, _READ, _BEFORE, _WRITE, _AFTER = range(5)


@dataclass(frozen=True, slots=True)
class NotWritten:
    """Why a server that answers and reads counts as well although it was not seen to write."""

    why: str
    has_account: bool
    """False if our key belongs to no account that could be written to"""


class HealthCheck:
    """`own_account` is the id of the account that our key belongs to, "" if there is none; its description becomes
    `description`, which must be another one each time."""

    def __init__(self, mark_domain: MarkDomain, own_account: str, description: str) -> None:
        self._mark_domain = mark_domain
        self._own_account = own_account
        self.calls: list[Call] = [("Core/echo", {}), mark_domain.call]
        if own_account:
            read: Call = ("x:Account/get", {"ids": [own_account], "properties": ["id", "emailAddress", "description"]})
            write: Call = ("x:Account/set", {"update": {own_account: {"description": description}}})
            self.calls += [read, write, read]

    def verdict(self, answers: RegistryResponses) -> NotWritten | None:
        """None if the server is well; where the read alone decided, why. Raises `MailServerError`s if it is not well,
        `Throttled` if that remains open."""
        answers.read(_ECHO, Echo)
        self._mark_domain.id(answers, _READ)
        if not self._own_account or not (before := answers.read(_BEFORE, AccountList).accounts):
            return NotWritten("our key belongs to no account", has_account=False)
        try:
            written = answers.read(_WRITE, Changes)
        except Transient:
            # Stalwart asserts that the account is still what it read. Whoever was quicker has shown what we ask: of
            # three processes that ask at once, a quarter of the writes ends so with a healthy store (0.16.19).
            if answers.read(_AFTER, AccountList).accounts not in ([], before):
                return None
            raise
        except Misconfigured as error:
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
    """A SetError is about our account, and says nothing of the store."""
    if refused.type == "rateLimit":
        raise Throttled("mail server answered rateLimit")
    words = sanitize(refused.description or "no reason given")
    return NotWritten(
        f"mail server refuses to write to our account ({sanitize(refused.type)}): {words}", has_account=True
    )

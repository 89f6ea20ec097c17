"""What arrivals ask of the mail server."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from postroom.domain.arrival import CreatedEmail
from postroom.errors import PostroomError
from postroom.mail.ports import MailAccount


class HistoryLost(PostroomError):
    """The mail server cannot tell what changed since that state (RFC 8620 §5.2)."""


@dataclass(frozen=True, slots=True)
class ChangesPage:
    """`created`: those that are still there. `roles`: of the mailboxes that have one, by their ids. `state`: after
    this page."""

    created: Sequence[CreatedEmail]
    roles: Mapping[str, str]
    state: str


class MailChanges(Protocol):
    """Raises `MailServerError`s and `Unavailable`."""

    async def present(self, account: MailAccount) -> str:
        """The state of Email now."""
        ...

    def since(self, account: MailAccount, email_state: str) -> AsyncGenerator[ChangesPage]:
        """Every page of what changed since, one at least. Raises `HistoryLost`, too."""
        ...


class MailListener(Protocol):
    """Raises `MailServerError`s and `Unavailable` when listening again at once does not help."""

    def listen(self, account: MailAccount) -> AsyncGenerator[str | None]:
        """Something may have changed: the new state of Email, None if that is not known. The first one when listening
        begins, and again whenever it was interrupted. Ends if the server wants it."""
        ...

"""New mail: which of the emails that appeared in an account are announced to the person, and with what data."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

GRACE = timedelta(days=1)
"""How much older than the last poll new mail may seem. The mail server's clock sets the delivery time, our clock the
time of the poll. A clock in the wrong time zone is off by up to 14 hours, and without this grace no mail would be
announced. The cost is small: of old mail that is imported unread, that of the last day is announced as new."""

MOST_IDS = 50
"""In one event: with more new mail, a client reloads its list anyway."""

_ELSEWHERE = frozenset({"drafts", "junk", "sent", "trash"})
_QUIET = frozenset({"$draft", "$junk", "$seen"})


@dataclass(frozen=True, slots=True)
class CreatedEmail:
    """An email that an account did not have before (RFC 8621 §4.1.1). `received_at` is None if it was unreadable."""

    id: str
    mailbox_ids: frozenset[str]
    keywords: frozenset[str]
    received_at: datetime | None


def arrived(created: Iterable[CreatedEmail], roles: Mapping[str, str], *, since: datetime) -> list[str]:
    """The ids of the new mail among `created`. `roles` maps mailbox ids to roles (RFC 8621 §2), where a mailbox has
    one; `since` is the time of the last poll.

    An email that the person moves is not created. One that they send, delete or append as read is not only in the
    inbox, or is seen; one that they import is older than `GRACE`. Newer mail that they append unread is
    indistinguishable from a delivery and is announced.
    """
    return [each.id for each in created if _is_new(each, roles, since - GRACE)]


def _is_new(email: CreatedEmail, roles: Mapping[str, str], horizon: datetime) -> bool:
    found = {roles.get(mailbox_id) for mailbox_id in email.mailbox_ids}
    return (
        "inbox" in found
        and not found & _ELSEWHERE
        and not email.keywords & _QUIET
        and (email.received_at is None or email.received_at >= horizon)
    )


def arrival_data(ids: Sequence[str], state: str) -> dict[str, Any]:
    """The data of an event that announces new mail: no content, only ids. `state` is the state of Email after it."""
    if len(ids) > MOST_IDS:
        return {"state": state, "count": len(ids), "more": True}
    return {"state": state, "ids": list(ids), "count": len(ids)}


def reload_data(state: str) -> dict[str, Any]:
    """The data of an event that asks the client to reload everything, since the changes are unknown."""
    return {"state": state, "reload": True}

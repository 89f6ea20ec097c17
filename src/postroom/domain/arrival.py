"""New mail: which of the emails that appeared in an account somebody should be told of, and what he is told."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

GRACE = timedelta(days=1)
"""How much older than the last look new mail may seem. The time of its delivery is by the mail server's clock, that of
the look by ours, and a clock set to the wrong time zone is wrong by up to 14 hours: nobody would be told of anything.
What is lost by it is little: who imports his old mail unread is told of that of the last day as if it were new."""

MOST_IDS = 50
"""Of one event: a screen that has more to show asks for its list again anyway."""

_ELSEWHERE = frozenset({"drafts", "junk", "sent", "trash"})
_QUIET = frozenset({"$draft", "$junk", "$seen"})


@dataclass(frozen=True, slots=True)
class CreatedEmail:
    """An email that an account did not have before (RFC 8621 §4.1.1). `received_at` is None if nobody could read it."""

    id: str
    mailbox_ids: frozenset[str]
    keywords: frozenset[str]
    received_at: datetime | None


def arrived(created: Iterable[CreatedEmail], roles: Mapping[str, str], *, since: datetime) -> list[str]:
    """The ids of the new mail among `created`. `roles`: of the mailboxes that have one (RFC 8621 §2), by their ids;
    `since`: when somebody looked last.

    What the person moves is not created. What he sends, throws away or appends as read is not in the inbox alone, or
    seen; what he imports is older than `GRACE`. An append of newer mail, unread, looks like a delivery and is told.
    """
    return [each.id for each in created if _is_new(each, roles, since - GRACE)]


def _is_new(email: CreatedEmail, roles: Mapping[str, str], horizon: datetime) -> bool:
    places = {roles.get(mailbox_id) for mailbox_id in email.mailbox_ids}
    return (
        "inbox" in places
        and not places & _ELSEWHERE
        and not email.keywords & _QUIET
        and (email.received_at is None or email.received_at >= horizon)
    )


def arrival_data(ids: Sequence[str], state: str) -> dict[str, Any]:
    """Of an event that tells of new mail: no content, only where to ask. `state` is the one of Email after it."""
    if len(ids) > MOST_IDS:
        return {"state": state, "count": len(ids), "more": True}
    return {"state": state, "ids": list(ids), "count": len(ids)}


def reload_data(state: str) -> dict[str, Any]:
    """Of an event that says: what is new cannot be told, load everything again."""
    return {"state": state, "reload": True}

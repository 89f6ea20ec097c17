"""Which mail is announced as new, and with what data."""

from datetime import UTC, datetime, timedelta

import pytest

from postroom.domain.arrival import GRACE, MOST_IDS, CreatedEmail, arrival_data, arrived, reload_data

LOOKED = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROLES = {"a": "inbox", "b": "trash", "c": "junk", "d": "drafts", "e": "sent", "g": "archive"}


def email(mailboxes: str = "a", *keywords: str, received: datetime | None = LOOKED) -> CreatedEmail:
    return CreatedEmail("M1", frozenset(mailboxes), frozenset(keywords), received)


@pytest.mark.parametrize(
    ("what", "found"),
    [
        ("delivered", email()),
        ("delivered, and filed in a folder of the person's, too", email("ah")),
        ("delivered, flagged by a filter", email("a", "$flagged", "important")),
        ("in the queue before the last poll", email(received=LOOKED - GRACE)),
        ("by a clock that runs ahead", email(received=LOOKED + timedelta(hours=2))),
        ("while our own clock runs ahead, set to another time zone", email(received=LOOKED - timedelta(hours=14))),
        ("at a time that nobody can read", email(received=None)),
    ],
)
def test_new_mail_in_the_inbox_is_announced(what: str, found: CreatedEmail) -> None:
    assert arrived([found], ROLES, since=LOOKED) == ["M1"], what


@pytest.mark.parametrize(
    ("what", "found"),
    [
        ("read already", email("a", "$seen")),
        ("a draft", email("a", "$draft")),
        ("spam by its keyword", email("a", "$junk")),
        ("spam by its folder", email("c")),
        ("sent", email("e", "$seen")),
        ("sent, and kept unread", email("e")),
        ("sent, and filed in the inbox, too", email("ae")),
        ("thrown away", email("b")),
        ("thrown away by a filter that keeps a copy", email("ab")),
        ("a draft in its folder", email("d")),
        ("filed by a filter", email("h")),
        ("in the archive", email("g")),
        ("nowhere", email("")),
        ("an import of old mail", email(received=LOOKED - GRACE - timedelta(seconds=1))),
    ],
)
def test_what_is_not_new_mail_in_the_inbox_is_not_announced(what: str, found: CreatedEmail) -> None:
    assert arrived([found], ROLES, since=LOOKED) == [], what


def test_without_an_inbox_nothing_is_announced() -> None:
    assert arrived([email()], {}, since=LOOKED) == []


def test_arrival_event_lists_at_most_50_mails_else_only_their_number() -> None:
    few = [f"M{number}" for number in range(MOST_IDS)]
    assert arrival_data(few, "s9") == {"state": "s9", "ids": few, "count": 50}
    assert arrival_data([*few, "M50"], "s9") == {"state": "s9", "count": 51, "more": True}
    assert reload_data("s9") == {"state": "s9", "reload": True}

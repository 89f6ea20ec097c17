"""What `postroom status` advises for a dead letter."""

from uuid import uuid4

import pytest

from postroom.cli.status import advice
from postroom.domain.mailbox import mark_of
from postroom.domain.request import HELD

ON_THE_MAIL_SERVER = "a@example.org is held by the {} on the mail server, which does not carry this identity's mark"


@pytest.mark.parametrize(
    ("reason", "can_be_adopted"),
    [
        (ON_THE_MAIL_SERVER.format("account b"), True),
        (ON_THE_MAIL_SERVER.format("account b") + ", but that of another", False),
        (ON_THE_MAIL_SERVER.format("mailinglist b"), False),
        (HELD, False),
    ],
)
def test_dead_letter_about_a_mailbox_without_any_mark_names_how_it_is_adopted(
    reason: str, can_be_adopted: bool
) -> None:
    identity_id = uuid4()
    fix = advice({"identity_id": identity_id, "reason": reason})
    assert (mark_of(identity_id) in fix, "another address" in fix) == (can_be_adopted, True)

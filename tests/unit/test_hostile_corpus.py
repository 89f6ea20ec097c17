"""What a hostile mail must be to count."""

import re
from email import message_from_bytes
from email.policy import default

from hostile_mail.corpus import CLASSES, MAILS
from hostile_mail.mail import DOMAIN

LEAST = {"scripts": 50, "mutation": 40, "foreign": 40, "styles": 60, "remote": 60, "navigation": 60}
LEAST |= {"clobbering": 30, "size": 40, "headers": 50, "mime": 80, "text": 20}


def test_each_class_is_represented() -> None:
    assert {name: len(mails) for name, mails in CLASSES.items() if len(mails) < LEAST.pop(name)} == {}
    assert LEAST == {}
    assert len(MAILS) >= 250


def test_each_id_is_a_host_name_and_is_used_once() -> None:
    ids = [mail.id for mail in MAILS]
    assert sorted(set(ids)) == sorted(ids)
    assert [id for id in ids if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,60}[a-z0-9])?", id)] == []  # noqa: A001


def test_a_mail_says_why_it_is_here() -> None:
    assert [mail.id for mail in MAILS if not mail.why] == []


def test_a_mail_is_html_or_a_message() -> None:
    assert [mail.id for mail in MAILS if (mail.html is None) == (mail.raw is None)] == []


def test_a_mail_that_is_not_silent_calls_its_own_host() -> None:
    assert [mail.id for mail in MAILS if mail.silent is None and not mail.names_its_host()] == []


def test_html_comes_out_as_it_went_in() -> None:
    for mail in MAILS:
        if mail.html is not None:
            message = message_from_bytes(mail.delivered(DOMAIN, "alice@example.org", mail.id), policy=default)
            assert str(message["X-Hostile"]) == mail.id
            assert message.get_content().rstrip("\n") == mail.body(DOMAIN).rstrip("\n")

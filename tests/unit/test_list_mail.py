"""What is read of a message before its reader leaves its mailing list: nothing may look as if a header were missing."""

from collections.abc import Sequence
from typing import cast

import pytest

from mail_fakes import an_account
from postroom.domain.unsubscribe import ListMail
from postroom.errors import MailServerError
from postroom.jmap.list_mail import JmapListMail
from postroom.jmap.mail_changes import JmapMail
from postroom.jmap.request import Call
from postroom.jmap.response import MethodResponses
from postroom.mail.ports import MailAccount

HEADERS = {
    "header:List-Unsubscribe:all": [" <https://list.example.net/leave>"],
    "header:List-Unsubscribe-Post:all": [" List-Unsubscribe=One-Click"],
    "header:Authentication-Results:all": [" mx.example.org; dkim=pass", " forged.example.net; dkim=pass"],
    "header:DKIM-Signature:all": [" v=1; d=example.net"],
}
EMAIL = {"id": "m", "mailboxIds": {"i": True, "j": True}, "keywords": {"$seen": True}, **HEADERS}
MAILBOXES = [{"id": "i", "role": "inbox"}, {"id": "j", "role": None}, {"id": "x", "role": "junk"}]


class Mail:
    """`JmapMail` with these responses."""

    def __init__(self, emails: object, mailboxes: object = MAILBOXES) -> None:
        self._lists = (emails, mailboxes)
        self.calls: Sequence[Call] = ()

    async def call(self, account: MailAccount, calls: Sequence[Call]) -> MethodResponses:
        self.calls = calls
        named = zip((name for name, _ in calls), self._lists, strict=True)
        return MethodResponses({str(at): (name, {"list": found}) for at, (name, found) in enumerate(named)})


async def of(mail: Mail) -> ListMail | None:
    return await JmapListMail(cast(JmapMail, mail)).of(an_account(), "m")


async def test_all_headers_of_a_name_are_read_raw_and_in_their_order() -> None:
    """The topmost Authentication-Results is the one that our server wrote."""
    found = await of(Mail([EMAIL]))
    assert found is not None
    assert found.results == HEADERS["header:Authentication-Results:all"]
    assert (found.unsubscribe, found.post) == ([" <https://list.example.net/leave>"], [" List-Unsubscribe=One-Click"])


async def test_the_roles_are_those_of_the_mailboxes_in_which_the_message_lies() -> None:
    found = await of(Mail([EMAIL | {"mailboxIds": {"x": True}}]))
    assert found is not None
    assert found.roles == {"junk"}
    found = await of(Mail([EMAIL]))
    assert found is not None
    assert "junk" not in found.roles


async def test_another_message_than_the_one_that_was_asked_for_is_none() -> None:
    assert await of(Mail([])) is None
    assert await of(Mail([EMAIL | {"id": "other"}])) is None


@pytest.mark.parametrize("name", [*HEADERS, "mailboxIds", "keywords"])
@pytest.mark.parametrize("value", [None, "text", 7])
async def test_a_property_that_cannot_be_read_is_a_failure_and_no_missing_header(name: str, value: object) -> None:
    with pytest.raises(MailServerError):
        await of(Mail([EMAIL | {name: value}]))
    with pytest.raises(MailServerError):
        await of(Mail([{key: each for key, each in EMAIL.items() if key != name}]))


@pytest.mark.parametrize("mailboxes", [None, {}, "text"])
async def test_without_the_folders_nothing_is_known_of_spam(mailboxes: object) -> None:
    with pytest.raises(MailServerError):
        await of(Mail([EMAIL], mailboxes))

"""The port `ListMails` over JMAP: reads of one message what decides how its reader leaves the mailing list."""

from collections.abc import Mapping
from typing import Any, cast

from postroom.jmap.errors import JmapError, Unreadable
from postroom.jmap.mail_changes import JmapMail, error_of
from postroom.jmap.request import Call
from postroom.jmap.response import MethodResponses
from postroom.mailboxes.ports import MailAccount
from postroom.unsubscribe.one_click import ListMail

# Raw by default: Stalwart leaves `:asRaw` out of the name in its response.
_UNSUBSCRIBE = "header:List-Unsubscribe:all"
_POST = "header:List-Unsubscribe-Post:all"
_RESULTS = "header:Authentication-Results:all"
_SIGNATURES = "header:DKIM-Signature:all"
_PROPERTIES = ["id", "mailboxIds", "keywords", _UNSUBSCRIBE, _POST, _RESULTS, _SIGNATURES]


class JmapListMail:
    def __init__(self, mail: JmapMail) -> None:
        self._mail = mail

    async def of(self, account: MailAccount, email_id: str) -> ListMail | None:
        """None if there is no such message. Raises `MailServerError`s and `DatabaseUnavailable`."""
        to = {"accountId": account.account_id}
        calls: list[Call] = [
            ("Email/get", {**to, "ids": [email_id], "properties": _PROPERTIES}),
            ("Mailbox/get", {**to, "ids": None, "properties": ["id", "role"]}),
        ]
        try:
            return _list_mail(await self._mail.call(account, calls), email_id)
        except JmapError as error:
            raise error_of(error) from error


def _list_mail(responses: MethodResponses, email_id: str) -> ListMail | None:
    email = next((each for each in _list(responses, 0) if each.get("id") == email_id), None)
    if email is None:
        return None
    held = _true(email, "mailboxIds")
    return ListMail(
        unsubscribe=_texts(email, _UNSUBSCRIBE),
        post=_texts(email, _POST),
        results=_texts(email, _RESULTS),
        signatures=_texts(email, _SIGNATURES),
        keywords=_true(email, "keywords"),
        roles=frozenset(str(each.get("role")) for each in _list(responses, 1) if each.get("id") in held),
    )


def _list(responses: MethodResponses, index: int) -> list[Mapping[str, Any]]:
    found = responses.of(index).get("list")
    if not isinstance(found, list):
        raise Unreadable("mail server's response cannot be read (list)")
    return [cast("dict[str, Any]", each) for each in cast("list[object]", found) if isinstance(each, dict)]


def _texts(email: Mapping[str, Any], name: str) -> list[str]:
    """Raises `Unreadable` where the property is missing: nothing may look as if the message had no such header."""
    found = email.get(name)
    if not isinstance(found, list):
        raise Unreadable(f"mail server's response cannot be read ({name})")
    return [each for each in cast("list[object]", found) if isinstance(each, str)]


def _true(email: Mapping[str, Any], name: str) -> frozenset[str]:
    """A set by RFC 8621 §4.1.1: a map whose values are all true."""
    found = email.get(name)
    if not isinstance(found, dict):
        raise Unreadable(f"mail server's response cannot be read ({name})")
    return frozenset(cast("dict[str, Any]", found))

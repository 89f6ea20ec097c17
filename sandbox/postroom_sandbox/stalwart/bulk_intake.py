"""Puts many messages into one account at once, read or unread and in any mailbox, as no mail server would deliver them.
The control API offers it, for mailboxes in which there is something to live in."""

import base64
import binascii
from datetime import datetime
from typing import Any

from postroom_sandbox.stalwart import ids, permissions
from postroom_sandbox.stalwart.errors import MethodError
from postroom_sandbox.stalwart.json_value import JSON, is_list, is_object, is_text
from postroom_sandbox.stalwart.mail import Mail
from postroom_sandbox.stalwart.mail.email_store import OverQuota
from postroom_sandbox.stalwart.object_type import Access
from postroom_sandbox.stalwart.store import Store

_ARCHIVE = {"name": "Archive", "role": "archive", "isSubscribed": True}


class BulkIntake:
    def __init__(self, store: Store, mail: Mail) -> None:
        self._store = store
        self._mail = mail

    def keep(self, address: str, messages: list[Any]) -> int:
        """Store all the messages, or none, and return their number. Each has `content` (base64), `mailbox` (a role, or
        the path of a mailbox that is created if it is missing), `keywords` and `receivedAt`. No webhook reports them.
        Raises ValueError with the reason if it cannot."""
        account = self._mail.store.account_of(address)
        if account is None:
            raise ValueError(f"there is no mailbox {address}")
        self._mail.folders.ensure(account)
        mailboxes: dict[str, int] = {}
        with self._store.transaction():
            for message in messages:
                if not is_object(message) or not is_text(message.get("mailbox")):
                    raise ValueError("each message needs content, mailbox, keywords and receivedAt")
                path = message["mailbox"]
                if path not in mailboxes:
                    mailboxes[path] = self._mailbox(account, path)
                self._keep(account, mailboxes[path], message)
        return len(messages)

    def _keep(self, account: int, mailbox: int, message: JSON) -> None:
        words = message.get("keywords")
        try:
            content = base64.b64decode(message["content"], validate=True)
            received_at = datetime.fromisoformat(message["receivedAt"])
        except (KeyError, TypeError, ValueError, binascii.Error) as error:
            raise ValueError(f"a message is not well-formed: {error}") from None
        if not is_list(words) or not all(map(is_text, words)):
            raise ValueError("keywords must be a list of texts")
        try:
            self._mail.store.keep(account, content, [mailbox], words, received_at=received_at, via="bulk")
        except OverQuota:
            raise ValueError("the mailbox is full") from None

    def _mailbox(self, account: int, path: str) -> int:
        """The mailbox with this role, or else with this path, whose mailboxes are created if necessary."""
        if (found := self._mail.folders.with_role(account, path)) is not None:
            return found
        if path == _ARCHIVE["role"]:
            return self._create(account, _ARCHIVE)
        parent = None
        for name in path.split("/"):
            number = self._mail.folders.named(account, name, parent)
            new: JSON = {"name": name, "isSubscribed": True, "parentId": None if parent is None else ids.encode(parent)}
            parent = self._create(account, new) if number is None else number
        if parent is None:
            raise ValueError("a mailbox needs a name")
        return parent

    def _create(self, account: int, new: JSON) -> int:
        access = Access(account, "", permissions.USER)
        arguments: JSON = {"accountId": ids.encode(account), "create": {"c": new}}
        try:
            ((_, answer),) = self._mail.call("Mailbox/set", access, arguments, {})
        except MethodError as error:
            raise ValueError(str(error.body)) from None
        number = ids.decode(answer.get("created", {}).get("c", {}).get("id"))
        if number is None:
            raise ValueError(f"the mailbox {new['name']} cannot be created: {answer.get('notCreated')}")
        return number

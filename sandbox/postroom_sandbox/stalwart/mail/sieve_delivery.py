"""What the active Sieve script of an account does with an incoming message."""

import email
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage, Message
from email.utils import format_datetime, make_msgid, parseaddr

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.mail.blobs import Blobs
from postroom_sandbox.stalwart.mail.mailbox_store import MailboxStore
from postroom_sandbox.stalwart.mail.sieve_run import POLICY, Outcome, Target, run
from postroom_sandbox.stalwart.mail.sieve_tree import Node, tree
from postroom_sandbox.stalwart.store import Store

_DAYS = 7
_AUTOMATIC = ("list-id", "list-unsubscribe", "list-post")


@dataclass(frozen=True)
class Placed:
    """The mailboxes and keywords of a message. None of them: it is discarded. `sent`: other messages, by recipient."""

    mailboxes: tuple[int, ...]
    keywords: tuple[str, ...]
    sent: tuple[tuple[str, bytes], ...] = ()


class SieveDelivery:
    def __init__(
        self, store: Store, blobs: Blobs, folders: MailboxStore, own_addresses: Callable[[int], list[str]]
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._folders = folders
        self._own_addresses = own_addresses
        self._replied: dict[tuple[int, str], datetime] = {}

    def place(self, account: int, content: bytes, *, is_spam: bool) -> Placed | None:
        """None: there is no script."""
        sql = """
            SELECT s.digest FROM sieve_scripts s JOIN mail_accounts a ON a.account_id = s.account_id
            WHERE s.account_id = ? AND s.id = a.active_script"""
        row = self._store.row(sql, account)
        if row is None:
            return None
        script = tree(self._blobs.content(row[0]).decode("utf-8", "replace"))
        message = email.message_from_bytes(content, policy=POLICY)
        outcome = run(script, message, is_spam=is_spam)
        sent = [(address, content) for address in outcome.redirects]
        if outcome.reply is not None and not is_spam:
            sent += self._reply(account, message, outcome.reply)
        mailboxes, keywords = self._mailboxes(account, outcome, is_spam)
        return Placed(tuple(sorted(mailboxes)), tuple(sorted(keywords)), tuple(sent))

    def _mailboxes(self, account: int, outcome: Outcome, is_spam: bool) -> tuple[set[int], set[str]]:
        role = "junk" if is_spam and outcome.is_left_to_server else "inbox"
        mailboxes: set[int] = set()
        keywords: set[str] = set()
        if outcome.kept is not None:
            mailboxes.add(self._with_role(account, role))
            keywords.update(outcome.kept)
        for target in outcome.targets:
            mailboxes.add(self._found(account, target))
            keywords.update(target.flags)
        return mailboxes, keywords

    def _with_role(self, account: int, role: str) -> int:
        found = self._folders.with_role(account, role)
        return 0 if found is None else found

    def _found(self, account: int, target: Target) -> int:
        """A mailbox that does not exist is the Inbox."""
        if target.mailbox_id is not None:
            number = ids.decode(target.mailbox_id)
            if number is not None and self._folders.exists(account, number):
                return number
        parent: int | None = None
        for name in target.name.split("/"):
            sql = "SELECT id FROM mailboxes WHERE account_id = ? AND lower(name) = lower(?) AND parent_id IS ?"
            row = self._store.row(sql, account, name, parent)
            if row is None:
                return self._with_role(account, "inbox")
            parent = row[0]
        return self._with_role(account, "inbox") if parent is None else parent

    def _reply(self, account: int, message: Message, vacation: Node) -> list[tuple[str, bytes]]:
        """RFC 5230 §4.5 and §4.6: who gets none."""
        sender = parseaddr(str(message.get("from", "")))[1].lower()
        own = {each.lower() for each in (*self._own_addresses(account), *_listed(vacation.tags.get("addresses")))}
        named = {parseaddr(each)[1].lower() for name in ("to", "cc") for each in str(message.get(name, "")).split(",")}
        is_automatic = str(message.get("auto-submitted", "no")).lower() != "no"
        is_listed = any(name in message for name in _AUTOMATIC) or str(message.get("precedence", "")) in (
            "bulk",
            "list",
        )
        if not sender or sender in own or is_automatic or is_listed or not named & own:
            return []
        now, key = datetime.now(UTC), (account, sender)
        if key in self._replied and now - self._replied[key] < timedelta(days=vacation.tags.get("days", _DAYS)):
            return []
        self._replied[key] = now
        subject = vacation.tags.get("subject") or f"Auto: {message.get('subject', '')}"
        reply = EmailMessage()
        reply["From"], reply["To"] = self._own_addresses(account)[0], sender
        reply["Subject"], reply["Date"] = str(subject), format_datetime(now)
        reply["Message-ID"], reply["Auto-Submitted"] = make_msgid(domain="example.org"), "auto-replied"
        if own_id := message.get("message-id"):
            reply["In-Reply-To"] = str(own_id)
        reply.set_content(vacation.values[0])
        return [(sender, reply.as_bytes())]


def _listed(value: object) -> list[str]:
    return value if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType] - of strings, as the reader made it

"""The emails of all accounts: they are added, changed and destroyed here, and nowhere else."""

import json
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.accounts import Accounts
from postroom_sandbox.stalwart.json_value import JSON
from postroom_sandbox.stalwart.mail import email_document
from postroom_sandbox.stalwart.mail.blobs import Blobs, message_id
from postroom_sandbox.stalwart.mail.change_log import ChangeLog, Commit
from postroom_sandbox.stalwart.mail.mailbox_store import MailboxStore
from postroom_sandbox.stalwart.mail.sieve_delivery import SieveDelivery
from postroom_sandbox.stalwart.mail.threads import Threads
from postroom_sandbox.stalwart.store import Store

_ENTRY = """
    INSERT INTO email_mailboxes
        (row, account_id, mailbox_id, received_at, document_id, thread_id, is_seen, is_unread)
    SELECT row, account_id, ?, received_at, document_id, thread_id, ?, ? FROM emails WHERE row = ?"""
_KEYWORD = """
    INSERT INTO email_keywords (row, keyword, account_id, received_at, document_id, thread_id)
    SELECT row, ?, account_id, received_at, document_id, thread_id FROM emails WHERE row = ?"""

Via = Literal["lmtp", "append", "submission", "bulk"]


class OverQuota(Exception):
    """The account's `maxDiskQuota` leaves no room for the message."""


class Discarded(Exception):
    """The person's Sieve script threw the message away."""


@dataclass(frozen=True)
class Delivered:
    """A message that was added to an account. `size` is the size of the message as it was submitted."""

    account: int
    email_id: str
    document_id: int
    thread_id: int
    mailbox_ids: tuple[int, ...]
    blob_id: str
    blob_digest: str
    change_id: int
    size: int
    message_id: str | None
    via: Via


class EmailStore:
    def __init__(self, store: Store, accounts: Accounts, log: ChangeLog, blobs: Blobs, folders: MailboxStore) -> None:
        self._store = store
        self._accounts = accounts
        self._log = log
        self._blobs = blobs
        self._folders = folders
        self._threads = Threads(store)
        self._sieve = SieveDelivery(store, blobs, folders, accounts.addresses)
        self.delivered: list[Callable[[Delivered], None]] = []
        """Called with each message after it is stored, including messages that a person adds (`via` append)."""

    def account_of(self, address: str) -> int | None:
        """The account that receives mail for this address or alias, with or without a `+tag`. Disabled aliases receive
        no mail."""
        local, _, domain = address.strip().lower().rpartition("@")
        for name in (local, local.partition("+")[0]):
            if found := self._accounts.at(f"{name}@{domain}"):
                return found[0]
        return None

    def deliver(
        self,
        account: int,
        message: bytes,
        *,
        mailbox_role: str = "inbox",
        keywords: Iterable[str] = (),
        received_at: datetime | None = None,
        via: Via = "lmtp",
        recipient: str | None = None,
    ) -> Delivered:
        """Store a message for the account. With a `recipient` it begins with `Delivered-To`, as in Stalwart.

        Mail that comes in by LMTP or from another person is sorted by the account's Sieve script.

        Raises LookupError if there is no such account or no mailbox with that role, OverQuota, and Discarded.
        """
        if not self._store.row("SELECT 1 FROM accounts WHERE id = ?", account):
            raise LookupError(f"There is no account {ids.encode(account)}.")
        self._folders.ensure(account)
        mailbox = self._folders.with_role(account, mailbox_role)
        if mailbox is None:
            raise LookupError(f"The account {ids.encode(account)} has no mailbox {mailbox_role}.")
        head = f"Delivered-To: {recipient}\r\n".encode() if recipient else b""
        mailboxes: Collection[int] = [mailbox]
        if recipient and via in ("lmtp", "submission"):
            placed = self._sieve.place(account, message, is_spam=mailbox_role == "junk")
            if placed is not None:
                for address, content in placed.sent:
                    self._send(address, content)
                if not placed.mailboxes:
                    raise Discarded
                mailboxes, keywords = placed.mailboxes, {*keywords, *placed.keywords}
        return self.keep(
            account, head + message, mailboxes, keywords, received_at=received_at, via=via, size=len(message)
        )

    def _send(self, address: str, content: bytes) -> None:
        """What a script sends. It reaches accounts of this server; all else is lost, as the stand-in relays nothing."""
        account = self.account_of(address)
        if account is not None:
            with suppress(OverQuota, Discarded):
                self.deliver(account, content, via="submission", recipient=address)

    def keep(
        self,
        account: int,
        content: bytes,
        mailboxes: Collection[int],
        keywords: Iterable[str] = (),
        *,
        received_at: datetime | None = None,
        via: Via = "append",
        size: int | None = None,
    ) -> Delivered:
        """Store one new email in mailboxes that exist. Raises OverQuota."""
        self._check_quota(account, len(content))
        parsed = email_document.parsed(content)
        with self._log.commit(account) as commit:
            document_id = self._store.next_number(account, "email")
            thread = self._threads.find(account, parsed.message_ids, parsed.columns["subject"])
            thread_id = self._store.next_number(account, "thread") if thread is None else thread
            digest = self._blobs.put(content)
            columns: JSON = {
                "account_id": account,
                "document_id": document_id,
                "thread_id": thread_id,
                "digest": digest,
                "size": len(content),
                "received_at": (received_at or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            } | parsed.columns
            row = self._insert(columns)
            self._index(row, account, parsed)
            self._set_mailboxes(row, mailboxes, keywords)
            email = thread_id << 32 | document_id
            commit.note("Email", email, "created")
            self._threads.note_joined(commit, account, thread_id)
            self._note_counts(commit, mailboxes)
            if via in ("lmtp", "submission"):
                commit.note_type("EmailDelivery")
        own_id = (parsed.document["messageId"] or [None])[0]
        delivered = Delivered(
            account,
            ids.encode(email),
            document_id,
            thread_id,
            tuple(sorted(mailboxes)),
            message_id(digest),
            digest,
            commit.change_id,
            len(content) if size is None else size,
            own_id,
            via,
        )
        for listener in self.delivered:
            listener(delivered)
        return delivered

    def _check_quota(self, account: int, size: int) -> None:
        limit = self.quota(account)
        if limit and self._accounts.used(account) + size > limit:
            raise OverQuota(f"The quota of {limit} bytes leaves no room for {size} more.")

    def quota(self, account: int) -> int | None:
        """`maxDiskQuota` of the account in bytes; None without one."""
        row = self._store.row("SELECT document FROM accounts WHERE id = ?", account)
        return json.loads(row[0])["quotas"].get("maxDiskQuota") if row else None

    def _insert(self, columns: JSON) -> int:
        marks = ", ".join("?" * len(columns))
        sql = f"INSERT INTO emails ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - names of the source
        return self._store.run(sql, *columns.values())

    def _index(self, row: int, account: int, parsed: email_document.Parsed) -> None:
        document = email_document.kept(parsed.document)
        self._store.run("INSERT INTO email_documents (row, document) VALUES (?, ?)", row, document)
        sql = "INSERT INTO email_text (rowid, sender, recipients, cc, bcc, subject, body) VALUES (?, ?, ?, ?, ?, ?, ?)"
        self._store.run(sql, row, *parsed.text)
        for text in parsed.message_ids:
            self._store.run("INSERT INTO email_references VALUES (?, ?, ?)", account, text, row)

    def _set_mailboxes(self, row: int, mailboxes: Iterable[int], keywords: Iterable[str]) -> None:
        words = {*keywords}
        is_seen, is_unread = "$seen" in words, not words & {"$seen", "$draft"}
        for mailbox in mailboxes:
            self._store.run(_ENTRY, mailbox, is_seen, is_unread, row)
        for keyword in words:
            self._store.run(_KEYWORD, keyword, row)

    def _note_counts(self, commit: Commit, mailboxes: Iterable[int]) -> None:
        for mailbox in mailboxes:
            commit.note("Mailbox", mailbox, "updated", counts_only=True)

    def row(self, account: int, email: int | None) -> int | None:
        """The row number of an email, to which other tables refer; None if it does not exist."""
        sql = "SELECT row FROM emails WHERE account_id = ? AND document_id = ? AND thread_id = ?"
        found = None if email is None else self._store.row(sql, account, email & 0xFFFFFFFF, email >> 32)
        return found[0] if found else None

    def mailboxes(self, row: int) -> set[int]:
        return {mailbox for (mailbox,) in self._store.rows("SELECT mailbox_id FROM email_mailboxes WHERE row = ?", row)}

    def keywords(self, row: int) -> set[str]:
        sql = "SELECT keyword FROM email_keywords WHERE row = ? ORDER BY keyword"
        return {keyword for (keyword,) in self._store.rows(sql, row)}

    def change(self, account: int, email: int, row: int, mailboxes: set[int], keywords: set[str]) -> None:
        """Move an email to exactly these mailboxes, with exactly these keywords."""
        mailboxes_before, keywords_before = self.mailboxes(row), self.keywords(row)
        if (mailboxes_before, keywords_before) == (mailboxes, keywords):
            return
        with self._log.commit(account) as commit:
            self._store.run("DELETE FROM email_mailboxes WHERE row = ?", row)
            self._store.run("DELETE FROM email_keywords WHERE row = ?", row)
            self._set_mailboxes(row, mailboxes, keywords)
            commit.note("Email", email, "updated")
            seen_changes = ("$seen" in keywords) != ("$seen" in keywords_before)
            self._note_counts(commit, mailboxes | mailboxes_before if seen_changes else mailboxes ^ mailboxes_before)

    def destroy(self, account: int, email: int, row: int) -> None:
        with self._log.commit(account) as commit:
            self._note_counts(commit, self.mailboxes(row))
            self._store.run("DELETE FROM emails WHERE row = ?", row)
            commit.note("Email", email, "destroyed")
            self._threads.note_left(commit, account, email >> 32)

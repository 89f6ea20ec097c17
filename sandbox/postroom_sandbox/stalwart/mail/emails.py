"""Email/get, changes, query, queryChanges, set, import and parse (RFC 8621 §4)."""

import json
from collections.abc import Generator
from datetime import datetime
from typing import Any

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.errors import SetError
from postroom_sandbox.stalwart.json_pointer import created_id
from postroom_sandbox.stalwart.json_value import JSON, is_object
from postroom_sandbox.stalwart.mail.blobs import Blobs, message_id, read_id
from postroom_sandbox.stalwart.mail.change_log import ChangeLog
from postroom_sandbox.stalwart.mail.data_type import DataType, MailCall, invalid, not_found
from postroom_sandbox.stalwart.mail.email_document import EmailDocument, Wanted, as_answered, parsed
from postroom_sandbox.stalwart.mail.email_query import EmailQuery
from postroom_sandbox.stalwart.mail.email_store import EmailStore, OverQuota
from postroom_sandbox.stalwart.mail.keywords import canonical_keyword, keywords
from postroom_sandbox.stalwart.mail.mailbox_store import MailboxStore
from postroom_sandbox.stalwart.mail.message_composition import composed
from postroom_sandbox.stalwart.standard_methods import MAX_OBJECTS, Outcome, check_number, objects
from postroom_sandbox.stalwart.store import Store

_MAILBOXES = "SELECT row, mailbox_id FROM email_mailboxes WHERE row IN (SELECT value FROM json_each(?))"
_KEYWORDS = "SELECT row, keyword FROM email_keywords WHERE row IN (SELECT value FROM json_each(?))"
_OWN = ("mailboxIds", "keywords", "receivedAt")


class Emails(DataType):
    name = "Email"

    def __init__(self, store: Store, log: ChangeLog, blobs: Blobs, folders: MailboxStore, mail: EmailStore) -> None:
        super().__init__(store, log)
        self._blobs = blobs
        self._folders = folders
        self._mail = mail

    # Reading

    def all_ids(self, call: MailCall) -> list[int]:
        sql = "SELECT thread_id << 32 | document_id FROM emails WHERE account_id = ? ORDER BY document_id LIMIT ?"
        return [number for (number,) in self._store.rows(sql, call.account, MAX_OBJECTS)]

    def get(self, call: MailCall, arguments: JSON) -> JSON:
        named: list[str] | None = arguments.get("properties")
        return super().get(call, arguments | {"properties": named and [as_answered(name) for name in named]})

    def shown(self, call: MailCall, numbers: list[int], arguments: JSON) -> dict[int, JSON]:
        wanted = Wanted.of(arguments)
        documents = json.dumps([number & 0xFFFFFFFF for number in numbers])  # one parameter for any number of ids
        sql = """
            SELECT row, thread_id << 32 | document_id, thread_id, digest, size, received_at, document
            FROM emails JOIN email_documents USING (row)
            WHERE account_id = ? AND document_id IN (SELECT value FROM json_each(?))"""
        wanted_numbers = set(numbers)  # complete ids: the same document in another thread is another email
        kept = [row for row in self._store.rows(sql, call.account, documents) if row[1] in wanted_numbers]
        rows = json.dumps([row[0] for row in kept])
        mailboxes = self._sets(_MAILBOXES, rows)
        keywords_of = self._sets(_KEYWORDS, rows)
        found: dict[int, JSON] = {}
        for row, number, thread, digest, size, received_at, document in kept:
            own = {
                "id": ids.encode(number),
                "blobId": message_id(digest),
                "threadId": ids.encode(thread),
                "mailboxIds": {ids.encode(mailbox): True for mailbox in mailboxes.get(row, ())},
                "keywords": dict.fromkeys(keywords_of.get(row, ()), True),
                "size": size,
                "receivedAt": received_at,
            }
            found[number] = EmailDocument(json.loads(document), digest, None, self._blobs).shown(wanted, own)
        return found

    def _sets(self, sql: str, rows: str) -> dict[int, list[Any]]:
        found: dict[int, list[Any]] = {}
        for row, value in self._store.rows(sql, rows):
            found.setdefault(row, []).append(value)
        return found

    def found(self, call: MailCall, arguments: JSON) -> Generator[int]:
        return EmailQuery(self._store, call.account, arguments).ids()

    def total(self, call: MailCall, arguments: JSON) -> int:
        return EmailQuery(self._store, call.account, arguments).total()

    def matching(self, call: MailCall, arguments: JSON, numbers: set[int]) -> set[int]:
        return EmailQuery(self._store, call.account, arguments).matching(numbers)

    # Changes

    def create(self, call: MailCall, value: JSON) -> JSON:
        own = {name: value[name] for name in _OWN if name in value}
        rest = {name: given for name, given in value.items() if name not in _OWN}
        return self._keep(call, own, composed(rest, lambda text, name: self._blob(call, text, name)))

    def update(self, call: MailCall, number: int, patch: JSON) -> JSON | None:
        row = self._mail.row(call.account, number)
        if row is None:
            raise not_found()
        sets: JSON = {
            "mailboxIds": {ids.encode(mailbox): True for mailbox in self._mail.mailboxes(row)},
            "keywords": dict.fromkeys(self._mail.keywords(row), True),
        }
        for path, value in patch.items():
            name, _, key = path.removeprefix("/").partition("/")
            if name not in sets:
                raise invalid(path, description="Invalid property or value.")
            _patch(sets, name, key.replace("~1", "/").replace("~0", "~"), value)
        mailboxes = self._mailboxes(call, sets["mailboxIds"])
        self._mail.change(call.account, number, row, mailboxes, keywords(sets["keywords"]))
        return None

    def destroy(self, call: MailCall, number: int, arguments: JSON) -> None:
        row = self._mail.row(call.account, number)
        if row is None:
            raise not_found()
        self._mail.destroy(call.account, number, row)

    def import_(self, call: MailCall, arguments: JSON) -> JSON:
        emails = objects(arguments, "emails")
        check_number(len(emails))
        before = self.check_state(call, arguments)
        outcome = Outcome(call.created)
        outcome.create(
            emails.items(), lambda value: self._keep(call, value, self._blob(call, value.get("blobId"), "blobId"))
        )
        return self.set_response(call, before, outcome)

    def parse(self, call: MailCall, arguments: JSON) -> JSON:
        texts: list[str] = arguments.get("blobIds") or []
        check_number(len(texts))
        wanted = Wanted.of(arguments)
        response: JSON = {}
        for text in texts:
            content, blob = self._blobs.read(call.access, text), read_id(text)
            if content is None or blob is None:
                response.setdefault("notFound", []).append(text)
            elif b":" not in content.partition(b"\n\n")[0]:
                response.setdefault("notParsable", []).append(text)
            else:
                # A message within another message becomes a separate blob, so that its own parts have ids.
                digest = blob.digest if blob.part is None else self._blobs.upload(call.account, content)
                document = EmailDocument(parsed(content).document, digest, content, self._blobs)
                own = dict.fromkeys(("id", "threadId", "mailboxIds", "keywords", "receivedAt"))
                own |= {"blobId": text, "size": len(content)}
                response.setdefault("parsed", {})[text] = document.shown(wanted, own)
        return response

    # Shared by these

    def _blob(self, call: MailCall, text: Any, name: str) -> bytes:
        """The content of the blob in the property `name`. Unlike elsewhere, a creation id is not accepted here."""
        if read_id(text) is None:
            raise invalid(name, description="Invalid blob id.")
        content = self._blobs.read(call.access, text)
        if content is None:
            raise SetError("blobNotFound", f"blobId {text} does not exist on this server.", notFound=[text])
        return content

    def _keep(self, call: MailCall, own: JSON, content: bytes) -> JSON:
        received_at = own.get("receivedAt")
        try:
            moment = None if received_at is None else datetime.fromisoformat(received_at)
            delivered = self._mail.keep(
                call.account,
                content,
                self._mailboxes(call, own.get("mailboxIds")),
                keywords(own.get("keywords") or {}),
                received_at=moment,
            )
        except (TypeError, ValueError):
            raise invalid("receivedAt") from None
        except OverQuota:
            raise SetError("overQuota", "You have exceeded your disk quota.") from None
        thread = ids.encode(delivered.thread_id)
        return {"id": delivered.email_id, "threadId": thread, "blobId": delivered.blob_id, "size": delivered.size}

    def _mailboxes(self, call: MailCall, value: Any) -> set[int]:
        if not is_object(value) or not any(value.values()):
            raise invalid("mailboxIds", description="Message has to belong to at least one mailbox.")
        numbers: set[int] = set()
        for text in (text for text, on in value.items() if on):
            number = ids.decode(created_id(text, call.created))
            if number is None or not self._folders.exists(call.account, number):
                raise invalid("mailboxIds", description=f"mailboxId {text} does not exist.")
            numbers.add(number)
        return numbers


def _patch(sets: JSON, name: str, key: str, value: Any) -> None:
    """`name` replaces the whole set; `name/key` adds one entry, or removes it with null or false."""
    if not key:
        if not is_object(value):
            raise invalid(name, description="Invalid property or value.")
        sets[name] = value
    elif value is True:
        sets[name] = sets[name] | {key: True}
    elif value is None or value is False:
        sets[name] = {entry: True for entry in sets[name] if entry != canonical_keyword(key)}
    else:
        raise invalid(f"{name}/{key}", description="Invalid patch value.")

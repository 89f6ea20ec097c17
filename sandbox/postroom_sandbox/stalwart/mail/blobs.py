"""Blobs, stored once by their digest. A blobId refers to the whole blob, or to one part of a message."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from postroom_sandbox.stalwart import ids
from postroom_sandbox.stalwart.mail.mime_message import Message
from postroom_sandbox.stalwart.object_type import Access
from postroom_sandbox.stalwart.store import Store

_UPLOAD, _MESSAGE = "e", "c"  # first letter of the id of an upload, which expires, or of a message or part
_DIGEST_BYTES = 32


@dataclass(frozen=True)
class BlobId:
    digest: str
    part: int | None = None


def upload_id(digest: str) -> str:
    return _UPLOAD + ids.base32(bytes.fromhex(digest))


def message_id(digest: str) -> str:
    return _MESSAGE + ids.base32(bytes.fromhex(digest))


def part_id(digest: str, part: int) -> str:
    return _MESSAGE + ids.base32(bytes.fromhex(digest) + part.to_bytes(2, "big"))


def read_id(text: object) -> BlobId | None:
    """None if the text is not a blobId."""
    if not isinstance(text, str) or text[:1] not in (_UPLOAD, _MESSAGE):
        return None
    raw = ids.from_base32(text[1:]) or b""
    digest, part = raw[:_DIGEST_BYTES].hex(), raw[_DIGEST_BYTES:]
    if len(raw) not in (_DIGEST_BYTES, _DIGEST_BYTES + 2):
        return None
    return BlobId(digest, int.from_bytes(part, "big") if part else None)


class Blobs:
    """An account may read the blobs that it uploaded and those of its messages and scripts. `lifetime` is that of an
    upload to which nothing refers."""

    def __init__(self, store: Store, lifetime: Callable[[], timedelta] = lambda: timedelta(hours=1)) -> None:
        self._store = store
        self._lifetime = lifetime

    def put(self, content: bytes) -> str:
        """Store the content and return its digest, within a transaction that adds a reference to it."""
        digest = hashlib.sha256(content).hexdigest()
        self._store.run("INSERT OR IGNORE INTO blobs (digest, content) VALUES (?, ?)", digest, content)
        return digest

    def upload(self, account: int, content: bytes) -> str:
        """Store the content and return its digest. It can be read until it expires, or as long as a message is it."""
        now = datetime.now(UTC)
        with self._store.transaction():
            self._store.run("DELETE FROM uploads WHERE expires_at < ?", now.isoformat())
            digest = self.put(content)
            sql = "INSERT OR REPLACE INTO uploads (account_id, digest, expires_at) VALUES (?, ?, ?)"
            self._store.run(sql, account, digest, (now + self._lifetime()).isoformat())
            self.sweep()
        return digest

    def sweep(self) -> None:
        """Remove the blobs to which nothing refers any more. Triggers note each that lost a reference."""
        self._store.run("""
            DELETE FROM blobs WHERE digest IN (SELECT digest FROM released_blobs)
            AND NOT EXISTS (SELECT 1 FROM emails e WHERE e.digest = blobs.digest)
            AND NOT EXISTS (SELECT 1 FROM uploads u WHERE u.digest = blobs.digest)
            AND NOT EXISTS (SELECT 1 FROM submissions s WHERE s.digest = blobs.digest)
            AND NOT EXISTS (SELECT 1 FROM sieve_scripts s WHERE s.digest = blobs.digest)""")
        self._store.run("DELETE FROM released_blobs")

    def content(self, digest: str) -> bytes:
        """The content of a blob that exists."""
        ((content,),) = self._store.rows("SELECT content FROM blobs WHERE digest = ?", digest)
        return content

    def read(self, access: Access, text: object) -> bytes | None:
        """The octets of a blobId, or of a part without its transfer encoding; None if the caller may read no such blob.

        The caller's own accounts decide, not the account in the request, as in Stalwart.
        """
        blob = read_id(text)
        if blob is None or not self._is_readable(access, blob.digest):
            return None
        content = self.content(blob.digest)
        return content if blob.part is None else Message(content).part_content(blob.part)

    def _is_readable(self, access: Access, digest: str) -> bool:
        sql = """
            SELECT 1 FROM blobs WHERE digest = ?1 AND (
                EXISTS (SELECT 1 FROM emails WHERE digest = ?1 AND (?3 OR account_id = ?2))
                OR EXISTS (SELECT 1 FROM sieve_scripts WHERE digest = ?1 AND (?3 OR account_id = ?2))
                OR EXISTS (SELECT 1 FROM uploads WHERE digest = ?1 AND (?3 OR account_id = ?2) AND expires_at > ?4))"""
        now = datetime.now(UTC).isoformat()
        return self._store.row(sql, digest, access.account, access.may("impersonate"), now) is not None

"""A message that came in, as a web hook tells of it."""

import itertools
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from postroom_sandbox.stalwart.json_value import JSON
from postroom_sandbox.stalwart.mail.email_store import Delivered

HAM, SPAM, APPENDED = "message-ingest.ham", "message-ingest.spam", "message-ingest.jmap-append"

_numbers = itertools.count(1)


@dataclass(frozen=True)
class IngestEvent:
    """`at` is seconds of the monotonic clock, by which an event grows too old to be told."""

    kind: str
    data: JSON
    at: float = field(default_factory=time.monotonic)
    created_at: str = field(default_factory=lambda: datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))

    def told(self) -> JSON:
        """Anew for each attempt: as with the server, the id is no key to know a repeated event by."""
        number = int(time.time()) * 10_000 + next(_numbers) % 10_000
        return {"id": str(number), "createdAt": self.created_at, "type": self.kind, "data": self.data}


def ingest_event(came: Delivered, *, spam: bool = False, sender: str = "", recipient: str = "") -> IngestEvent:
    """`sender` and `recipient` are those of the envelope, where there was one."""
    data: JSON = {
        "spanId": time.time_ns() // 1000,
        "accountId": came.account,  # the number itself, not the JMAP id
        "documentId": came.document_id,
        "mailboxId": list(came.mailbox_ids),
        "blobId": came.blob_digest,
        "changeId": came.change_id,
        "size": came.size,
        "elapsed": 0,
    }
    if came.message_id is not None:
        data["messageId"] = came.message_id
    if came.via == "append":
        return IngestEvent(APPENDED, data)
    data |= {"queueId": data["spanId"] - 1, "queueName": "local", "total": 1}
    if recipient:
        data |= {"from": sender, "to": [recipient]}
    return IngestEvent(SPAM if spam else HAM, data)

"""The event that a webhook sends for an incoming message."""

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
    """`at` is in seconds of the monotonic clock: an event that is too old is not sent."""

    kind: str
    data: JSON
    at: float = field(default_factory=time.monotonic)
    created_at: str = field(default_factory=lambda: datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))

    def as_json(self) -> JSON:
        """The event with a new id for each attempt: as in Stalwart, the id does not identify a repeated event."""
        number = int(time.time()) * 10_000 + next(_numbers) % 10_000
        return {"id": str(number), "createdAt": self.created_at, "type": self.kind, "data": self.data}


def ingest_event(message: Delivered, *, spam: bool = False, sender: str = "", recipient: str = "") -> IngestEvent:
    """`sender` and `recipient` are those of the envelope, if there was one."""
    data: JSON = {
        "spanId": time.time_ns() // 1000,
        "accountId": message.account,  # the number itself, not the JMAP id
        "documentId": message.document_id,
        "mailboxId": list(message.mailbox_ids),
        "blobId": message.blob_digest,
        "changeId": message.change_id,
        "size": message.size,
        "elapsed": 0,
    }
    if message.message_id is not None:
        data["messageId"] = message.message_id
    if message.via == "append":
        return IngestEvent(APPENDED, data)
    data |= {"queueId": data["spanId"] - 1, "queueName": "local", "total": 1}
    if recipient:
        data |= {"from": sender, "to": [recipient]}
    return IngestEvent(SPAM if spam else HAM, data)

"""Reads Stalwart's webhook about new mail: `{"events": [{"type", "data": {"accountId", "documentId", …}}, …]}`.

It is only a hint. The signature covers no time, so a webhook can be replayed. After an error response the events are
sent again with other ids, and any value may be missing (seen on 0.16.19).
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from cachetools import LRUCache

from postroom.http.json_object import as_object, json_object

PATH = "/internal/mail/stalwart"
"""The path of our endpoint."""

INGESTED = "message-ingest.ham"
"""The event type of a delivery that is not spam. Mail that the person appends has another type."""

_CACHE_SIZE = 20_000
_ALPHABET = "abcdefghijklmnopqrstuvwxyz792013"


@dataclass(frozen=True, slots=True)
class Hint:
    """The JMAP id of an account with new mail. `document_id` is the lower half of the email's id and may be reused
    after the email was deleted; `change_id` counts the account's changes."""

    account_id: str
    document_id: int | None = None
    change_id: int | None = None

    @property
    def state(self) -> str | None:
        """The state of Email after the delivery, in the event source's encoding, so that its hint about the same
        delivery causes no second poll. If another version of Stalwart encodes it differently, it does."""
        return None if self.change_id is None else email_state(self.change_id)


class WebhookReader:
    """`key` is the webhook's `signatureKey`."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()
        self._known = LRUCache[Hint, None](_CACHE_SIZE)

    def verifies(self, raw: bytes, signatures: Sequence[str]) -> bool:
        """Whether Stalwart signed this body. `signatures`: the values of all `X-Signature` headers."""
        if len(signatures) != 1:
            return False  # with two, a proxy may have checked the other one
        try:
            given = base64.b64decode(signatures[0], validate=True)
        except (binascii.Error, ValueError):
            return False
        return hmac.compare_digest(given, hmac.digest(self._key, raw, hashlib.sha256))

    def hints(self, raw: bytes) -> list[Hint]:
        """The new hints in a body whose signature was verified; [] if it cannot be parsed."""
        return [hint for hint in _hints(raw) if hint.document_id is None or not self._is_duplicate(hint)]

    def _is_duplicate(self, hint: Hint) -> bool:
        known = hint in self._known
        self._known[hint] = None
        return known


def jmap_id(number: int) -> str:
    """Stalwart's encoding of a number as an id: `jmap_id(53) == "bv"`."""
    spelled = ""
    while True:
        number, digit = divmod(number, 32)
        spelled = _ALPHABET[digit] + spelled
        if not number:
            return spelled


def email_state(change_id: int) -> str:
    """Stalwart's encoding of a change number as a state: `email_state(3) == "sam"`, as LEB128 in base 32."""
    septets = bytearray()
    while change_id > 0x7F:
        septets.append(change_id & 0x7F | 0x80)
        change_id >>= 7
    septets.append(change_id)
    bits = "".join(f"{septet:08b}" for septet in septets)
    return "s" + "".join(_ALPHABET[int(bits[at : at + 5].ljust(5, "0"), 2)] for at in range(0, len(bits), 5))


def _hints(raw: bytes) -> Iterator[Hint]:
    events = json_object(raw).get("events")
    for event in map(as_object, cast("list[object]", events) if isinstance(events, list) else ()):
        data = as_object(event.get("data"))
        account = _number(data.get("accountId"), 32)
        if event.get("type") == INGESTED and account is not None:
            yield Hint(jmap_id(account), _number(data.get("documentId"), 32), _number(data.get("changeId"), 64))


def _number(value: object, bits: int) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value < 2**bits else None

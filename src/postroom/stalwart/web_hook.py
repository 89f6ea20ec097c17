"""Stalwart's web hook about new mail, received: `{"events": [{"type", "data": {"accountId", "documentId", …}}, …]}`.

It is a hint and no more. The signature has no time in it, so a hook can be replayed; events come twice after a failed
answer, with other ids each time; any value may be missing (seen on 0.16.19).
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from cachetools import LRUCache

from postroom.json_object import as_object, json_object

PATH = "/internal/mail/stalwart"
"""Where we take it."""

INGESTED = "message-ingest.ham"
"""What a delivery that is no spam says; an append by the person himself says something else."""

_CACHE_SIZE = 20_000
_ALPHABET = "abcdefghijklmnopqrstuvwxyz792013"


@dataclass(frozen=True, slots=True)
class Hint:
    """The JMAP id of an account with new mail. `document_id` is the lower half of the email's id and may be given
    again after the email has gone, `change_id` counts an account's changes."""

    account_id: str
    document_id: int | None = None
    change_id: int | None = None

    @property
    def state(self) -> str | None:
        """The state of Email after it, as the event source spells it for the same delivery: that other hint then
        costs no second look. Should another Stalwart spell it otherwise, it costs one."""
        return None if self.change_id is None else email_state(self.change_id)


class WebHook:
    """`key` is the hook's `signatureKey`."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()
        self._seen = LRUCache[Hint, None](_CACHE_SIZE)

    def verifies(self, raw: bytes, signatures: Sequence[str]) -> bool:
        """Whether Stalwart signed this body. `signatures`: the values of all `X-Signature` headers."""
        if len(signatures) != 1:
            return False  # two: whoever stands between may have meant another one than we
        try:
            given = base64.b64decode(signatures[0], validate=True)
        except (binascii.Error, ValueError):
            return False
        return hmac.compare_digest(given, hmac.digest(self._key, raw, hashlib.sha256))

    def hints(self, raw: bytes) -> list[Hint]:
        """What is new in a body whose signature was verified; [] for one that nobody can read."""
        return [hint for hint in _hints(raw) if hint.document_id is None or not self._knew(hint)]

    def _knew(self, hint: Hint) -> bool:
        known = hint in self._seen
        self._seen[hint] = None
        return known


def jmap_id(number: int) -> str:
    """How Stalwart spells a number as an id: `jmap_id(53) == "bv"`."""
    spelled = ""
    while True:
        number, digit = divmod(number, 32)
        spelled = _ALPHABET[digit] + spelled
        if not number:
            return spelled


def email_state(change_id: int) -> str:
    """How Stalwart spells the number of a change as a state: `email_state(3) == "sam"`, seven bits a byte (LEB128) in
    base 32."""
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

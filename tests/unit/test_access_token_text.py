"""Access tokens: their text, texts that cannot be one, and names that are refused."""

import base64
import hashlib
import re
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes import uncalled
from postroom.domain.person import ALL_SCOPES, Scope
from postroom.errors import Refused
from postroom.mail.access_tokens import (
    DEFAULT_DAYS,
    MAX_DAYS,
    MAX_LIVE,
    RANDOM_BYTES,
    TokenMaker,
    hash_of,
    new_access_token,
    token_text,
)
from postroom.mail.ports import AccessToken

NOW = datetime(2026, 11, 25, tzinfo=UTC)
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
RANDOM = st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES)


@given(RANDOM)
def test_access_token_text_is_a_prefix_32_random_bytes_and_a_checksum(random: bytes) -> None:
    text = token_text(random)
    found = re.fullmatch(r"(postroom_([\w-]{43}))(\w{6})", text)
    assert found
    assert base64.urlsafe_b64decode(found[2] + "=") == random
    number = 0
    for digit in found[3]:
        number = number * 62 + DIGITS.index(digit)
    assert number == zlib.crc32(found[1].encode())
    assert hash_of(text) == hashlib.sha256(text.encode()).digest()


@given(RANDOM, st.integers(0, 57), st.sampled_from(DIGITS + "-_"))
def test_access_token_with_one_wrong_character_is_detected_without_the_database(
    random: bytes, at: int, other: str
) -> None:
    text = token_text(random)
    changed = text[:at] + other + text[at + 1 :]
    assert (hash_of(changed) is None) == (changed != text)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-1],
        lambda text: text + "a",
        lambda text: text + "\n",
        lambda text: " " + text,
        lambda text: text.upper(),
        lambda text: text.removeprefix("postroom_"),
        lambda _text: "",
        lambda _text: "postroom_" + "é" * 49,
        lambda _text: token_text(b"a few bytes"),  # its checksum is right
    ],
)
def test_text_without_the_shape_of_an_access_token_has_no_hash(change: Callable[[str], str]) -> None:
    assert hash_of(change(token_text(bytes(RANDOM_BYTES)))) is None


def make(**changes: object) -> AccessToken:
    values = {"name": "phone", "scopes": ALL_SCOPES, "days": DEFAULT_DAYS, "now": NOW} | changes
    return new_access_token(uuid4(), uuid4(), **values)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("name", ["", "  \t", "\x00", "x" * 101])
def test_invalid_token_name_is_rejected(name: str) -> None:
    with pytest.raises(Refused) as caught:
        make(name=name)
    assert caught.value.code == "wrong_name"


def test_access_token_expires_after_90_days_by_default_and_a_year_at_most() -> None:
    assert make().expires_at == NOW + timedelta(days=90)
    assert make(days=MAX_DAYS).expires_at == NOW + timedelta(days=365)


def test_token_name_is_sanitized_to_one_printable_line() -> None:
    assert make(name="  my\x00\n phone\u202e ").name == "my phone"


class _Kept:
    def __init__(self) -> None:
        self.added: list[tuple[AccessToken, bytes, int]] = []

    async def add(self, token: AccessToken, token_hash: bytes, *, limit: int) -> None:
        self.added.append((token, token_hash, limit))

    find = of = revoke = uncalled


async def test_only_the_hash_of_a_new_access_token_is_stored() -> None:
    kept, token_id, identity_id = _Kept(), uuid4(), uuid4()
    maker = TokenMaker(kept, new_id=lambda: token_id, random_bytes=bytes, now=lambda: NOW)
    token, text = await maker.make(identity_id, name="phone", scopes=frozenset({Scope.SEND}))
    assert token == AccessToken(
        token_id, identity_id, "phone", frozenset({Scope.SEND}), NOW, NOW + timedelta(days=DEFAULT_DAYS)
    )
    assert kept.added == [(token, hash_of(text), MAX_LIVE)]
    assert text not in repr(kept.added)

"""A client may send anything. The body is parsed, or refused with a reason; nothing else happens."""

import json
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.api.hook_body import claimed_identity, mailbox_of, parse
from postroom.domain.mailbox import Mailbox
from postroom.errors import Refused

ID = "8b9e4c7a-c3d6-4dae-a06a-acb8a03ece9a"
NIL = "00000000-0000-0000-0000-000000000000"


def body(identity_id: object = ID, email: object = "alice@example.org", **traits: object) -> dict[str, Any]:
    return {"identity": {"id": identity_id, "traits": {"email": email, **traits}}}


def raw(content: object) -> bytes:
    return json.dumps(content).encode()


def read(content: bytes) -> Mailbox:
    return mailbox_of(parse(content), domains=["example.org"], reserved=["postmaster"])


def test_webhook_body_of_the_contract_requests_a_mailbox() -> None:
    content = b'{"identity": {"id": "%s", "traits": {"email": " Alice@Example.org"}}}' % ID.encode()
    assert read(content) == Mailbox(UUID(ID), "alice@example.org")


def test_webhook_body_may_have_further_fields() -> None:
    content = body(name={"first": "Alice", "last": "Example"}, newsletter=True)
    content |= {"flow": {"id": 7}, "deep": [[[{}]]]}
    content["identity"] |= {"schema_id": "default", "traits_history": None}
    assert read(raw(content)) == Mailbox(UUID(ID), "alice@example.org", "Alice Example")


def test_display_name_may_contain_any_letter() -> None:
    assert read(raw(body(name="Zoë 李"))).display_name == "Zoë 李"


def test_last_of_duplicate_json_keys_counts_and_is_checked() -> None:
    twice = raw(body()).replace(b'"email":', b'"email": "bob@example.org", "email":')
    assert read(twice).email == "alice@example.org"
    with pytest.raises(Refused):
        read(twice.replace(b"alice", b"ali%ce"))


MALFORMED: dict[str, bytes] = {
    "nothing": b"",
    "white space": b" \n",
    "not JSON": b"identity=alice",
    "a form": b"identity%5Bid%5D=" + ID.encode(),
    "XML": b"<identity/>",
    "cut off": raw(body())[:-2],
    "two documents": raw(body()) * 2,
    "a trailing comma": raw(body())[:-1] + b",}",
    "single quotes": raw(body()).replace(b'"', b"'"),
    "invalid UTF-8": raw(body()).replace(b"alice", b"al\xff\xfeice"),
    "Latin-1": raw(body()).replace(b"alice", "élise".encode("latin-1")),
    "an overlong NUL": raw(body()).replace(b"alice", b"al\xc0\x80ice"),
    "half of UTF-16": raw(body()).decode().encode("utf-16")[:-1],
    "NULs": b"\x00" * 64,
    "a NUL in the text": raw(body()).replace(b"alice", b"al\x00ice"),
    "a control character": raw(body()).replace(b"alice", b"al\x01ice"),
    "a number": b"42",
    "a huge number": b"9" * 5000,
    "a huge number within": raw(body()).replace(b'"alice@example.org"', b"9" * 5000),
    "NaN": b"NaN",
    "null": b"null",
    "true": b"true",
    "a text": b'"identity"',
    "a list": raw([body()]),
    "an empty list": b"[]",
    "an empty object": b"{}",
    "a list 100,000 deep": b"[" * 100_000 + b"]" * 100_000,
    "an object 100,000 deep": b'{"identity":' * 100_000,
    "the address 30,000 deep": raw(body()).replace(b'"alice@example.org"', b"[" * 30_000 + b"]" * 30_000),
    "no identity": raw({"user": {}}),
    "identity null": raw({"identity": None}),
    "identity a list": raw({"identity": [ID]}),
    "identity a text": raw({"identity": ID}),
    "no id": raw({"identity": {"traits": {"email": "alice@example.org"}}}),
    "id null": raw(body(None)),
    "id a number": raw(body(7)),
    "id a huge number": raw(body(2**128)),
    "id a list": raw(body([ID])),
    "id true": raw(body(True)),
    "id empty": raw(body("")),
    "id no UUID": raw(body("alice")),
    "id too long": raw(body(ID + "0")),
    "id with a NUL": raw(body("\x00" + ID[1:])),
    "id with a newline": raw(body(ID[:-1] + "\n")),
    "id a lone surrogate": raw(body("\ud800" + ID[1:])),
    "a key of a lone surrogate": raw(body() | {"\ud800": 1}),
}


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_webhook_body_is_refused_with_a_reason(content: bytes) -> None:
    with pytest.raises(Refused, match=r"\w+", check=is_for_the_audit):
        parse(content)
    assert_storable(*claimed_identity(content))


REFUSED: dict[str, tuple[str, bytes]] = {
    "NaN as the address": ("no_address", raw(body()).replace(b'"alice@example.org"', b"NaN")),
    "a huge exponent": ("no_address", raw(body()).replace(b'"alice@example.org"', b"1e400000")),
    "no traits": ("no_address", raw({"identity": {"id": ID}})),
    "traits null": ("no_address", raw({"identity": {"id": ID, "traits": None}})),
    "traits a list": ("no_address", raw({"identity": {"id": ID, "traits": ["alice@example.org"]}})),
    "traits a text": ("no_address", raw({"identity": {"id": ID, "traits": "alice@example.org"}})),
    "no address": ("no_address", raw({"identity": {"id": ID, "traits": {}}})),
    "address null": ("no_address", raw(body(email=None))),
    "address a number": ("no_address", raw(body(email=7))),
    "address a list": ("no_address", raw(body(email=["alice@example.org"]))),
    "address an object": ("no_address", raw(body(email={"value": "alice@example.org"}))),
    "address true": ("no_address", raw(body(email=True))),
    "address of 1,001 characters": ("unsafe_local_part", raw(body(email="a" * 989 + "@example.org"))),
    "address a lone surrogate": ("unsafe_local_part", raw(body(email="al\ud800ice@example.org"))),
    "the nil UUID": ("nil_identity", raw(body(NIL))),
    "the nil UUID and no address": ("nil_identity", raw(body(NIL, ""))),
    "an empty address": ("malformed_address", raw(body(email=""))),
    "no @": ("malformed_address", raw(body(email="alice"))),
    "another domain": ("domain_not_served", raw(body(email="alice@example.com"))),
    "an unsafe name": ("unsafe_local_part", raw(body(email="ali%ce@example.org"))),
    "an escaped NUL": ("unsafe_local_part", raw(body(email="al\x00ice@example.org"))),
    "an escaped NUL in the domain": ("malformed_address", raw(body(email="alice@exa\x00mple.org"))),
    "a reserved name": ("reserved_name", raw(body(email="postmaster@example.org"))),
    "the prefix of our mark": ("reserved_name", raw(body(email="postroom-0af7@example.org"))),
    "our mark": ("reserved_name", raw(body(email=f"postroom-{ID}@example.org"))),
}


@pytest.mark.parametrize(("code", "content"), REFUSED.values(), ids=REFUSED.keys())
def test_readable_webhook_that_can_never_succeed_is_refused_with_its_code(code: str, content: bytes) -> None:
    with pytest.raises(Refused, check=lambda error: error.code == code and is_for_the_audit(error)):
        read(content)
    assert_storable(*claimed_identity(content))


@pytest.mark.parametrize("depth", [*range(100, 1200, 100), 5_000, 20_000, 60_000])
@pytest.mark.parametrize("place", ['{"identity":{"id":%s}}', '{"identity":{"traits":%s}}', '{"identity":%s}'])
def test_deeply_nested_webhook_body_is_refused_at_any_depth(depth: int, place: str) -> None:
    """Also at depths near the limit of the interpreter: what can be parsed must not fail later when it is printed."""
    content = (place % ("[" * depth + "]" * depth)).encode()
    with pytest.raises(Refused):
        parse(content)
    assert_storable(*claimed_identity(content))


def test_audit_gets_the_identity_and_address_of_a_refused_body() -> None:
    assert claimed_identity(raw(body(email="ali%ce\n@example.org"))) == (UUID(ID), "ali%ce\n@example.org")
    assert claimed_identity(raw({"identity": {"id": ID}})) == (UUID(ID), None)
    assert claimed_identity(raw(body("alice"))) == (None, "alice@example.org")
    assert claimed_identity(b"{") == (None, None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters()), inner, max_size=3),
    max_leaves=6,
)
TRAITS = st.fixed_dictionaries(
    {"email": JSON | st.text(st.characters()).map("{}@example.org".format)},
    optional={"name": JSON, "display_name": JSON},
)
IDENTITIES = st.fixed_dictionaries({"id": JSON | st.uuids().map(str), "traits": JSON | TRAITS})


@given(st.binary() | st.text(st.characters(codec="utf-8")).map(str.encode))
def test_arbitrary_webhook_bytes_are_refused_and_storable(content: bytes) -> None:
    with pytest.raises(Refused, check=is_for_the_audit):
        parse(content)
    assert_storable(*claimed_identity(content))


@given(JSON | st.fixed_dictionaries({"identity": JSON | IDENTITIES}))
def test_arbitrary_webhook_json_gives_a_mailbox_or_is_refused(content: object) -> None:
    sent = raw(content)
    assert_storable(*claimed_identity(sent))
    try:
        mailbox = read(sent)
    except Refused as error:
        storable = is_for_the_audit(error)
        assert storable
        return
    assert mailbox.domain == "example.org"
    assert mailbox.identity_id != UUID(NIL)
    assert mailbox.display_name is None or mailbox.display_name.isprintable()


def is_for_the_audit(error: Exception) -> bool:
    """PostgreSQL refuses NUL, UTF-8 cannot encode a surrogate, and a newline ends a log line."""
    return str(error).isprintable() and len(str(error)) <= 400


def assert_storable(identity_id: UUID | None, text: str | None) -> None:
    assert text is None or ("\0" not in text and len(text) <= 320)
    assert text is None or text.encode().decode() == text
    assert identity_id is None or isinstance(identity_id, UUID)

"""The document of a person's settings: what is stored, and which other document it replaces."""

import pytest

from postroom.errors import Refused
from postroom.people.person_settings import EMPTY, MAX_DEPTH, Condition, checked, condition_of, document_of, is_known

OLD = document_of('{"theme": "dark"}').etag


def nested(depth: int) -> bytes:
    """An object with arrays inside of each other, of this depth in all."""
    return b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


@pytest.mark.parametrize(
    "raw",
    [
        b"{}",
        b' {\r\n\t"theme" : "dark" } ',
        '{"names": {"überall": "ja", "日本": "🙂"}}'.encode(),
        b'{"a": "\\ud83d\\ude42"}',
        b'{"a": {"a": [{"a": 1}, {"a": 1}]}, "A": null, "": true}',
        b'{"__proto__": {"constructor": 1}}',
        b'{"a": 1e308, "b": -0, "c": 12345678901234567890123, "d": 1E-999, "e": ' + b"9" * 308 + b"}",
        b'{"a": "\\u0001\\u007f\\ufffe <script>"}',
        nested(MAX_DEPTH),
    ],
)
def test_a_document_is_kept_byte_for_byte(raw: bytes) -> None:
    document = checked(raw)
    assert document.text.encode() == raw
    assert document == document_of(raw.decode())


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        # No JSON.
        (b"", "unreadable_body"),
        (b"{", "unreadable_body"),
        (b"{} {}", "unreadable_body"),
        (b"{'a': 1}", "unreadable_body"),
        (b'{"a": 1,}', "unreadable_body"),
        (b'{"a": 01}', "unreadable_body"),
        (b'{"a": .5}', "unreadable_body"),
        (b'{"a": NaN}', "unreadable_body"),
        (b'{"a": -Infinity}', "unreadable_body"),
        (b'{"a": "\n"}', "unreadable_body"),
        (b'{"a": "\0"}', "unreadable_body"),
        (b"\0{}", "unreadable_body"),
        (b'{"a": "\\x00"}', "unreadable_body"),
        (b'{"a": "\\u12"}', "unreadable_body"),
        (b"\xef\xbb\xbf{}", "unreadable_body"),
        ('{"a": 1}'.encode("utf-16"), "unreadable_body"),
        (b'{"a": "\xff"}', "unreadable_body"),
        (b'{"a": "\xed\xa0\x80"}', "unreadable_body"),
        (b'{"a": "\xc0\x80"}', "unreadable_body"),
        (b"\x1f\x8b\x08\x00", "unreadable_body"),
        # JSON that is no document, or that another parser reads differently.
        (b"null", "unfit_settings"),
        (b"[]", "unfit_settings"),
        (b'"{}"', "unfit_settings"),
        (b"7", "unfit_settings"),
        (b'{"a": 1, "a": 1}', "unfit_settings"),
        (b'{"a": 1, "\\u0061": 2}', "unfit_settings"),
        (b'{"a": [{"b": {"c": 1, "c": 1}}]}', "unfit_settings"),
        (b'{"a": "\\ud800"}', "unfit_settings"),
        (b'{"\\udc00": 1}', "unfit_settings"),
        (b'{"a": ["\\ude42\\ud83d"]}', "unfit_settings"),
        (b'{"a": {"b": "x\\u0000"}}', "unfit_settings"),
        (b'{"\\u0000": 1}', "unfit_settings"),
        (b'{"a": 1e309}', "unfit_settings"),
        (b'{"a": -1e999999999999}', "unfit_settings"),
        (b'{"a": ' + b"9" * 60_000 + b"}", "unfit_settings"),
        (nested(MAX_DEPTH + 1), "unfit_settings"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "unfit_settings"),
        (b'{"a":' + b"[" * 30_000 + b"]" * 30_000 + b"}", "unfit_settings"),
    ],
    ids=repr,
)
def test_a_body_that_parsers_may_read_differently_is_refused(raw: bytes, code: str) -> None:
    with pytest.raises(Refused) as refused:
        checked(raw)
    assert refused.value.code == code
    assert len(str(refused.value)) < 120, "it quotes nothing of the body"


def test_equal_documents_have_equal_tags_and_others_do_not() -> None:
    documents = ["{}", "{ }", '{"a":1}', '{"a":1.0}', '{"a":"ä"}']
    assert len({document_of(text).etag for text in documents}) == len(documents)
    assert document_of("{}") == EMPTY
    assert EMPTY.etag.startswith('"'), "strong"


@pytest.mark.parametrize(
    ("if_match", "if_none_match", "expected"),
    [
        (OLD, None, Condition([OLD])),
        (f' {OLD} , "other"', None, Condition([OLD, '"other"'])),
        (f",{OLD},,", None, Condition([OLD])),
        (EMPTY.etag, None, Condition([EMPTY.etag], may_create=True)),
        (f"{OLD}, {EMPTY.etag}", None, Condition([OLD, EMPTY.etag], may_create=True)),
        ('""', None, Condition(['""'])),
        ('"a,b"', None, Condition(['"a,b"'])),
        ("*", None, Condition(any=True)),
        (None, "*", Condition(may_create=True)),
        (None, " * ", Condition(may_create=True)),
        # A weak tag never matches in If-Match.
        (f"W/{OLD}", None, Condition([])),
        (f"W/{EMPTY.etag}", None, Condition([])),
        # Neither, both, or not readable.
        (None, None, None),
        (OLD, "*", None),
        (None, OLD, None),
        ("", None, None),
        (OLD.strip('"'), None, None),
        (f"w/{OLD}", None, None),
        (f"{OLD} {OLD}", None, None),
        (f"{OLD}, *", None, None),
        ("*, *", None, None),
        ('"a b"', None, None),
        ('"a" b"', None, None),
        ("'a'", None, None),
        ('"' * 60_001, None, None),
        ("," * 60_000, None, None),
    ],
)
def test_a_change_must_say_what_it_replaces(
    if_match: str | None, if_none_match: str | None, expected: Condition | None
) -> None:
    if expected:
        assert condition_of(if_match, if_none_match) == expected
    else:
        with pytest.raises(Refused) as refused:
            condition_of(if_match, if_none_match)
        assert refused.value.code == "condition_required"


@pytest.mark.parametrize(
    ("header", "known"),
    [
        (None, False),
        (OLD, True),
        (f'"other", {OLD}', True),
        (f"W/{OLD}", True),
        ("*", True),
        (EMPTY.etag, False),
        (OLD.strip('"'), False),
        ("", False),
    ],
)
def test_a_client_that_names_the_tag_has_the_document(header: str | None, known: bool) -> None:
    assert is_known(OLD, header) == known

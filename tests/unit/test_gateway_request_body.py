"""A request body is I-JSON, and the mail server receives exactly what was checked."""

import json
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.gateway import request_body
from postroom.gateway.request_body import parse
from postroom.http.problems import Problem

ERROR = "urn:ietf:params:jmap:error:"


def body(arguments: str, more: str = "") -> bytes:
    return f'{{"using":["urn:ietf:params:jmap:core"],"methodCalls":[["Core/echo",{arguments},"0"]]{more}}}'.encode()


def refused(raw: bytes, max_calls: int = 3) -> Problem:
    with pytest.raises(Problem) as caught:
        parse(raw, max_calls=max_calls).dump()
    return caught.value


def nested(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


NO_I_JSON: list[bytes] = [
    b"",
    b"{",
    b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}",
    body('{"a":"\\ud800"}'),
    body('{"\\udc00":1}'),
    body('{"a":NaN}'),
    body('{"a":-Infinity}'),
    body('{"a":1e999}'),
    body('{"a":' + "9" * 5000 + "}"),
    body('{"accountId":"b","accountId":"c"}'),
    body('{"accountId":"b","account\\u0049d":"c"}'),
    body('{"x":{"a":1,"a":1}}'),
    body("{}", ',"using":[]'),
    body("{}", ',"methodCalls":[]'),
    body("{}") + b"{}",
    body(nested(99)),
    body(nested(90_000)),
    b'{"using":[],"methodCalls":' + b"[" * 90_000,
    body('{"a":"\x01"}'),
    body('{"a":"').replace(b'"0"', b'"\xc3\x28"'),
]
NO_REQUEST: list[Any] = [
    [],
    "x",
    None,
    {},
    {"using": ["a"]},
    {"methodCalls": []},
    {"using": "a", "methodCalls": []},
    {"using": [1], "methodCalls": []},
    {"using": [], "methodCalls": {}},
    {"using": [], "methodCalls": [[]]},
    {"using": [], "methodCalls": [["a", {}]]},
    {"using": [], "methodCalls": [["a", {}, "0", 1]]},
    {"using": [], "methodCalls": [["a", [], "0"]]},
    {"using": [], "methodCalls": [[1, {}, "0"]]},
    {"using": [], "methodCalls": [["a", {}, 0]]},
    {"using": [], "methodCalls": ["abc"]},
    {"using": [], "methodCalls": [], "createdIds": []},
    {"using": [], "methodCalls": [], "createdIds": {"a": 1}},
]


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        *((raw, "notJSON") for raw in NO_I_JSON),
        *((json.dumps(each).encode(), "notRequest") for each in NO_REQUEST),
    ],
    ids=lambda value: repr(value[:60]),
)
def test_body_that_is_not_i_json_or_not_a_jmap_request_is_rejected(raw: bytes, error: str) -> None:
    found = refused(raw)
    assert (found.status, found.type) == (400, ERROR + error)


def test_too_many_calls_or_parts_get_an_error_with_the_exceeded_limit() -> None:
    calls = [["Core/echo", {}, "0"]] * 4
    problem = refused(json.dumps({"using": [], "methodCalls": calls}).encode())
    assert (problem.type, problem.more) == (ERROR + "limit", {"limit": "maxCallsInRequest"})
    for part in ("[],", "{},"):
        problem = refused(body('{"a":[' + part * 50_000 + "1]}"))
        assert (problem.type, problem.more) == (ERROR + "limit", {"limit": "maxSizeRequest"})
    assert parse(body('{"a":[' + "[]," * 49_000 + "1]}"), max_calls=1)


@pytest.mark.parametrize("text", [",", "[{", '\\",', "\\\\", "ü,"])
def test_text_inside_a_json_string_does_not_count_as_parts(text: str) -> None:
    """A text with many commas is one part."""
    assert parse(body('{"' + text * 2 + '":"' + text * 120_000 + '"}'), max_calls=1)
    problem = refused(body('{"a":["' + text * 100 + '",' + "[]," * 50_000 + "1]}"))
    assert (problem.type, problem.more) == (ERROR + "limit", {"limit": "maxSizeRequest"})


@pytest.mark.parametrize(
    "raw", [b'"' + b'\\"' * 3_000_000, b'"\\' * 3_000_000, b'"' * 5_000_001, b'["' * 40_000 + b"\\"]
)
def test_unterminated_json_string_does_not_slow_down_the_limit_check(raw: bytes) -> None:
    """Each quote might start a string. If each were searched to the end, megabytes of them would take hours."""
    assert refused(raw).type in (ERROR + "notJSON", ERROR + "limit")


def test_body_nested_as_deeply_as_a_filter_may_be_is_forwarded() -> None:
    raw = body(nested(90))
    assert parse(raw, max_calls=1).dump() == raw


def test_unknown_members_of_a_jmap_request_are_not_forwarded() -> None:
    assert b"accountId" not in parse(body("{}", ',"accountId":"c"'), max_calls=1).dump()


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    # Without lone surrogates, which are refused.
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)


@given(VALUES)
def test_forwarded_request_is_equivalent_to_the_received_one(value: Any) -> None:
    request = {
        "using": ["urn:ietf:params:jmap:core"],
        "methodCalls": [["Core/echo", {"x": value}, "0"]],
        "createdIds": {"a": "b"},
    }
    for raw in (json.dumps(request).encode(), json.dumps(request, ensure_ascii=False).encode()):
        assert json.loads(parse(raw, max_calls=1).dump()) == request


def parts_of(value: Any) -> int:
    """Count its brackets and commas one by one."""
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(len(inner) - 1, 0) + sum(map(parts_of, inner))


@given(
    st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])) | st.text('",[{\\'), VALUES | st.text('",[{\\'))
)
def test_json_parts_are_counted_exactly(value: Any) -> None:
    raw = json.dumps({"using": [], "methodCalls": [], "x": value}).encode()
    parts = parts_of(json.loads(raw))
    with patch.object(request_body, "MAX_PARTS", parts):
        parse(raw, max_calls=1)
    with patch.object(request_body, "MAX_PARTS", parts - 1):
        assert refused(raw).type == ERROR + "limit"

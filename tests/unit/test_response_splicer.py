"""The responses to refused calls are spliced into the response of the mail server."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.gateway.response_splicer import Refusal, ResponseSplicer, placeholder

REFUSED: dict[int, Refusal] = {
    1: ("error", {"type": "forbidden", "description": "ü"}),
    3: ("PushSubscription/set", {"notCreated": {"a": {"type": "forbidden"}}}),
}


def woven(raw: bytes, *cuts: int) -> bytes:
    weaving = ResponseSplicer(REFUSED)
    places = [0, *sorted(cuts), len(raw)]
    chunks = [raw[start:end] for start, end in pairwise(places)]
    return b"".join([*map(weaving.feed, chunks), weaving.rest()])


def answer(*responses: Any) -> dict[str, Any]:
    return {"methodResponses": list(responses), "sessionState": "s"}


ANSWER = answer(["Email/get", {"list": [{"id": "x" * 400}]}, "0"], [*placeholder(1), "1"], [*placeholder(3), "3"])
WOVEN = answer(ANSWER["methodResponses"][0], [*REFUSED[1], "1"], [*REFUSED[3], "3"])


@pytest.mark.parametrize(
    "raw",
    [
        json.dumps(ANSWER),
        json.dumps(ANSWER, separators=(",", ":")),
        json.dumps(ANSWER, indent=16),
        json.dumps(ANSWER).replace("Core/echo", "Core\\/echo"),
    ],
)
def test_response_splicer_works_for_any_json_formatting_and_chunking(raw: str) -> None:
    for size in (1, 2, 60, len(raw)):
        assert json.loads(woven(raw.encode(), *range(size, len(raw), size))) == WOVEN, size
    for cut in range(raw.index("refused") - 100, len(raw)):
        assert json.loads(woven(raw.encode(), cut)) == WOVEN, cut


def test_response_splicer_buffers_at_most_256_bytes() -> None:
    weaving = ResponseSplicer(REFUSED)
    passed = 0
    for count, byte in enumerate(json.dumps(answer(["Email/get", {"x": "y" * 10_000}, "0"])).encode(), 1):
        passed += len(weaving.feed(bytes([byte])))
        assert passed >= count - 256


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_response_without_rejected_calls_is_passed_on_unchanged(value: Any) -> None:
    raw = json.dumps(answer(["Core/echo", {"a": value}, "0"], [*placeholder(2), "2"])).encode()
    assert woven(raw) == raw


def test_mail_content_cannot_forge_an_error_response() -> None:
    """The text of a mail is a JSON string, in which each quote is escaped."""
    forged = json.dumps([*placeholder(1), "1"])
    raw = json.dumps(answer(["Email/get", {"list": [{"subject": forged, "keywords": {forged: True}}]}, "0"])).encode()
    assert woven(raw) == raw


def test_response_with_an_invalid_refused_call_index_is_left_unchanged() -> None:
    for number in ("1.0", "01", "-1", "1e0", "99999999999999999999", "true", '"1"'):
        raw = b'["Core/echo",{"urn:postroom:refused":%s},"0"]' % number.encode()
        assert woven(raw) == raw

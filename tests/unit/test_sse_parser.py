"""Server-sent events, in chunks of any size (WHATWG HTML §9.2)."""

import re
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from postroom.jmap.errors import Unreadable
from postroom.jmap.sse_parser import LONGEST, LONGEST_RETRY, Event, SseParser


def events_of(content: bytes, **state: object) -> list[Event]:
    return SseParser(**state).feed(content)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "events"),
    [
        (b"data: x\n\n", [Event("message", "x")]),
        (b"data:x\n\n", [Event("message", "x")]),
        (b"data:  x\n\n", [Event("message", " x")]),
        (b"data: x\r\n\r\n", [Event("message", "x")]),
        (b"data: x\r\r", [Event("message", "x")]),
        (b"data: x\r\n\n", [Event("message", "x")]),
        (b"event: state\ndata: {}\n\n", [Event("state", "{}")]),
        (b"data: 1\nevent: a\n\ndata: 2\n\n", [Event("a", "1"), Event("message", "2")]),
        (b"data: a\ndata:\ndata: b\n\n", [Event("message", "a\n\nb")]),
        (b"data\n\n", [Event("message", "")]),
        (b"data:\n\n", [Event("message", "")]),
        (b"event: state\n\ndata: x\n\n", [Event("message", "x")]),
        (b": comment\ndata: x\n:\n\n", [Event("message", "x")]),
        (b"\xef\xbb\xbfdata: x\n\n", [Event("message", "x")]),
        (b"data: x\n\n\xef\xbb\xbfdata: y\n\n", [Event("message", "x")]),
        (b"id: 1\ndata: x\n\ndata: y\n\n", [Event("message", "x", "1"), Event("message", "y", "1")]),
        (b"id: 1\n\ndata: y\n\n", [Event("message", "y", "1")]),
        (b"id: 1\ndata: x\n\nid\ndata: y\n\n", [Event("message", "x", "1"), Event("message", "y")]),
        (b"id: a\0b\ndata: x\n\n", [Event("message", "x")]),
        (b"data: x", []),
        (b"data: x\n", []),
        (b"foo: x\nData: y\n\n", []),
        (b"data: a\x0bb\x0c\xc2\x85\xe2\x80\xa8c\n\n", [Event("message", "a\x0bb\x0c\x85\u2028c")]),
        (b"data: \xff\xc3\n\n", [Event("message", "\ufffd\ufffd")]),
        (b"\n\n\n\n", []),
    ],
    ids=range(25),
)
def test_sse_parser_reads_each_form_of_event(content: bytes, events: list[Event]) -> None:
    assert events_of(content) == events


@pytest.mark.parametrize(
    ("field", "seconds"),
    [
        (b"retry: 1500", 1.5),
        (b"retry:0", 0),
        (b"retry: -1", None),
        (b"retry: 1.5", None),
        (b"retry", None),
        ("retry: ٣".encode(), None),
        (b"retry: 299999", 299.999),
        (b"retry: " + b"9" * 5000, LONGEST_RETRY),
    ],
)
def test_sse_retry_field_is_a_number_of_milliseconds(field: bytes, seconds: float | None) -> None:
    stream = SseParser()
    stream.feed(field + b"\n\n")
    assert stream.retry == seconds


def test_sse_event_id_takes_effect_at_the_end_of_its_event() -> None:
    """After a broken connection the incomplete event must be requested again."""
    stream = SseParser(last_id="7")
    stream.feed(b"id: 8\ndata: x\n")
    assert stream.last_id == "7"
    stream.feed(b"\n")
    assert stream.last_id == "8"


ENDS = [b"\r", b"\n", b"\r\n"]
WORDS = [b"data", b"data: ", b"event: ", b"id: ", b"retry: ", b":", b" ", b"x", b"12"]
BYTES = [b"\xef\xbb\xbf", b"\0", b"\xc3", b"\xbc", b"\xff", "ü€😀".encode()]
PIECES = st.sampled_from([*ENDS, *WORDS, *BYTES])
LINES = st.lists(PIECES, max_size=3).map(b"".join) | st.sampled_from(
    [b"", b"data: x", b"data:y", b"event: a", b"id: 7"]
)
ENDED = st.tuples(LINES, st.sampled_from(ENDS)).map(b"".join)
STREAMS = st.lists(ENDED, max_size=20).map(b"".join) | st.lists(PIECES, max_size=40).map(b"".join)


@given(STREAMS, st.lists(st.integers(0, 60)))
@example(b"data: x\r\ndata: y\r\n\r\n", [8])
@example("data: ü\n\n".encode(), [7])
@example(b"\xef\xbb\xbfdata: x\n\n", [1, 2])
def test_sse_parser_gives_the_same_events_for_any_chunks(content: bytes, cuts: list[int]) -> None:
    stream, found = SseParser(), list[Event]()
    places = sorted({0, *(cut for cut in cuts if cut < len(content)), len(content)})
    for start, end in pairwise(places):
        found += stream.feed(content[start:end])
    at_once = SseParser()
    assert found == at_once.feed(content)
    assert (stream.last_id, stream.retry) == (at_once.last_id, at_once.retry)


def model(content: bytes) -> list[Event]:
    """The rules of the specification, applied to the complete stream at once."""
    lines = re.split("\r\n|\n|\r", content.decode("utf-8", "replace").removeprefix("\ufeff"))[:-1]
    events: list[Event] = []
    data, kind, last_id = "", "", ""
    for line in lines:
        if line == "":
            if data:
                events.append(Event(kind or "message", data.removesuffix("\n"), last_id))
            data, kind = "", ""
            continue
        name, colon, value = line.partition(":")
        value = value[1:] if colon and value.startswith(" ") else value
        if name == "data":
            data += value + "\n"
        elif name == "event":
            kind = value
        elif name == "id" and "\0" not in value:
            last_id = value
    return events


@given(STREAMS)
def test_sse_parser_agrees_with_a_model_of_the_specification(content: bytes) -> None:
    content += b"\n\ndata: the last\n\n"
    assert events_of(content) == model(content) != []


@pytest.mark.parametrize("chunk", [b"x" * 65536, b"data: " + b"x" * 65536 + b"\n"], ids=["a line", "an event"])
def test_endless_sse_event_is_unreadable(chunk: bytes) -> None:
    stream = SseParser()
    for _ in range(LONGEST // len(chunk)):
        stream.feed(chunk)
    with pytest.raises(Unreadable):
        stream.feed(chunk + chunk)


def test_many_short_events_do_not_count_as_an_endless_one() -> None:
    stream = SseParser()
    for _ in range(40):
        assert len(stream.feed(b"data: " + b"x" * 65536 + b"\n\n")) == 1

"""The event source: the query sent to the server, and which events are passed on."""

import pytest

from postroom.gateway.event_source_filter import AccountEventFilter, last_event_id, query_of, silence
from postroom.http.problems import Problem
from postroom.jmap.sse_parser import LONGEST

PING = b'event: ping\ndata: {"interval": 60000}\n\n'
OWN = b'event: state\ndata: {"@type":"StateChange","changed":{"b":{"Email":"sbq"}}}\n\n'
FOREIGN = OWN.replace(b'"b"', b'"c"')
BOTH = b'id: 46\nevent: state\ndata: {"@type":"StateChange","changed":{"b":{"Email":"1"},"c":{"Email":"2"}}}\n\n'
BOTH_KEPT = b'id: 46\nevent: state\ndata: {"@type":"StateChange","changed":{"b":{"Email":"1"}}}\n\n'


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (PING, PING),
        (OWN, OWN),
        (FOREIGN, b""),
        (FOREIGN + OWN + FOREIGN + PING, OWN + PING),
        (BOTH, BOTH_KEPT),
        (OWN.replace(b"\n", b"\r\n"), OWN),
        (OWN.replace(b"\n\n", b"\n\r\n") + PING, OWN + PING),
        (OWN.replace(b"\n\n", b"\r\n\n") + PING, OWN + PING),
        (OWN.replace(b"\n\n", b"\r\r\n") + PING, OWN + PING),
        (OWN.replace(b"\n\n", b"\n\r") + PING, OWN + PING),
        (b"\xef\xbb\xbf" + OWN, OWN),
        (b": still there\n\n", b":\n\n"),
        (b'event: calendarAlert\ndata: {"accountId":"b"}\n\n', b""),
        (b"data: x\n\n", b""),
        (b"event: state\ndata: nonsense\n\n", b""),
        (b"event: state\ndata: []\n\n", b""),
        (b'event: state\ndata: {"changed":[]}\n\n', b""),
        (b"retry: 1\n\n", b""),
        (
            b'event: state\ndata: {"changed":\ndata: {"b":{}},"of":"c"}\n\n',
            b'event: state\ndata: {"@type":"StateChange","changed":{"b":{}}}\n\n',
        ),
        (b'event: state\ndata: {"changed":\ndata: {"c":{}}}\n\n', b""),
        (b"\n\n\n\n", b""),
    ],
)
def test_event_source_passes_on_only_pings_and_changes_of_the_own_account(sent: bytes, kept: bytes) -> None:
    assert AccountEventFilter("b").feed(sent) == kept


def test_event_source_filter_passes_on_only_complete_events() -> None:
    events = AccountEventFilter("b")
    assert events.feed(OWN[:-1]) == b""
    assert events.feed(OWN[-1:]) == OWN


def test_endless_event_is_a_502_problem() -> None:
    with pytest.raises(Problem) as caught:
        AccountEventFilter("b").feed(b"x" * (LONGEST + 1))
    assert caught.value.status == 502


@pytest.mark.parametrize(
    ("asked", "query"),
    [
        ({"types": "*"}, "types=*&closeafter=no&ping=0"),
        (
            {"types": "Email,Mailbox", "closeafter": "state", "ping": "60"},
            "types=Email,Mailbox&closeafter=state&ping=60",
        ),
        ({"types": "*", "ping": "999999999"}, "types=*&closeafter=no&ping=3600"),
        ({"types": "*", "other": "x"}, "types=*&closeafter=no&ping=0"),
    ],
)
def test_event_source_query_has_known_parameters_with_defaults_and_limits(asked: dict[str, str], query: str) -> None:
    assert query_of(asked)[0] == query


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"types": ""},
        {"types": "Email,"},
        {"types": "Email&ping=1"},
        {"types": "Email\r\nX: y"},
        {"types": ",".join(["Email"] * 33)},
        {"types": "*", "closeafter": "never"},
        {"types": "*", "closeafter": ""},
        {"types": "*", "ping": "-1"},
        {"types": "*", "ping": "x"},
        {"types": "*", "ping": "٣"},
        {"types": "*", "ping": "1" * 10},
    ],
)
def test_event_source_rejects_other_parameters(asked: dict[str, str]) -> None:
    with pytest.raises(Problem) as caught:
        query_of(asked)
    assert caught.value.status == 400


def test_last_event_id_that_is_not_short_plain_text_is_ignored() -> None:
    assert last_event_id("46:x") == "46:x"
    for stated in (None, "", "a b", "a\r\nX: y", "é", "x" * 201):
        assert last_event_id(stated) is None


def test_allowed_silence_is_more_than_twice_the_ping_interval_of_the_server() -> None:
    assert silence(0) == 0
    assert silence(1) > 2 * 30
    assert silence(300) > 2 * 300

"""Waiting requests are compared with the members in Redis by identity and time, not byte by byte."""

from datetime import timedelta
from uuid import uuid4

from fakes import START, request_of
from postroom.domain.comparison import foreign, missing, written_otherwise
from postroom.domain.member import RetryJob
from postroom.domain.request import Request, State

UNREADABLE = "what is this?"


def waiting() -> Request:
    return request_of(uuid4(), state=State.WAITING, holder=None)


def member_of(request: Request) -> str:
    return RetryJob.of(request).to_json()


def test_only_a_waiting_request_without_a_member_is_missing() -> None:
    there, absent = waiting(), waiting()
    assert missing([there, absent], [UNREADABLE, member_of(there)]) == [absent]


def test_member_that_is_unreadable_or_without_a_waiting_request_is_foreign() -> None:
    request, stranger = waiting(), member_of(waiting())
    assert foreign([request], [member_of(request), stranger, UNREADABLE]) == [stranger, UNREADABLE]


def test_member_of_an_earlier_settle_matches_no_request() -> None:
    request = waiting()
    earlier = member_of(request_of(request.identity_id, enqueued_at=START - timedelta(microseconds=1)))
    assert (missing([request], [earlier]), foreign([request], [earlier])) == ([request], [earlier])


def test_member_in_another_format_is_the_same_member() -> None:
    """Another version of Postroom may write the member differently. That is no reason to replace it."""
    request = waiting()
    spaced = member_of(request).replace(",", ", ")
    assert (missing([request], [spaced]), foreign([request], [spaced])) == ([], [])
    assert written_otherwise([request], [spaced, member_of(request)]) == [spaced]

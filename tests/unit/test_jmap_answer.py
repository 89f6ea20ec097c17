"""Answers: each response to its call, each error by its type, and whether anything may have changed."""

from typing import Any

import pytest

from postroom.errors import PostroomError
from postroom.jmap.answer import Answer, Reply, seconds
from postroom.jmap.errors import (
    CannotCalculateChanges,
    HttpError,
    JmapError,
    Limited,
    MethodError,
    NotAnswered,
    NotSent,
    RequestError,
    SetErrors,
    StateMismatch,
    Unauthorized,
    Unreadable,
)
from scripted_jmap import limited, problem

URN = "urn:ietf:params:jmap:error:"


def error_of(status: int, kind: str = "about:blank", **more: Any) -> HttpError:
    answer = problem(status, kind, **more)
    with pytest.raises(HttpError) as raised:
        Reply(answer.status_code, answer.headers, answer.content).success()
    assert "secret echo" not in str(raised.value), "the detail of a problem echoes our request"
    return raised.value


@pytest.mark.parametrize("kind", ["notJSON", "notRequest", "unknownCapability"])
def test_a_request_refused_as_a_whole_changed_nothing_and_is_not_repeated(kind: str) -> None:
    error = error_of(400, URN + kind)
    assert type(error) is RequestError
    assert (error.type, error.never_applied, error.temporary) == (kind, True, False)


@pytest.mark.parametrize("limit", ["maxSizeRequest", "maxCallsInRequest"])
def test_a_limit_that_the_request_itself_exceeds_does_not_pass_by_waiting(limit: str) -> None:
    error = error_of(400, f"{URN}limit", limit=limit)
    assert type(error) is RequestError
    assert (error.limit, error.never_applied, error.temporary) == (limit, True, False)


@pytest.mark.parametrize("limit", ["maxConcurrentRequests", "maxConcurrentUpload"])
def test_a_400_limit_on_concurrency_is_throttling(limit: str) -> None:
    answer = limited(limit)
    with pytest.raises(Limited) as raised:
        Reply(answer.status_code, answer.headers, answer.content).success()
    assert (raised.value.never_applied, raised.value.temporary) == (True, True)


@pytest.mark.parametrize(
    ("status", "kind", "never_applied", "temporary"),
    [
        (301, HttpError, True, False),
        (401, Unauthorized, True, False),
        (403, HttpError, True, False),
        (404, HttpError, True, False),
        (408, HttpError, False, True),
        (413, HttpError, True, False),
        (429, Limited, True, True),
        (500, HttpError, False, False),
        (502, HttpError, False, True),
        (503, HttpError, False, True),
        (504, HttpError, False, True),
    ],
)
def test_a_status_says_whether_anything_may_have_changed(
    status: int, kind: type[HttpError], never_applied: bool, temporary: bool
) -> None:
    error = error_of(status)
    assert type(error) is kind
    assert (error.status, error.never_applied, error.temporary) == (status, never_applied, temporary)


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_kept(status: int) -> None:
    assert error_of(status, retry_after="17").retry_after == 17


@pytest.mark.parametrize(("value", "kept"), [("3600", 3600), ("3601", 3600), ("999999999999", 3600), ("1e300", 3600)])
def test_a_retry_after_counts_for_an_hour_at_most(value: str, kept: float) -> None:
    assert seconds(value) == kept


@pytest.mark.parametrize("value", [None, "", "soon", "-1", "inf", "nan", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_a_retry_after_that_is_no_number_of_seconds_is_none(value: str | None) -> None:
    assert seconds(value) is None


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b"{}", b"null", b"[" * 100_000, b"\xff"])
def test_a_success_without_a_json_object_is_unreadable(content: bytes) -> None:
    with pytest.raises(Unreadable) as raised:
        Reply(200, {}, content).success()
    assert not raised.value.never_applied


@pytest.mark.parametrize("kind", [None, 5, ["urn"], {}, "x" * 100_000, "urn:\r\nforged log line"])
def test_a_problem_of_nonsense_is_an_http_error_in_short_words(kind: Any) -> None:
    error = error_of(400, kind)
    assert len(str(error)) < 400
    assert str(error).isprintable()


def read(*responses: Any, **more: Any) -> Answer:
    return Answer.read({"methodResponses": list(responses), "sessionState": "s", **more})


def test_responses_are_matched_by_the_ids_of_their_calls() -> None:
    answer = read(["B/get", {"x": 2}, "1"], ["A/get", {"x": 1}, "0"])
    assert (answer.of("0"), answer.of("1"), answer.session_state) == ({"x": 1}, {"x": 2}, "s")


def test_implicit_responses_stand_beside_the_explicit_one() -> None:
    """RFC 8621 §7.5: the Email/set of a submission carries the same call id."""
    answer = read(["EmailSubmission/set", {"created": {}}, "0"], ["Email/set", {"updated": {}}, "0"])
    assert answer.of("0") == {"created": {}}
    assert [name for name, _ in answer.all("0")] == ["EmailSubmission/set", "Email/set"]


def test_a_call_without_a_response_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        read(["A/get", {}, "0"]).of("1")


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"methodResponses": None},
        {"methodResponses": {}},
        {"methodResponses": [None]},
        {"methodResponses": [["A/get", {}]]},
        {"methodResponses": [["A/get", None, "0"]]},
        {"methodResponses": [["A/get", {}, 0]]},
        {"methodResponses": [["A/get", {}, "0", "more"]]},
    ],
)
def test_an_answer_of_another_shape_is_unreadable(content: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        Answer.read(content)


@pytest.mark.parametrize(
    ("kind", "error", "never_applied"),
    [
        ("stateMismatch", StateMismatch, True),
        ("cannotCalculateChanges", CannotCalculateChanges, True),
        ("invalidArguments", MethodError, True),
        ("unknownMethod", MethodError, True),
        ("accountNotFound", MethodError, True),
        ("somethingOf2031", MethodError, True),
        ("serverFail", MethodError, False),
        ("serverPartialFail", MethodError, False),
        ("serverUnavailable", MethodError, False),
    ],
)
def test_an_error_of_a_call_has_its_type(kind: str, error: type[MethodError], never_applied: bool) -> None:
    answer = read(["A/get", {}, "0"], ["error", {"type": kind, "description": "in\nwords"}, "1"])
    assert answer.of("0") == {}, "other calls stand for themselves"
    with pytest.raises(MethodError, match=kind) as raised:
        answer.of("1")
    assert type(raised.value) is error
    assert (raised.value.never_applied, raised.value.description) == (never_applied, "in words")


def test_an_error_without_a_type_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        read(["error", {}, "0"]).of("0")


def test_objects_that_were_refused_are_told_by_their_ids() -> None:
    arguments = {
        "created": None,
        "notCreated": {"c": {"type": "overQuota", "description": "full"}},
        "notUpdated": None,
        "notDestroyed": {"d": {"type": "notFound"}},
    }
    with pytest.raises(SetErrors) as raised:
        read(["Email/set", arguments, "0"]).done("0")
    assert {key: error.type for key, error in raised.value.errors.items()} == {"c": "overQuota", "d": "notFound"}
    assert raised.value.never_applied
    assert raised.value.errors["c"].never_applied


@pytest.mark.parametrize("place", ["created", "updated", "destroyed"])
def test_where_others_succeeded_something_changed(place: str) -> None:
    done = {place: ["e"] if place == "destroyed" else {"e": None}, "notUpdated": {"c": {"type": "forbidden"}}}
    with pytest.raises(SetErrors) as raised:
        read(["Email/set", done, "0"]).done("0")
    assert not raised.value.never_applied


def test_a_set_in_which_all_succeeded_is_done() -> None:
    arguments = {"created": {"c": {"id": "1"}}, "notCreated": None, "notUpdated": {}}
    assert read(["Email/set", arguments, "0"]).done("0") == arguments


@pytest.mark.parametrize("found", [5, [], ["c"], {"c": None}, {"c": "no"}])
def test_set_errors_of_nonsense_are_never_taken_for_success(found: object) -> None:
    with pytest.raises((Unreadable, SetErrors)):
        read(["Email/set", {"notCreated": found}, "0"]).done("0")


def test_every_error_is_one_of_postroom() -> None:
    assert issubclass(JmapError, PostroomError)
    assert (NotSent.never_applied, NotAnswered.never_applied) == (True, False)

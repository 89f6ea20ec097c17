"""Responses: each is matched to its call, each error has its type, and is temporary or not."""

from typing import Any

import httpx2
import pytest

from postroom.jmap.errors import HttpError, MethodError, RateLimited, Unauthorized, Unreadable
from postroom.jmap.response import JmapResponse, MethodResponses, seconds
from scripted_jmap import limited, problem

URN = "urn:ietf:params:jmap:error:"


def error_of(answer: httpx2.Response) -> HttpError:
    with pytest.raises(HttpError) as raised:
        JmapResponse(answer.status_code, answer.headers, answer.content).success()
    assert "secret echo" not in str(raised.value), "the detail of a problem echoes our request"
    return raised.value


@pytest.mark.parametrize("kind", ["notJSON", "notRequest", "unknownCapability"])
def test_request_level_jmap_error_is_not_temporary(kind: str) -> None:
    error = error_of(problem(400, URN + kind))
    assert (type(error), error.type, error.temporary) == (HttpError, kind, False)


@pytest.mark.parametrize("limit", ["maxSizeRequest", "maxCallsInRequest"])
def test_limit_exceeded_by_the_request_itself_is_not_temporary(limit: str) -> None:
    error = error_of(problem(400, f"{URN}limit", limit=limit))
    assert (type(error), error.temporary) == (HttpError, False)
    assert limit in str(error)


@pytest.mark.parametrize(
    ("status", "kind", "temporary"),
    [
        (301, HttpError, False),
        (401, Unauthorized, False),
        (403, HttpError, False),
        (404, HttpError, False),
        (408, HttpError, True),
        (413, HttpError, False),
        (429, RateLimited, True),
        (500, HttpError, False),
        (502, HttpError, True),
        (503, HttpError, True),
        (504, HttpError, True),
    ],
)
def test_http_status_says_whether_the_error_is_temporary(status: int, kind: type[HttpError], temporary: bool) -> None:
    error = error_of(problem(status, retry_after="17"))
    assert (type(error), error.status, error.temporary, error.retry_after) == (kind, status, temporary, 17)


def test_400_for_a_concurrency_limit_counts_as_throttling() -> None:
    error = error_of(limited())
    assert (isinstance(error, RateLimited), error.temporary) == (True, True)


NO_SECONDS = (None, "", "soon", "-1", "inf", "nan", "Wed, 21 Oct 2026 07:28:00 GMT")


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("3600", 3600),
        *((value, 3600) for value in ("3601", "999999999999", "1e300")),
        *((value, None) for value in NO_SECONDS),
    ],
)
def test_retry_after_is_limited_to_one_hour_and_ignored_if_it_is_not_a_number_of_seconds(
    value: str | None, kept: float | None
) -> None:
    assert seconds(value) == kept


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b"{}", b"null", b"[" * 100_000, b"\xff"])
def test_success_response_without_a_json_object_is_unreadable(content: bytes) -> None:
    with pytest.raises(Unreadable):
        JmapResponse(200, {}, content).success()


@pytest.mark.parametrize("kind", [None, 5, ["urn"], {}, "x" * 100_000, "urn:\r\nforged log line"])
def test_malformed_jmap_problem_becomes_an_http_error_with_a_short_text(kind: Any) -> None:
    error = error_of(problem(400, kind))
    assert len(str(error)) < 400
    assert str(error).isprintable()


def read(*responses: Any, **more: Any) -> MethodResponses:
    return MethodResponses.read({"methodResponses": list(responses), "sessionState": "s", **more})


def test_method_responses_are_matched_by_call_id() -> None:
    answer = read(["B/get", {"x": 2}, "1"], ["A/get", {"x": 1}, "0"])
    assert (answer.of(0), answer.of(1), answer.session_state) == ({"x": 1}, {"x": 2}, "s")


@pytest.mark.parametrize(("answer", "call"), [(["A/get", {}, "0"], 1), (["error", {}, "0"], 0)])
def test_a_call_without_a_response_or_with_an_error_without_a_type_is_unreadable(answer: list[Any], call: int) -> None:
    with pytest.raises(Unreadable):
        read(answer).of(call)


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
def test_response_of_another_shape_is_unreadable(content: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        MethodResponses.read(content)


def test_method_error_has_its_type_and_affects_no_other_call() -> None:
    answer = read(["A/get", {}, "0"], ["error", {"type": "somethingOf2031", "description": "in\nwords"}, "1"])
    assert answer.of(0) == {}, "other calls are not affected"
    with pytest.raises(MethodError, match="somethingOf2031") as raised:
        answer.of(1)
    assert (raised.value.type, raised.value.description) == ("somethingOf2031", "in words")

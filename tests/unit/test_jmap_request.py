"""Requests: what goes over the wire, and in how many parts."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.jmap.answer import Answer
from postroom.jmap.capability import only_reads
from postroom.jmap.errors import MethodError, TooLarge
from postroom.jmap.parts import joined, parts_of
from postroom.jmap.request import Call, Ref, Request, body_of, using_of
from postroom.jmap.session import Limits

CORE, MAIL = "urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"
SUBMISSION = "urn:ietf:params:jmap:submission"


def sent(request: Request) -> dict[str, Any]:
    return json.loads(body_of(request.calls, request.using))


@pytest.mark.parametrize(
    ("method", "capability"),
    [
        ("Core/echo", None),
        ("PushSubscription/get", None),
        ("Blob/copy", None),
        ("Blob/upload", "urn:ietf:params:jmap:blob"),
        ("Mailbox/get", MAIL),
        ("Thread/changes", MAIL),
        ("Email/queryChanges", MAIL),
        ("SearchSnippet/get", MAIL),
        ("Identity/get", SUBMISSION),
        ("EmailSubmission/set", SUBMISSION),
        ("VacationResponse/set", "urn:ietf:params:jmap:vacationresponse"),
        ("Quota/get", "urn:ietf:params:jmap:quota"),
        ("SieveScript/set", "urn:ietf:params:jmap:sieve"),
        ("x:Account/set", "urn:stalwart:jmap"),
    ],
)
def test_a_request_uses_the_capabilities_of_its_methods_and_no_other(method: str, capability: str | None) -> None:
    assert using_of([Call("0", method, {})]) == [CORE, *([capability] if capability else [])]


def test_a_submission_that_changes_the_mail_uses_mail_too() -> None:
    """RFC 8621 §7.5: its implicit Email/set."""
    call = Call("0", "EmailSubmission/set", {"onSuccessUpdateEmail": {"#s": {}}})
    assert using_of([call]) == [CORE, SUBMISSION, MAIL]


def test_further_capabilities_are_used_where_they_are_named() -> None:
    request = Request(using=["https://example.org/more", MAIL])
    request.add("Email/get", {})
    assert sent(request)["using"] == [CORE, MAIL, "https://example.org/more"]


def test_a_method_of_an_unknown_type_is_our_bug() -> None:
    with pytest.raises(ValueError, match="Unheard/get"):
        using_of([Call("0", "Unheard/get", {})])


def test_a_reference_is_sent_under_the_name_with_a_hash() -> None:
    request = Request()
    query = request.add("Email/query", {"accountId": "a"})
    request.add("Email/get", {"accountId": "a", "ids": query.ref("/ids"), "properties": ["id"]})
    reference = {"resultOf": "0", "name": "Email/query", "path": "/ids"}
    assert sent(request)["methodCalls"] == [
        ["Email/query", {"accountId": "a"}, "0"],
        ["Email/get", {"accountId": "a", "#ids": reference, "properties": ["id"]}, "1"],
    ]


@pytest.mark.parametrize("method", ["Email/get", "Email/query", "Email/changes", "Email/parse", "Core/echo", "x:A/get"])
def test_what_only_reads_may_be_asked_twice(method: str) -> None:
    assert only_reads(method)


@pytest.mark.parametrize(
    "method", ["Email/set", "Email/import", "Email/copy", "Blob/upload", "x:A/set", "Email/new", "get"]
)
def test_what_may_change_something_may_not(method: str) -> None:
    assert not only_reads(method)


def gets(n: int) -> list[Call]:
    return [Call(str(place), "Email/get", {"ids": ["a"]}) for place in range(n)]


@pytest.mark.parametrize(("n", "sizes"), [(0, []), (1, [1]), (4, [4]), (5, [4, 1]), (8, [4, 4]), (9, [4, 4, 1])])
def test_calls_are_parted_at_the_limit_of_the_server(n: int, sizes: list[int]) -> None:
    assert [len(each) for each in parts_of(gets(n), Limits(max_calls_in_request=4)).requests] == sizes


def test_calls_that_refer_to_one_another_stay_together() -> None:
    calls = [*gets(3), Call("3", "Email/query", {}), Call("4", "Email/get", {"ids": Ref("3", "Email/query", "/ids")})]
    parts = parts_of(calls, Limits(max_calls_in_request=4))
    assert [[call.id for call in each] for each in parts.requests] == [["0", "1", "2"], ["3", "4"]]


@pytest.mark.parametrize(
    "later",
    [
        {"create": {"d": {"mailboxIds": {"#m": True}}}},
        {"ids": ["#m"]},
        {"update": {"x": {"parentId": "#m"}}},
        {"onSuccessUpdateEmail": {"#m": {}}},
    ],
    ids=["key", "list", "value", "submission"],
)
def test_calls_that_need_an_object_made_before_stay_with_it(later: dict[str, Any]) -> None:
    """A creation id is known within its request only (RFC 8620 §5.3)."""
    calls = [*gets(1), Call("1", "Mailbox/set", {"create": {"m": {}}}), Call("2", "Email/set", later)]
    parts = parts_of(calls, Limits(max_calls_in_request=2))
    assert [[call.id for call in each] for each in parts.requests] == [["0"], ["1", "2"]]


def test_more_calls_that_belong_together_than_fit_are_refused() -> None:
    calls = [Call("0", "Email/query", {})]
    calls += [Call(str(n), "Email/get", {"ids": Ref("0", "Email/query", "/ids")}) for n in range(1, 4)]
    with pytest.raises(TooLarge) as raised:
        parts_of(calls, Limits(max_calls_in_request=3))
    assert (raised.value.limit, raised.value.never_applied) == ("maxCallsInRequest", True)


@given(st.lists(st.integers(0, 6), max_size=24), st.integers(1, 6))
def test_parts_keep_the_order_fit_the_limit_and_cut_no_reference(distances: list[int], most: int) -> None:
    calls: list[Call] = []
    for place, distance in enumerate(distances):
        target = place - distance
        near = 0 <= target < place
        calls.append(Call(str(place), "Email/get", {"ids": Ref(str(target), "Email/get", "/x")} if near else {}))
    try:
        requests = parts_of(calls, Limits(max_calls_in_request=most)).requests
    except TooLarge:
        return
    assert [call for each in requests for call in each] == calls
    for each in requests:
        assert 0 < len(each) <= most
        ids = {call.id for call in each}
        refs = [value.result_of for call in each for value in call.arguments.values() if isinstance(value, Ref)]
        assert ids.issuperset(refs)


def test_more_ids_than_one_get_may_have_are_asked_in_chunks() -> None:
    call = Call("0", "Email/get", {"accountId": "a", "ids": list("abcdefg"), "properties": ["id"]})
    parts = parts_of([call], Limits(max_objects_in_get=3))
    asked = [each.arguments for each in parts.requests[0]]
    assert [each["ids"] for each in asked] == [["a", "b", "c"], ["d", "e", "f"], ["g"]]
    assert all(each["properties"] == ["id"] for each in asked)


def test_an_id_asked_for_twice_is_in_one_chunk_only() -> None:
    """RFC 8620 §5.1: it is answered once."""
    call = Call("0", "Email/get", {"ids": list("abcabd")})
    requests = parts_of([call], Limits(max_objects_in_get=2)).requests
    assert [each.arguments["ids"] for each in requests[0]] == [["a", "b"], ["c", "d"]]
    fitting = parts_of([call], Limits(max_objects_in_get=4))
    assert [(each.id, each.arguments["ids"]) for each in fitting.requests[0]] == [("0", ["a", "b", "c", "d"])]
    assert not fitting.chunks


def answer(*responses: list[Any]) -> Answer:
    return Answer.read({"methodResponses": list(responses), "sessionState": "s"})


def test_chunks_are_answered_as_one() -> None:
    """With the state of the first: what changed in between is then told twice, and not left out."""
    call = Call("0", "Email/get", {"ids": ["a", "b", "c", "d"]})
    parts = parts_of([call], Limits(max_objects_in_get=2))
    found = answer(
        ["Email/get", {"accountId": "a", "state": "1", "list": [{"id": "a"}], "notFound": ["b"]}, "0.0"],
        ["Email/get", {"accountId": "a", "state": "2", "list": [{"id": "c"}, {"id": "d"}], "notFound": None}, "0.1"],
    )
    assert joined(found, parts.chunks).of(call) == {
        "accountId": "a",
        "state": "1",
        "list": [{"id": "a"}, {"id": "c"}, {"id": "d"}],
        "notFound": ["b"],
    }


def test_a_chunk_that_failed_fails_the_whole_get() -> None:
    call = Call("0", "Email/get", {"ids": ["a", "b"]})
    parts = parts_of([call], Limits(max_objects_in_get=1))
    found = answer(["Email/get", {"list": []}, "0.0"], ["error", {"type": "serverFail"}, "0.1"])
    with pytest.raises(MethodError, match="serverFail"):
        joined(found, parts.chunks).of(call)


def test_a_reference_to_a_get_in_chunks_is_refused() -> None:
    calls = [
        Call("0", "Email/get", {"ids": ["a", "b"]}),
        Call("1", "Thread/get", {"ids": Ref("0", "Email/get", "/list/*/threadId")}),
    ]
    with pytest.raises(TooLarge):
        parts_of(calls, Limits(max_objects_in_get=1))


@pytest.mark.parametrize(
    "arguments",
    [
        {"create": {"a": {}, "b": {}, "c": {}}},
        {"destroy": ["a", "b", "c"]},
        {"create": {"a": {}}, "update": {"b": {}}, "destroy": ["c"]},
    ],
)
def test_a_set_of_too_many_objects_is_refused_and_never_cut(arguments: dict[str, Any]) -> None:
    """`ifInState` would hold for its first piece only."""
    parts_of([Call("0", "Email/set", arguments)], Limits(max_objects_in_set=3))
    with pytest.raises(TooLarge) as raised:
        parts_of([Call("0", "Email/set", arguments)], Limits(max_objects_in_set=2))
    assert raised.value.limit == "maxObjectsInSet"

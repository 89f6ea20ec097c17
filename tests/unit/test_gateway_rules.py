"""Which calls of a JMAP request are forwarded to the mail server, and what replaces a refused call."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.domain.person import ALL_SCOPES, Scope
from postroom.gateway.methods import CAPABILITIES, METHODS
from postroom.gateway.response_splicer import Refusal, ResponseSplicer, placeholder
from postroom.gateway.rules import Checked, check, refusal
from postroom.http.problems import Problem

CORE = "urn:ietf:params:jmap:core"
MAIL = "urn:ietf:params:jmap:mail"
USING = [CORE, MAIL]
OWN, FOREIGN = "b", "c"
QUERY = ["Email/query", {"accountId": OWN}, "q"]


def checked(calls: list[Any], *, using: list[str] | None = None, scopes: frozenset[Scope] = ALL_SCOPES) -> Checked:
    body = json.dumps({"using": using or USING, "methodCalls": calls}).encode()
    return check(body, OWN, scopes, 50)


def error_of(method: str, arguments: dict[str, Any], scopes: frozenset[Scope] = ALL_SCOPES) -> str | None:
    found = refusal(method, arguments, OWN, scopes)
    if found is None:
        return None
    name, error = found
    assert name == "error"
    assert error.keys() == {"type", "description"}, "the error explains the reason"  # RFC 8620 §3.6.2
    return error["type"]


@pytest.mark.parametrize("method", sorted(set(METHODS) - {"Core/echo"}))
def test_each_method_is_allowed_for_the_own_account_only(method: str) -> None:
    assert error_of(method, {"accountId": OWN, "ids": ["x"]}) is None
    assert error_of(method, {"accountId": FOREIGN}) == "accountNotFound"
    # Without an account id, a server would use the account of the login, which may be another one by now.
    for arguments in ({}, {"ids": ["x"]}, {"filter": {"accountId": OWN}}, {"fromAccountId": OWN}):
        assert error_of(method, arguments) == "invalidArguments", arguments


@pytest.mark.parametrize("arguments", [{}, {"accountId": OWN, "ids": ["x"]}])
def test_echo_needs_no_account(arguments: dict[str, Any]) -> None:
    assert error_of("Core/echo", arguments) is None


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"accountId": FOREIGN}, "accountNotFound"),
        ({"accountId": ""}, "accountNotFound"),
        ({"accountId": OWN.upper()}, "accountNotFound"),
        ({"accountId": OWN + " "}, "accountNotFound"),
        ({"accountId": OWN + "\u0000"}, "accountNotFound"),
        ({"accountId": "#created"}, "accountNotFound"),
        ({"accountId": None}, "invalidArguments"),
        ({"accountId": 1}, "invalidArguments"),
        ({"accountId": [OWN]}, "invalidArguments"),
        ({"accountId": {"b": FOREIGN}}, "invalidArguments"),
        ({"accountId": OWN, "fromAccountId": FOREIGN}, "fromAccountNotFound"),
        ({"accountId": OWN, "fromAccountId": None}, "invalidArguments"),
        ({"accountId": FOREIGN, "fromAccountId": OWN}, "accountNotFound"),
        ({"#accountId": {"resultOf": "q", "name": "Email/query", "path": "/accountId"}}, "forbidden"),
        ({"accountId": OWN, "#accountId": {"resultOf": "q", "name": "x", "path": "/"}}, "forbidden"),
        ({"accountId": OWN, "#fromAccountId": {"resultOf": "q", "name": "x", "path": "/"}}, "forbidden"),
        ({"accountId": OWN, "accountIds": [OWN, FOREIGN]}, "accountNotFound"),
        ({"accountId": OWN, "accountid": FOREIGN}, "accountNotFound"),
        ({"accountId": OWN, "AccountId": FOREIGN}, "accountNotFound"),
        ({"accountId": OWN, "toAccountId": FOREIGN}, "accountNotFound"),
        ({"accountId": OWN, "filter": {"accountIds": [FOREIGN]}}, "accountNotFound"),
        ({"accountId": OWN, "filter": {"conditions": [{"x": [{"accountId": FOREIGN}]}]}}, "accountNotFound"),
        (
            {"accountId": OWN, "filter": {"operator": "AND", "conditions": [{"accountIds": [FOREIGN]}]}},
            "accountNotFound",
        ),
        ({"accountId": OWN, "create": {"k": {"accountId": FOREIGN}}}, "accountNotFound"),
        ({"accountId": OWN, "update": {"k": {"x/accountId": FOREIGN}}}, "accountNotFound"),
        ({"accountId": OWN, "update": {"k": {"x/#accountId": FOREIGN}}}, "accountNotFound"),
        ({"accountId": OWN, "#toAccountId": {"resultOf": "q", "name": "x", "path": "/"}}, "forbidden"),
        # What only looks like a reference: a creation may have such a name, and is referred to with `#` (RFC 8620
        # §5.3).
        ({"accountId": OWN, "update": {"#accountId": {"mailboxIds/#accountId": True}}}, None),
        ({"accountId": OWN, "create": {"accountId": {"mailboxIds": {"#accountId": True}}}}, None),
        ({"accountId": OWN, "onSuccessUpdateEmail": {"#accountId": {"keywords/$draft": None}}}, None),
        ({"accountId": OWN, "destroy": ["#accountId"], "onSuccessDestroyEmail": ["#accountIds"]}, None),
        ({"accountId": OWN, "create": {"accountId": {"keywords": {"accountid": True}}}}, None),
        ({"accountId": OWN, "create": {"k": {"header:X-AccountId": FOREIGN}}}, None),
        ({"accountId": OWN, "filter": {"text": "accountId c"}}, None),
        ({"accountId": OWN, "fromAccountId": OWN}, None),
        ({}, "invalidArguments"),
    ],
)
def test_each_account_id_of_a_call_must_be_the_own_one(arguments: dict[str, Any], error: str | None) -> None:
    assert error_of("Email/copy", arguments) == error


@pytest.mark.parametrize(
    ("method", "error"),
    [
        ("x:Account/get", "unknownMethod"),
        ("x:Account/set", "unknownMethod"),
        ("X:Account/get", "unknownMethod"),
        ("x:AppPassword/set", "unknownMethod"),
        ("x:Action/set", "unknownMethod"),
        ("x:Bootstrap/set", "unknownMethod"),
        ("Email/../x:Account/get", "unknownMethod"),
        ("Principal/get", "unknownMethod"),
        ("Calendar/get", "unknownMethod"),
        ("Calendar/set", "unknownMethod"),
        ("AddressBook/query", "unknownMethod"),
        ("ContactCard/copy", "unknownMethod"),
        ("ContactCard/parse", "unknownMethod"),
        ("ParticipantIdentity/set", "unknownMethod"),
        ("ShareNotification/get", "unknownMethod"),
        ("FileNode/set", "unknownMethod"),
        ("email/get", "unknownMethod"),
        ("Email/get ", "unknownMethod"),
        ("Email/get\u0000", "unknownMethod"),
        ("Email/", "unknownMethod"),
        ("", "unknownMethod"),
        ("error", "unknownMethod"),
        ("PushSubscription/get", "forbidden"),
    ],
)
def test_no_method_outside_the_list_is_allowed(method: str, error: str) -> None:
    assert error_of(method, {"accountId": OWN}) == error


def test_each_push_subscription_is_rejected_with_its_own_error() -> None:
    """RFC 8620 §7.2 requires a URL that begins with https. If it does, the error is that we do not offer push."""
    create = {
        "a": {"deviceClientId": "x", "url": "http://example.com/push"},
        "b": {"deviceClientId": "x", "url": "https://example.com/push"},
        "c": {"deviceClientId": "x", "url": 1},
        "d": {"deviceClientId": "x"},
        "e": [],
        "f": {"deviceClientId": "x", "url": "HTTPS://example.com/push"},
    }
    asked = {"create": create, "update": {"g": {"verificationCode": "x"}}, "destroy": ["h"]}
    found = refusal("PushSubscription/set", asked, OWN, ALL_SCOPES)
    assert found
    name, answer = found
    assert name == "PushSubscription/set"
    assert {key: each["type"] for key, each in answer["notCreated"].items()} == {
        **dict.fromkeys("acde", "invalidProperties"),
        **dict.fromkeys("bf", "forbidden"),
    }
    assert answer["notCreated"]["a"]["properties"] == ["url"]
    assert {key: each["type"] for key, each in answer["notUpdated"].items()} == {"g": "forbidden"}
    assert {key: each["type"] for key, each in answer["notDestroyed"].items()} == {"h": "forbidden"}
    assert answer.keys() == {"notCreated", "notUpdated", "notDestroyed"}
    assert all(each["description"] for part in answer.values() for each in part.values())


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"create": []}, "invalidArguments"),
        ({"update": "x"}, "invalidArguments"),
        ({"destroy": {}}, "invalidArguments"),
        ({"destroy": [1]}, "invalidArguments"),
        ({"#create": {"resultOf": "0", "name": "Core/echo", "path": "/a"}}, "forbidden"),
        ({"#destroy": {"resultOf": "0", "name": "Core/echo", "path": "/a"}}, "forbidden"),
    ],
)
def test_push_subscriptions_that_cannot_be_distinguished_are_refused_together(
    arguments: dict[str, Any], error: str
) -> None:
    assert error_of("PushSubscription/set", arguments) == error


def test_empty_push_subscription_set_rejects_nothing() -> None:
    for arguments in ({}, {"create": {}, "update": None, "destroy": []}):
        assert refusal("PushSubscription/set", arguments, OWN, ALL_SCOPES) == ("PushSubscription/set", {})


READ, WRITE, SEND = (frozenset({scope}) for scope in (Scope.READ, Scope.WRITE, Scope.SEND))


@pytest.mark.parametrize(
    ("method", "arguments", "enough", "too_little"),
    [
        ("Core/echo", {}, frozenset[Scope](), None),
        ("Email/get", {}, READ, WRITE | SEND),
        ("Email/parse", {}, READ, WRITE | SEND),
        ("SearchSnippet/get", {}, READ, WRITE | SEND),
        ("Blob/lookup", {}, READ, WRITE | SEND),
        ("Email/queryChanges", {}, READ, WRITE | SEND),
        ("Email/set", {}, WRITE, READ | SEND),
        ("Email/import", {}, WRITE, READ | SEND),
        ("Blob/upload", {}, WRITE, READ | SEND),
        ("Blob/copy", {}, WRITE, READ | SEND),
        ("VacationResponse/set", {}, WRITE, READ | SEND),
        ("SieveScript/set", {}, WRITE, READ | SEND),
        ("AddressBook/get", {}, READ, WRITE | SEND),
        ("AddressBook/set", {}, WRITE, READ | SEND),
        ("ContactCard/query", {}, READ, WRITE | SEND),
        ("ContactCard/set", {}, WRITE, READ | SEND),
        ("EmailSubmission/get", {}, READ, WRITE | SEND),
        # It can send any email to any address, which amounts to reading it.
        ("EmailSubmission/set", {}, SEND | READ, SEND | WRITE),
        ("EmailSubmission/set", {}, SEND | READ, READ | WRITE),
        # RFC 8621 §7.5: this performs an Email/set.
        ("EmailSubmission/set", {"onSuccessUpdateEmail": {}}, ALL_SCOPES, SEND | READ),
        ("EmailSubmission/set", {"onSuccessDestroyEmail": []}, ALL_SCOPES, SEND | READ),
        ("EmailSubmission/set", {"#onSuccessDestroyEmail": {}}, ALL_SCOPES, SEND | READ),
    ],
)
def test_rules_allow_an_access_token_only_the_calls_in_its_scopes(
    method: str, arguments: dict[str, Any], enough: frozenset[Scope], too_little: frozenset[Scope] | None
) -> None:
    assert error_of(method, {"accountId": OWN, **arguments}, enough) is None
    if too_little is not None:
        assert error_of(method, {"accountId": OWN, **arguments}, too_little) == "forbidden"


SHARED = {"c": {"mayReadItems": True}}
SETS = sorted(method for method in METHODS if method.endswith("/set"))


@pytest.mark.parametrize("method", SETS)
@pytest.mark.parametrize(
    "arguments",
    [
        {"create": {"k": {"name": "x", "shareWith": SHARED}}},
        {"update": {"m": {"shareWith": SHARED}}},
        {"update": {"m": {"shareWith": None}}},
        {"update": {"m": {"shareWith/c": SHARED["c"]}}},
        {"update": {"m": {"shareWith/c/mayReadItems": True}}},
        {"update": {"m": {"name": "x"}, "n": {"shareWith/c": None}}},
        # Values that a server might treat as the same method or account.
        {"update": {"m": {"/shareWith/c": None}}},
        {"update": {"m": {"sharewith": SHARED}}},
        {"update": {"m": {"/sharewith": None}}},
        # Values that only the server can resolve (RFC 8620 §3.7).
        {"#create": {"resultOf": "0", "name": "Core/echo", "path": "/a"}},
        {"#update": {"resultOf": "0", "name": "Core/echo", "path": "/a"}},
        # What these refer to may itself be a reference.
        {"##create": {"resultOf": "0", "name": "Core/echo", "path": "/a"}},
        {"###update": {"resultOf": "0", "name": "Core/echo", "path": "/a"}},
    ],
)
def test_set_that_could_share_mail_is_forbidden(method: str, arguments: dict[str, Any]) -> None:
    """Otherwise the holder of a token with only the scope `write` could share all mail with another account, which
    could read it from then on. The rule must not depend on a list of the types that can be shared."""
    assert error_of(method, {"accountId": OWN, **arguments}) == "forbidden"


@pytest.mark.parametrize(
    "arguments",
    [
        {"create": {"k": {"name": "shareWith"}}, "update": {"shareWith": {"name": "x", "isSubscribed": True}}},
        {"create": None, "update": {"m": None}, "destroy": ["shareWith"]},
        {"create": [], "update": "x"},
        {"update": {"m": {"x/shareWith": 1}}},
    ],
)
def test_mailbox_set_that_shares_nothing_is_allowed(arguments: dict[str, Any]) -> None:
    assert error_of("Mailbox/set", {"accountId": OWN, **arguments}) is None


def test_unknown_capability_rejects_the_whole_request() -> None:
    for capability in ("urn:stalwart:jmap", "urn:ietf:params:jmap:principals", "urn:ietf:params:jmap:websocket", ""):
        with pytest.raises(Problem) as caught:
            checked([QUERY], using=[CORE, capability])
        assert (caught.value.type, caught.value.status) == ("urn:ietf:params:jmap:error:unknownCapability", 400)
    assert checked([QUERY], using=sorted(CAPABILITIES)).refused == {}


def test_our_own_capability_may_be_named_and_is_not_sent_to_the_mail_server() -> None:
    found = checked([QUERY], using=[CORE, "urn:postroom:params:jmap"])
    assert json.loads(found.body)["using"] == [CORE]


def test_request_without_a_rejected_call_is_forwarded_unchanged() -> None:
    calls = [QUERY, ["Email/get", {"accountId": OWN, "#ids": {"resultOf": "q", "name": "x", "path": "/ids"}}, "g"]]
    sent = json.loads(checked(calls).body)
    assert sent == {"using": USING, "methodCalls": calls}


def test_rejected_call_is_not_forwarded_and_its_error_takes_its_place() -> None:
    """Also if call ids repeat, and if the server answers one call with two responses."""
    calls = [
        ["EmailSubmission/set", {"accountId": OWN}, "0"],
        ["x:Account/get", {"ids": None}, "0"],
        ["Email/query", {"accountId": FOREIGN}, "0"],
        ["Core/echo", {"hello": True}, "0"],
    ]
    found = checked(calls)
    sent = json.loads(found.body)
    assert "x:Account" not in found.body.decode()
    assert FOREIGN not in json.dumps(sent["methodCalls"][2][1])
    # As a server responds: it returns the call ids unchanged, and an implicit Email/set has the id of the call that
    # caused it.
    answered = [["EmailSubmission/set", {}, "0"], ["Email/set", {}, "0"], *sent["methodCalls"][1:]]
    raw = json.dumps({"methodResponses": answered, "sessionState": "s"}).encode()
    weaving = ResponseSplicer(found.refused)
    assert json.loads(weaving.feed(raw) + weaving.rest()) == {
        "methodResponses": [
            ["EmailSubmission/set", {}, "0"],
            ["Email/set", {}, "0"],
            ["error", {"type": "unknownMethod", "description": "this method is not offered here"}, "0"],
            ["error", {"type": "accountNotFound", "description": "this login has no access to such an account"}, "0"],
            ["Core/echo", {"hello": True}, "0"],
        ],
        "sessionState": "s",
    }


def test_rejected_call_keeps_its_place_without_the_core_capability() -> None:
    assert json.loads(checked([["x:a", {}, "0"]], using=[MAIL]).body)["using"] == [MAIL, CORE]
    assert json.loads(checked([QUERY], using=[MAIL]).body)["using"] == [MAIL]


# What replaces a refused call in the response


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

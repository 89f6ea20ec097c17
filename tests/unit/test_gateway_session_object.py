"""The session object for a client."""

import json
from copy import deepcopy
from typing import Any
from uuid import uuid4

import pytest

from postroom.domain.person import ALL_SCOPES, Scope
from postroom.gateway.limits import GatewayLimits
from postroom.gateway.session_object import rewrite
from postroom.http.problems import Problem
from postroom.mailboxes.ports import MailAccount

OURS = "urn:postroom:params:jmap"
JMAP = "urn:ietf:params:jmap:"
ACCOUNT = MailAccount(uuid4(), "ann@example.org", "b")
CORE = {
    "maxSizeUpload": 50_000_000,
    "maxConcurrentUpload": 8,
    "maxSizeRequest": 99_000_000,
    "maxConcurrentRequests": 2,
    "maxCallsInRequest": 16,
    "maxObjectsInGet": 500,
    "maxObjectsInSet": 500,
    "collationAlgorithms": ["i;unicode-casemap"],
}
# In the form of Stalwart 0.16.
SESSION: dict[str, Any] = {
    "capabilities": {
        JMAP + "core": CORE,
        JMAP + "mail": {},
        JMAP + "submission": {},
        JMAP + "calendars": {},
        JMAP + "principals": {},
        JMAP + "emailpush": {},
        JMAP + "sieve": {"implementation": "Stalwart v1.0.0"},
        JMAP + "websocket": {"url": "ws://10.0.0.7:8080/jmap/ws", "supportsPush": True},
    },
    "accounts": {
        "b": {
            "name": "ann@internal.example.org",
            "isPersonal": True,
            "isReadOnly": False,
            "accountCapabilities": {
                JMAP + "mail": {"maxMailboxDepth": 10},
                JMAP + "submission": {"maxDelayedSend": 2_592_000},
                JMAP + "calendars": {},
                "urn:stalwart:jmap": {},
            },
        },
        "g": {"name": "group", "isPersonal": False, "isReadOnly": False, "accountCapabilities": {JMAP + "mail": {}}},
    },
    "primaryAccounts": {
        JMAP + "mail": "b",
        JMAP + "submission": "g",
        JMAP + "calendars": "b",
        "urn:stalwart:jmap": "b",
    },
    "username": "ann@internal.example.org",
    "apiUrl": "http://10.0.0.7:8080/jmap/",
    "downloadUrl": "http://10.0.0.7:8080/jmap/download/{accountId}/{blobId}/{name}?accept={type}",
    "uploadUrl": "http://10.0.0.7:8080/jmap/upload/{accountId}/",
    "eventSourceUrl": "http://10.0.0.7:8080/jmap/eventsource/?types={types}&closeafter={closeafter}&ping={ping}",
    "state": "c682b0ec",
    "x:internal": "http://10.0.0.7:8080",
}


def rewritten(
    session: Any = SESSION, scopes: frozenset[Scope] = ALL_SCOPES, authserv_id: str | None = None
) -> dict[str, Any]:
    return rewrite(
        session,
        base_url="https://mail.example.org",
        account=ACCOUNT,
        scopes=scopes,
        limits=GatewayLimits(),
        authserv_id=authserv_id,
    )


def test_session_object_has_only_the_own_account_and_our_urls() -> None:
    found = rewritten()
    assert (found["username"], list(found["accounts"])) == ("ann@example.org", ["b"])
    assert found["accounts"]["b"]["name"] == "ann@example.org"
    assert found["accounts"]["b"]["accountCapabilities"] == {
        JMAP + "mail": {"maxMailboxDepth": 10},
        JMAP + "submission": {"maxDelayedSend": 2_592_000},
    }
    assert found["primaryAccounts"] == {JMAP + "mail": "b"}
    assert found["apiUrl"] == "https://mail.example.org/jmap/"
    assert found["uploadUrl"] == "https://mail.example.org/jmap/upload/{accountId}/"
    assert found["downloadUrl"] == "https://mail.example.org/jmap/download/{accountId}/{blobId}/{name}?accept={type}"
    assert found["eventSourceUrl"] == (
        "https://mail.example.org/jmap/eventsource/?types={types}&closeafter={closeafter}&ping={ping}"
    )


def test_session_object_has_exactly_the_members_of_rfc_8620() -> None:
    assert set(rewritten()) == {
        "capabilities",
        "accounts",
        "primaryAccounts",
        "username",
        "apiUrl",
        "downloadUrl",
        "uploadUrl",
        "eventSourceUrl",
        "state",
    }


def test_session_object_offers_exactly_the_allowed_capabilities() -> None:
    capabilities = rewritten()["capabilities"]
    assert set(capabilities) == {OURS, *(JMAP + name for name in ("core", "mail", "submission", "sieve"))}


def test_contacts_are_offered_if_the_mail_server_has_them() -> None:
    assert JMAP + "contacts" not in rewritten()["accounts"]["b"]["accountCapabilities"]
    with_contacts = deepcopy(SESSION)
    own = {"mayCreateAddressBook": True}
    with_contacts["capabilities"][JMAP + "contacts"] = {}
    with_contacts["accounts"]["b"]["accountCapabilities"][JMAP + "contacts"] = own
    with_contacts["primaryAccounts"][JMAP + "contacts"] = "b"
    found = rewritten(with_contacts)
    assert found["accounts"]["b"]["accountCapabilities"][JMAP + "contacts"] == own
    assert (found["capabilities"][JMAP + "contacts"], found["primaryAccounts"][JMAP + "contacts"]) == ({}, "b")


@pytest.mark.parametrize(("authserv_id", "more"), [(None, {}), ("mx.example.org", {"authservId": "mx.example.org"})])
def test_session_object_names_whose_mail_a_page_keeps_and_our_mail_server_for_authentication_results(
    authserv_id: str | None, more: dict[str, str]
) -> None:
    found = rewritten(authserv_id=authserv_id)["capabilities"][OURS]
    assert found == {"identityId": str(ACCOUNT.identity_id)} | more


@pytest.mark.parametrize("scopes", [{Scope.READ, Scope.WRITE}, {Scope.WRITE, Scope.SEND}, {Scope.READ}])
def test_submission_is_offered_only_with_the_scope_to_send(scopes: set[Scope]) -> None:
    """A client that finds the capability shows a button for sending. `EmailSubmission/set` needs `send` and `read`."""
    own = SESSION | {"primaryAccounts": {JMAP + "mail": "b", JMAP + "submission": "b"}}
    for found, is_offered in ((rewritten(own, frozenset(scopes)), False), (rewritten(own, SENDS), True)):
        places = [found["capabilities"], found["accounts"]["b"]["accountCapabilities"], found["primaryAccounts"]]
        assert [JMAP + "submission" in place for place in places] == [is_offered] * 3
        assert all(JMAP + "mail" in place for place in places)


SENDS = frozenset({Scope.READ, Scope.SEND})


def test_session_object_contains_nothing_internal() -> None:
    text = json.dumps(rewritten())
    for secret in ("10.0.0.7", "internal", "stalwart:", '"g"'):
        assert secret not in text


def test_session_limits_are_the_lower_of_the_server_limits_and_ours() -> None:
    core = rewritten()["capabilities"][JMAP + "core"]
    assert core == CORE | {"maxSizeRequest": 10_000_000, "maxConcurrentUpload": 4}


@pytest.mark.parametrize("theirs", [False, True])
@pytest.mark.parametrize("scopes", [ALL_SCOPES, frozenset({Scope.READ})])
def test_account_is_read_only_for_a_token_without_write_scope_or_if_the_server_says_so(
    scopes: frozenset[Scope], theirs: bool
) -> None:
    session = SESSION | {"accounts": {"b": SESSION["accounts"]["b"] | {"isReadOnly": theirs}}}
    assert rewritten(session, scopes)["accounts"]["b"]["isReadOnly"] is (theirs or Scope.WRITE not in scopes)


WITHOUT_ACCOUNT: list[Any] = [
    None,
    {},
    {"g": SESSION["accounts"]["g"]},
    {"b": None},
    {"b": {"accountCapabilities": None}},
]
MALFORMED: list[Any] = [
    {},
    SESSION | {"state": None},
    SESSION | {"capabilities": []},
    SESSION | {"capabilities": {}},
]


@pytest.mark.parametrize(
    ("session", "problem", "status"),
    [
        *((SESSION | {"accounts": accounts}, "mailbox_not_ready", 503) for accounts in WITHOUT_ACCOUNT),
        *((session, "mail_server_unusable", 502) for session in MALFORMED),
    ],
    ids=range(9),
)
def test_session_without_the_account_or_malformed_is_a_problem(session: Any, problem: str, status: int) -> None:
    with pytest.raises(Problem) as caught:
        rewritten(session)
    assert (caught.value.type, caught.value.status) == (f"urn:postroom:problem:{problem}", status)

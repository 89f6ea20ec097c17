"""Creating and finding a mailbox on Stalwart's registry: the requests, the mark, the owner of an address, the version
of Stalwart, our key, and the ids of domains."""

from typing import Any
from uuid import UUID

import httpx2
import pytest

from postroom.domain.mailbox import Mailbox, StalwartAccount, mark_of
from postroom.errors import Conflict, MailServerError, Misconfigured, Permanent, Transient
from postroom.stalwart.registry import ID_CACHE_SECONDS, StalwartRegistry
from scripted_stalwart import (
    KEY,
    SESSION,
    URL,
    Answer,
    ScriptedStalwart,
    busy,
    made,
    problem,
    refused,
    responses,
    taken,
)

ID = UUID("8b9e4c7a-c3d6-4dae-a06a-acb8a03ece9a")
OTHER = UUID("00000000-0000-4000-8000-000000000001")
MAILBOX = Mailbox(ID, "alice@example.org")
ACCOUNT = StalwartAccount("k", "alice@example.org")


def listed(*accounts: dict[str, Any]) -> httpx2.Response:
    return responses(("x:Account/get", {"list": list(accounts), "notFound": []}))


def found(*accounts: dict[str, Any]) -> httpx2.Response:
    ids = [account["id"] for account in accounts]
    return responses(("x:Account/query", {"ids": ids}), ("x:Account/get", {"list": list(accounts), "notFound": []}))


def account(marks: dict[str, str], email: str = "alice@example.org") -> dict[str, Any]:
    """An account with these aliases: name → id of the domain."""
    aliases = {
        str(place): {"name": name, "domainId": domain_id, "enabled": False}
        for place, (name, domain_id) in enumerate(marks.items())
    }
    return {"id": "k", "emailAddress": email, "aliases": aliases}


OURS = account({"a.example": "b", mark_of(ID): "b"})
NOT_OURS = {
    "another identity's mark": account({mark_of(OTHER): "b"}),
    "no mark": account({}),
    "no aliases in the response": {"id": "k", "emailAddress": "alice@example.org"},
    "our mark in another domain": account({mark_of(ID): "c"}),
    "our mark in capitals": account({mark_of(ID).upper(): "b"}),
    "our id without the prefix": account({ID.hex: "b"}),
    "more than our mark": account({mark_of(ID) + "0": "b"}),
}


async def rejected(server: ScriptedStalwart, error: type[MailServerError], match: str | None = None) -> Any:
    """The error that a create raises."""
    with pytest.raises(error, match=match) as raised:
        await server.registry().create(MAILBOX, deadline=5)
    return raised.value


async def sent(mailbox: Mailbox = MAILBOX, **registry: Any) -> dict[str, Any]:
    """The account that a registry with these arguments asks Stalwart to create."""
    server = ScriptedStalwart(made("k", mailbox.email))
    await server.registry(**registry).create(mailbox, deadline=5)
    return server.calls()[0][1]["create"]["c"]


async def test_mailbox_creation_normally_takes_exactly_one_request() -> None:
    server = ScriptedStalwart(made("k", "alice@example.org"))
    registry = server.registry()
    assert await registry.create(MAILBOX, deadline=5) == ACCOUNT
    server.requests.clear()
    server.will(made("l", "bob@example.org"))
    await registry.create(Mailbox(OTHER, "bob@example.org"), deadline=5)
    assert len(server.requests) == 1
    assert [name for name, _, _ in server.calls()] == ["x:Account/set", "x:Account/get", "x:Domain/query"]


async def test_mailbox_is_created_with_a_disabled_mark_and_no_credentials() -> None:
    assert await sent() == {
        "@type": "User",
        "name": "alice",
        "domainId": "b",
        "aliases": {
            "0": {
                "name": "postroom-8b9e4c7ac3d64daea06aacb8a03ece9a",
                "domainId": "b",
                "enabled": False,
                "description": f"Made by Postroom for identity {ID}",
            }
        },
    }


async def test_mark_stays_in_its_domain_whatever_the_domain_of_the_address() -> None:
    create = await sent(mark_domain="example.net")
    assert (create["domainId"], create["aliases"]["0"]["domainId"]) == ("b", "c")


async def test_account_create_includes_name_and_quota_if_known() -> None:
    create = await sent(Mailbox(ID, "alice@example.org", "Alice Example"), quota=10**9)
    assert (create["description"], create["quotas"]) == ("Alice Example", {"maxDiskQuota": 10**9})


SET_K = ("x:Account/set", {"created": {"c": {"id": "k"}}, "notCreated": None, "updated": None})
SET_NULL = ("x:Account/set", {"created": None, "notCreated": {"c": {"type": "invalidPatch"}}})
OLD_ALICE = account({mark_of(ID): "b"}, "old@example.org")

OURS_AFTER: dict[str, tuple[list[Answer], str]] = {
    # The attempt compares it: an address that the server changed must not count as the requested one.
    "made with another address": ([made("k", "alice1@example.org")], "alice1@example.org"),
    "null where RFC 8620 §5.3 allows it": (
        [responses(SET_K, ("x:Account/get", {"list": [OURS]}))],
        "alice@example.org",
    ),
    "owner with our mark": ([taken("k"), listed(OURS)], "alice@example.org"),
    # If two accounts conflict with the request, Stalwart names one of them at random.
    "another owner is named": ([taken("l"), listed(account({}) | {"id": "l"}), found(OLD_ALICE)], "old@example.org"),
    "retries on a busy server": ([busy(), taken("k"), busy(), taken("k"), listed(OURS)], "alice@example.org"),
}


@pytest.mark.parametrize(("answers", "email"), OURS_AFTER.values(), ids=OURS_AFTER)
async def test_mailbox_that_was_made_or_has_our_mark_is_ours_with_the_address_that_it_has(
    answers: list[Answer], email: str
) -> None:
    server = ScriptedStalwart(*answers)
    assert await server.registry().create(MAILBOX, deadline=5) == StalwartAccount("k", email)


async def test_owner_of_the_address_is_read_by_its_id() -> None:
    server = ScriptedStalwart(taken("k"), listed(OURS))
    await server.registry().create(MAILBOX, deadline=5)
    assert server.calls()[0][1]["ids"] == ["k"]


VANISHED = responses(("x:Account/get", {"list": [], "notFound": ["k"]}))
REJECTED: dict[str, tuple[list[Answer], type[MailServerError], str]] = {
    **{
        f"owner with {what}": ([taken("k"), listed(holder), found()], Conflict, "held by the account k")
        for what, holder in NOT_OURS.items()
    },
    # Its deletion, or an index that was restored without its accounts, would end the request for ever.
    "vanished owner": ([taken("k"), VANISHED, found()], Transient, "does not show"),
    "mailing list": ([taken("m", "MailingList"), found()], Conflict, "held by the mailinglist m"),
    "no owner": ([refused("primaryKeyViolation", properties=["email"]), found()], Transient, "does not show"),
    "unreadable owner": ([taken("k"), problem(503)], Transient, ""),
    "null where RFC 8620 §5.3 allows it": ([responses(SET_NULL)], Permanent, ""),
}


@pytest.mark.parametrize(("answers", "error", "words"), REJECTED.values(), ids=REJECTED)
async def test_address_of_another_owner_is_a_conflict_and_its_account_never_adopted(
    answers: list[Answer], error: type[MailServerError], words: str
) -> None:
    server = ScriptedStalwart(*answers)
    raised = await rejected(server, error)
    assert (type(raised), words in str(raised)) == (error, True)
    assert [name for name in server.asked if name.endswith("/set")] == ["x:Account/set"], "the account stays unchanged"


@pytest.mark.parametrize(
    ("what", "end"), [("no mark", "this identity's mark"), ("another identity's mark", ", but that of another")]
)
async def test_conflict_tells_a_mailbox_of_nobody_from_that_of_another_identity(what: str, end: str) -> None:
    """An operator may give the former to the identity."""
    raised = await rejected(ScriptedStalwart(taken("k"), listed(NOT_OURS[what]), found()), Conflict)
    assert str(raised).endswith(end)


async def test_lookup_by_the_mark_finds_the_mailbox() -> None:
    server = ScriptedStalwart(found(OURS))
    assert await server.registry().find(MAILBOX, deadline=5) == ACCOUNT
    query, read, _ = server.calls()
    assert query[1] == {"filter": {"text": ID.hex}}
    assert read[1]["#ids"] == {"resultOf": query[2], "name": "x:Account/query", "path": "/ids"}


@pytest.mark.parametrize("candidate", NOT_OURS.values(), ids=NOT_OURS.keys())
async def test_lookup_trusts_the_alias_and_not_the_text_index(candidate: dict[str, Any]) -> None:
    server = ScriptedStalwart(found(candidate))
    assert await server.registry().find(MAILBOX, deadline=5) is None
    server.will(found(candidate | {"id": "l"}, OURS))
    assert await server.registry().find(MAILBOX, deadline=5) == ACCOUNT


async def test_temporarily_failing_lookup_is_a_transient_error() -> None:
    server = ScriptedStalwart(
        responses(("error", {"type": "serverUnavailable"}), ("error", {"type": "invalidResultReference"}))
    )
    with pytest.raises(Transient):
        await server.registry().find(MAILBOX, deadline=5)


STALWART_0_15 = {
    "capabilities": {"urn:ietf:params:jmap:core": {}},
    "accounts": {"b": {"accountCapabilities": {"urn:ietf:params:jmap:mail": {}}}},
    "primaryAccounts": {"urn:ietf:params:jmap:mail": "b"},
}
NO_ACCOUNTS = {"capabilities": {}, "accounts": {}, "primaryAccounts": {}}
MALFORMED: list[Any] = [{"accounts": []}, {"accounts": ["b"]}, {"accounts": {"b": None}}, {"accounts": 7}]
ELSEWHERE = {"Location": "https://elsewhere.example.org/"}


@pytest.mark.parametrize(
    ("session", "explanation"),
    [(STALWART_0_15, r"not Stalwart's registry.*0\.16"), (NO_ACCOUNTS, "does not know our key")],
    ids=["0.15", "no account"],
)
async def test_session_without_the_registry_counts_as_a_misconfigured_server(session: Any, explanation: str) -> None:
    server = ScriptedStalwart()
    server.session = httpx2.Response(200, json=session)
    error = await rejected(server, Misconfigured, explanation)
    assert (error.domain, error.unauthorized) == (None, False), "no login failed: it counts towards no ban"
    assert server.asked == ["session"], "nothing is sent to an unknown server"


NO_SESSION = [
    *((httpx2.Response(each, headers=ELSEWHERE), "is this Stalwart") for each in (404, 301, 302, 204)),
    *((httpx2.Response(each, content=b"<html>"), str(each)) for each in (400, 401, 403)),
    *((httpx2.Response(200, json=each), "is not a JMAP session") for each in MALFORMED),
    (httpx2.Response(200, content=b"<html>"), "not a JSON object"),
    (problem(503), "503"),
]


@pytest.mark.parametrize(("session", "explanation"), NO_SESSION, ids=range(len(NO_SESSION)))
async def test_anything_but_a_session_is_an_outage_with_an_explanation(
    session: httpx2.Response, explanation: str
) -> None:
    """A proxy before a mail server that starts answers like this: nobody must wait for an operator."""
    server = ScriptedStalwart()
    server.session = session
    error = await rejected(server, Transient, explanation)
    assert error.outcome_unknown, "found after an odd response to a create, it does not say what became of that"
    assert bool(error.fix) == ("session" in explanation or "Stalwart" in explanation)
    assert server.asked == ["session"], "nothing is sent to an unknown server"


@pytest.mark.parametrize(
    "session", [SESSION | {"primaryAccounts": {}}, SESSION | {"accounts": {"d": {}}}], ids=["account", "primary"]
)
async def test_registry_is_recognised_by_either_sign_in_the_session(session: dict[str, Any]) -> None:
    server = ScriptedStalwart()
    server.session = httpx2.Response(200, json=session)
    server.will(made("k", "alice@example.org"))
    assert await server.registry().create(MAILBOX, deadline=5) == ACCOUNT


async def test_server_replaced_by_another_generation_is_reported_and_used_again_once_restored() -> None:
    server = ScriptedStalwart(made("k", "alice@example.org"))
    registry = server.registry()
    await registry.create(MAILBOX, deadline=5)
    right, server.session = server.session, problem(404)
    server.will(problem(404))
    with pytest.raises(Transient, match="is this Stalwart"):
        await registry.create(MAILBOX, deadline=5)
    server.asked.clear()
    with pytest.raises(Transient, match="is this Stalwart"):
        await registry.create(MAILBOX, deadline=5)
    assert server.asked == ["session"], "nothing is sent to an unknown server"
    server.session = right
    server.will(made("k", "alice@example.org"))
    assert await registry.create(MAILBOX, deadline=5) == ACCOUNT


async def test_api_key_is_sent_only_to_the_configured_origin_and_redirects_are_not_followed() -> None:
    server = ScriptedStalwart()
    elsewhere = httpx2.Response(307, headers={"Location": "http://evil.example.net/jmap/"})
    server.will(elsewhere)
    await rejected(server, Transient)
    assert {(request.url.host, request.url.port) for request in server.requests} == {("mail.example.org", 8080)}
    assert all(request.headers["Authorization"] == f"Bearer {KEY}" for request in server.requests)


async def test_api_key_is_not_sent_to_urls_of_the_session() -> None:
    server = ScriptedStalwart()
    server.session = httpx2.Response(200, json=SESSION | {"apiUrl": "http://evil.example.net/jmap/"})
    server.will(made("k", "alice@example.org"))
    await server.registry().create(MAILBOX, deadline=5)
    assert {str(request.url) for request in server.requests} == {f"{URL}/jmap/session", f"{URL}/jmap/"}


async def test_a_base_url_may_hold_a_path() -> None:
    server = ScriptedStalwart(made("k", "alice@example.org"))
    await server.registry(url=f"{URL}/stalwart/").create(MAILBOX, deadline=5)
    assert {request.url.path for request in server.requests} == {"/stalwart/jmap/session", "/stalwart/jmap/"}


async def test_tiny_deadline_still_raises_a_mail_server_error() -> None:
    server = ScriptedStalwart(busy())
    with pytest.raises(MailServerError):
        await server.registry().create(MAILBOX, deadline=0.001)


# Ids of domains


BOB = Mailbox(UUID("8b9e4c7a-c3d6-4dae-a06a-acb8a03ece9a"), "bob@example.org")
SWAPPED = {"example.org": "c", "example.net": "b"}


def domain_sent(server: ScriptedStalwart) -> tuple[str, str]:
    """The ids of the domains of the mailbox and of its mark in the last create."""
    create = server.calls()[0][1]["create"]["c"]
    return create["domainId"], create["aliases"]["0"]["domainId"]


async def replaced_server() -> tuple[ScriptedStalwart, StalwartRegistry]:
    """A registry that has cached the ids of one server, while another server with other ids has replaced it."""
    server = ScriptedStalwart(made("k", BOB.email))
    registry = server.registry()
    await registry.create(BOB, deadline=5)
    server.domains = SWAPPED
    return server, registry


async def test_mark_created_in_another_domain_is_never_accepted() -> None:
    """Otherwise nothing would prevent a second mailbox for the identity."""
    server, registry = await replaced_server()
    server.will(made("l", "bob@example.net"))
    with pytest.raises(Permanent, match=r"made bob@example\.net \(account l\) where bob@example\.org was asked for"):
        await registry.create(BOB, deadline=5)
    assert server.asked[-1] == "x:Account/set", "the account stays unchanged"
    server.will(made("m", BOB.email))
    await registry.create(BOB, deadline=5)
    assert domain_sent(server) == ("c", "c")


async def test_another_address_than_requested_is_reported_and_the_ids_are_queried_again() -> None:
    """The attempt compares the addresses."""
    server = ScriptedStalwart(
        made("k", BOB.email),
        domains={"example.org": "b", "example.net": "c", "example.com": "d"},
    )
    registry = server.registry(mark_domain="example.com")
    await registry.create(BOB, deadline=5)
    server.domains = SWAPPED | {"example.com": "d"}
    server.will(made("l", "bob@example.net"))
    assert await registry.create(BOB, deadline=5) == StalwartAccount("l", "bob@example.net")
    server.will(made("m", BOB.email))
    await registry.create(BOB, deadline=5)
    assert domain_sent(server) == ("c", "d")


async def test_lookup_compares_with_the_current_id_of_the_mark_domain() -> None:
    server, registry = await replaced_server()
    alias = {"name": mark_of(BOB.identity_id), "domainId": "c"}
    account = {"id": "l", "emailAddress": BOB.email, "aliases": {"0": alias}}
    server.will(responses(("x:Account/query", {"ids": ["l"]}), ("x:Account/get", {"list": [account]})))
    assert await registry.find(BOB, deadline=5) == StalwartAccount("l", BOB.email)
    server.will(taken("l"), responses(("x:Account/get", {"list": [account]})))
    assert await registry.create(BOB, deadline=5) == StalwartAccount("l", BOB.email)


async def test_foreign_owner_of_an_address_other_than_ours_is_no_conflict() -> None:
    """With the cached ids the create asks for bob@example.net, which belongs to another person."""
    server, registry = await replaced_server()
    stranger = {"id": "s", "emailAddress": "bob@example.net", "aliases": {}}
    nobody = responses(("x:Account/query", {"ids": []}), ("x:Account/get", {"list": []}))
    server.will(taken("s"), responses(("x:Account/get", {"list": [stranger]})), nobody)
    with pytest.raises(Transient) as raised:
        await registry.create(BOB, deadline=5)
    assert not raised.value.outcome_unknown
    server.will(made("l", BOB.email))
    assert await registry.create(BOB, deadline=5) == StalwartAccount("l", BOB.email)


async def test_domain_ids_are_cached_for_a_minute() -> None:
    server, registry = await replaced_server()
    server.clock += ID_CACHE_SECONDS
    await registry.create(BOB, deadline=5)
    assert domain_sent(server) == ("c", "c")


@pytest.mark.parametrize(
    ("end", "error"),
    [
        (httpx2.ReadError("cut"), Transient),
        (httpx2.ConnectError("refused"), Transient),
        (httpx2.ReadTimeout("slow"), Transient),
        (problem(502), Transient),
        (refused("invalidForeignKey", objectId={"object": "Domain", "id": "b"}), Misconfigured),
    ],
    ids=["cut", "refused", "silent", "a proxy's 502", "a rejected id"],
)
async def test_cached_domain_ids_are_dropped_after_a_connection_failure_or_the_rejection_of_one(
    end: Answer, error: type[Exception]
) -> None:
    server, registry = await replaced_server()
    server.will(end)
    with pytest.raises(error):
        await registry.create(BOB, deadline=5)
    server.will(made("l", BOB.email))
    await registry.create(BOB, deadline=5)
    assert domain_sent(server) == ("c", "c")

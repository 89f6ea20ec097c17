"""Which response of the mail server becomes which error: every row of the table, tested through the port.

Retries depend on this alone. An outage taken for a refusal makes dead letters; a refusal taken for an outage is retried
forever.
"""

import asyncio
import traceback
from typing import Any, TypeVar
from uuid import UUID

import httpx2
import pytest

from mocked_http import mocked
from postroom.domain.mailbox import Mailbox
from postroom.errors import Conflict, MailServerError, Misconfigured, Permanent, Throttled, Transient
from scripted_stalwart import (
    KEY,
    URL,
    Answer,
    ScriptedStalwart,
    busy,
    made,
    method_error,
    problem,
    refused,
    responses,
    taken,
)

MAILBOX = Mailbox(UUID("8b9e4c7a-c3d6-4dae-a06a-acb8a03ece9a"), "alice@example.org")


E = TypeVar("E", bound=MailServerError)


async def error_at(server: ScriptedStalwart, kind: type[E], *, deadline: float = 5.0) -> E:
    """The error of a create at this server, which is exactly of this kind."""
    with pytest.raises(kind) as raised:
        await server.registry().create(MAILBOX, deadline=deadline)
    assert kind is MailServerError or type(raised.value) is kind
    reported = "".join(traceback.format_exception_only(raised.value))
    assert KEY not in reported
    assert "secret echo" not in reported, "the detail of a problem echoes our request"
    return raised.value


async def error_of(answer: Answer, kind: type[E]) -> E:
    """What this response to a create means."""
    return await error_at(ScriptedStalwart(answer), kind)


NEITHER_SHOWN_NOR_REJECTED: list[Answer] = [
    httpx2.Response(200, content=b""),
    httpx2.Response(200, content=b"<html>a proxy</html>"),
    httpx2.Response(200, content=b'{"methodResponses": [['),
    httpx2.Response(200, json={}),
    httpx2.Response(200, json=[]),
    httpx2.Response(200, json={"methodResponses": None}),
    responses(("x:Account/set", {})),
    responses(("x:Account/set", {"created": {}, "notCreated": {}})),
    responses(("x:Account/set", {"created": {"c": {"id": "k"}}})),
    responses(("x:Account/set", {"created": {"c": {"id": "k"}}}), ("x:Account/get", {"list": []})),
    responses(
        ("x:Account/set", {"created": {"c": {"id": "k"}}}),
        ("x:Account/get", {"list": [{"id": "l", "emailAddress": "bob@example.org"}]}),
    ),
    responses(
        ("x:Account/set", {"created": {"c": {"id": "k"}}, "notCreated": {"c": {"type": "invalidPatch"}}}),
        ("x:Account/get", {"list": []}),
    ),
]
CUT_AFTER_SENDING = (
    httpx2.ReadError,
    httpx2.WriteError,
    httpx2.CloseError,
    httpx2.RemoteProtocolError,
    httpx2.ReadTimeout,
    httpx2.WriteTimeout,
)
OUTCOME_UNKNOWN: list[tuple[str, Answer]] = [
    *((str(status), problem(status)) for status in (408, 500, 502, 503, 504)),
    *((kind, method_error(kind, description="try later")) for kind in ("serverUnavailable", "serverPartialFail")),
    *((cut.__name__, cut("cut")) for cut in CUT_AFTER_SENDING),
    *(("", answer) for answer in NEITHER_SHOWN_NOR_REJECTED),
    # PostgreSQL refuses a NUL: this attempt and every later one would end without an outcome.
    *(("cannot be read", made(account_id, MAILBOX.email)) for account_id in ("k\0", "k\n", "", "a" * 256)),
]


@pytest.mark.parametrize(
    ("words", "answer"), OUTCOME_UNKNOWN, ids=[f"{at} {each[0]}" for at, each in enumerate(OUTCOME_UNKNOWN)]
)
async def test_outage_or_response_without_the_mailbox_is_transient_with_an_unknown_outcome(
    words: str, answer: Answer
) -> None:
    error = await error_of(answer, Transient)
    assert error.outcome_unknown
    assert words in str(error)


@pytest.mark.parametrize(
    "refusal",
    [httpx2.ConnectError("refused"), httpx2.ConnectTimeout("slow"), httpx2.PoolTimeout("full")],
    ids=lambda refusal: type(refusal).__name__,
)
async def test_failed_connection_leaves_no_unknown_outcome(refusal: Exception) -> None:
    error = await error_of(refusal, Transient)
    assert not error.outcome_unknown


NULLS_AND_NONSENSE: list[httpx2.Response] = [
    responses(("x:Account/set", {"created": None, "notCreated": None})),  # both may be null, RFC 8620 §5.3
    responses(
        ("x:Account/set", {"created": {"c": {"id": "k"}}, "notCreated": None}), ("x:Account/get", {"list": None})
    ),
    responses(("x:Account/set", None)),
    responses(("x:Account/set", {"created": {"c": {"id": "k"}}}), ("x:Account/get", {"list": [{}]})),
    responses(("x:Account/set", {"created": {"c": {"id": "k"}}}), ("x:Account/get", {"list": ["k"]})),
    responses(("x:Account/set", {"notCreated": {"c": "no"}})),
    httpx2.Response(200, json={"methodResponses": [None]}),
    httpx2.Response(200, json={"methodResponses": [["x:Account/set"]]}),
    httpx2.Response(200, json={"methodResponses": []}),
    responses(("x:Account/set", {"notCreated": {"c": {"type": "primaryKeyViolation", "objectId": "k"}}})),
    problem(400, "urn:ietf:params:jmap:error:limit", limit=["maxConcurrentRequests"]),
    problem(503, ["urn"]),  # type: ignore[arg-type] — nonsense on purpose
]


@pytest.mark.parametrize("answer", NULLS_AND_NONSENSE, ids=range(len(NULLS_AND_NONSENSE)))
async def test_nonsense_response_is_a_mail_server_error_but_never_permanent_or_a_conflict(answer: Answer) -> None:
    """Anything else would end the attempt without an outcome, which counts as a crash."""
    assert not isinstance(await error_of(answer, MailServerError), Permanent | Conflict)


@pytest.mark.parametrize("limit", ["maxConcurrentRequests", "maxConcurrentUpload"])
async def test_busy_mail_server_is_asked_again_within_the_same_attempt(limit: str) -> None:
    server = ScriptedStalwart(busy(limit), busy(limit), busy(limit), made("k", MAILBOX.email))
    account = await server.registry().create(MAILBOX, deadline=5)
    assert (account.email, len(server.paused)) == (MAILBOX.email, 3)
    assert all(0 < pause < 0.2 for pause in server.paused)


@pytest.mark.parametrize("limit", ["maxConcurrentRequests", "maxConcurrentUpload"])
async def test_server_busy_until_the_deadline_counts_as_throttling(limit: str) -> None:
    server = ScriptedStalwart(busy(limit))
    assert (await error_at(server, Throttled, deadline=1)).retry_after == 1
    assert 0.8 < server.clock <= 1


SENT = [("17", 17), ("0", 0), ("1.5", 1.5), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("", None)]


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        *((httpx2.Response(429, headers={"Retry-After": sent}), seconds) for sent, seconds in SENT),
        (httpx2.Response(429), None),
        (refused("rateLimit"), None),
    ],
    ids=[*(sent for sent, _ in SENT), "not sent", "a SetError"],
)
async def test_throttling_lasts_for_as_long_as_retry_after_says(answer: Answer, seconds: float | None) -> None:
    assert (await error_of(answer, Throttled)).retry_after == seconds


@pytest.mark.parametrize(
    ("kind", "more", "words"),
    [
        ("invalidProperties", {"properties": ["quotas"], "description": "Too large."}, "Too large."),
        ("invalidPatch", {"description": "Invalid email local part"}, "Invalid email local part"),
        ("validationFailed", {"validationErrors": [{"type": "Required", "property": "name"}]}, "Required"),
        ("invalidProperties", {"properties": ["name"]}, "name"),
        ("invalidProperties", {}, "no reason given"),
        ("tooLarge", {"description": "Too long."}, "Too long."),
        ("alreadyExists", {"existingId": "k"}, "no reason given"),
    ],
)
async def test_create_that_can_never_succeed_is_a_permanent_error(kind: str, more: dict, words: str) -> None:
    error = await error_of(refused(kind, **more), Permanent)
    assert kind in str(error)
    assert words in str(error)


async def test_domain_unknown_to_the_mail_server_misconfigures_only_that_domain() -> None:
    server = ScriptedStalwart(domains={"example.org": "b"})
    with pytest.raises(Misconfigured, match=r"example\.net") as raised:
        await server.registry().create(Mailbox(MAILBOX.identity_id, "alice@example.net"), deadline=5)
    assert raised.value.domain == "example.net"
    assert "x:Account/set" not in server.asked


async def test_invalid_foreign_key_misconfigures_the_domain_and_its_id_is_read_again() -> None:
    server = ScriptedStalwart(
        refused("invalidForeignKey", objectId={"object": "Domain", "id": "b"}),
        made("k", MAILBOX.email),
    )
    registry = server.registry()
    with pytest.raises(Misconfigured) as raised:
        await registry.create(MAILBOX, deadline=5)
    assert raised.value.domain == "example.org"
    server.domains["example.org"] = "new-id"
    await registry.create(MAILBOX, deadline=5)
    assert server.calls()[0][1]["create"]["c"]["domainId"] == "new-id"


@pytest.mark.parametrize("status", [401, 402, 403])
async def test_rejection_of_our_key_by_the_mail_server_itself_counts_as_a_misconfigured_server(status: int) -> None:
    error = await error_of(problem(status), Misconfigured)
    assert error.domain is None
    assert error.unauthorized == (status == 401), "only an unknown key counts towards a ban"


OF_A_PROXY = {
    "HTML": {"content": b"<html>403 Forbidden</html>"},
    "nothing": {"content": b""},
    "JSON": {"json": {"message": "Forbidden"}},
    "a problem of its own": {"json": {"type": "https://proxy.example.net/blocked", "status": 403}},
    "a problem of another status": {"json": {"type": "about:blank", "status": 503}},
}


@pytest.mark.parametrize("status", [400, 401, 402, 403])
@pytest.mark.parametrize("body", OF_A_PROXY.values(), ids=OF_A_PROXY)
async def test_rejection_without_a_problem_of_the_mail_server_is_an_outage(status: int, body: dict[str, Any]) -> None:
    """A proxy before it answers like this while it starts or is attacked; nobody must wait for an operator."""
    assert (await error_of(httpx2.Response(status, **body), Transient)).outcome_unknown


@pytest.mark.parametrize(
    "answer",
    [
        method_error("forbidden", description="You are not authorized"),
        responses(
            ("x:Account/set", {"created": {"c": {"id": "k"}}}),
            ("error", {"type": "forbidden", "description": "You are not authorized"}),
        ),
    ],
    ids=["the create", "the read of the new account"],
)
async def test_forbidden_method_misconfigures_one_domain_and_never_the_whole_server(answer: Answer) -> None:
    error = await error_of(answer, Misconfigured)
    assert (error.domain, error.unauthorized) == ("example.org", False)


@pytest.mark.parametrize(
    ("kind", "more", "words"),
    [
        ("forbidden", {"description": "You are not authorized to grant permissions: a and 238 more"}, "and 238 more"),
        ("overQuota", {"description": "The tenant is full"}, "The tenant is full"),
        ("invalidForeignKey", {"objectId": {"object": "Domain", "id": "b"}}, "example.org"),
        ("somethingOf2031", {"description": "Why not"}, "somethingOf2031"),
    ],
)
async def test_set_error_misconfigures_one_domain_and_never_the_whole_server(kind: str, more: dict, words: str) -> None:
    """A full tenant, or a domain with a directory of its own, must not delay mailboxes in other domains."""
    server = ScriptedStalwart(refused(kind, **more))
    error = await error_at(server, Misconfigured)
    assert (error.domain, error.unauthorized) == ("example.org", False)
    assert words in str(error)
    assert server.asked.count("session") == 1, "it is not another version of Stalwart"


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("forbidden", Misconfigured),
        ("unknownMethod", Transient),
        ("accountNotFound", Transient),
        ("requestTooLarge", Misconfigured),
        ("invalidArguments", Misconfigured),
    ],
)
async def test_lookup_rejected_in_its_second_call_has_the_error_of_that_call(
    kind: str, error: type[MailServerError]
) -> None:
    server = ScriptedStalwart(responses(("x:Account/query", {"ids": ["k"]}), ("error", {"type": kind})))
    with pytest.raises(error) as raised:
        await server.registry().find(MAILBOX, deadline=5)
    assert getattr(raised.value, "domain", "example.org") == "example.org"


async def test_forbidden_read_of_the_address_owner_counts_as_misconfigured() -> None:
    await error_at(ScriptedStalwart(taken("k"), method_error("forbidden", description="no")), Misconfigured)


ODD = [
    problem(404),
    problem(413),
    problem(400, "urn:ietf:params:jmap:error:unknownCapability"),
    problem(400, "urn:ietf:params:jmap:error:limit", limit="maxSizeRequest"),
    problem(400, "urn:ietf:params:jmap:error:limit", limit="maxCallsInRequest"),
    *(httpx2.Response(status, content=b"<html>") for status in (204, 307, 404, 405, 409, 418, 421, 425, 451, 499)),
    method_error("unknownMethod"),
    method_error("unknownCapability"),
    method_error("unsupportedFilter"),
    method_error("accountNotFound"),
    method_error("limit"),
    method_error("somethingOf2031"),
]
OURS = [
    problem(400),
    problem(400, "urn:ietf:params:jmap:error:notJSON"),
    problem(400, "urn:ietf:params:jmap:error:notRequest"),
    problem(400, "urn:ietf:params:jmap:error:requestTooLarge"),
    method_error("invalidArguments"),
    method_error("requestTooLarge"),
]


@pytest.mark.parametrize("answer", ODD, ids=range(len(ODD)))
async def test_odd_response_causes_one_new_detection_and_leaves_the_outcome_unknown(answer: Answer) -> None:
    """It says nothing about the whole server: a proxy may have sent it, and the next create may succeed."""
    server = ScriptedStalwart(answer)
    assert (await error_at(server, Transient)).outcome_unknown
    assert (server.asked.count("session"), server.asked.count("x:Account/set")) == (2, 1)


@pytest.mark.parametrize("answer", OURS, ids=range(len(OURS)))
async def test_rejected_request_format_misconfigures_one_domain_and_makes_no_dead_letter(answer: Answer) -> None:
    """A new version of Stalwart may refuse every create: it is detected once more."""
    server = ScriptedStalwart(answer)
    error = await error_at(server, Misconfigured)
    assert (error.domain, error.unauthorized) == ("example.org", False)
    assert (server.asked.count("session"), server.asked.count("x:Account/set")) == (2, 1)


ODD = r"a\u0000b\ud800c\nd"
"""As in JSON. PostgreSQL refuses NUL, UTF-8 cannot encode a surrogate, and a newline would forge a log line."""
ODD_MESSAGES = {
    "a SetError": [f'["x:Account/set",{{"notCreated":{{"c":{{"type":"invalidPatch","description":"{ODD}"}}}}}},"0"]'],
    "a key": [f'["x:Account/set",{{"created":{{"{ODD}":5}}}},"0"]'],
    "an address": [
        '["x:Account/set",{"created":{"c":{"id":"k"}}},"0"]',
        f'["x:Account/get",{{"list":[{{"id":"k","emailAddress":"{ODD}@example.org"}}]}},"1"]',
    ],
}


@pytest.mark.parametrize("found", ODD_MESSAGES.values(), ids=ODD_MESSAGES)
async def test_messages_of_the_mail_server_can_be_stored_and_logged(found: list[str]) -> None:
    content = f'{{"methodResponses":[{",".join(found)}]}}'
    error = await error_of(httpx2.Response(200, content=content), MailServerError)
    assert str(error).isprintable()
    assert str(error).encode()


async def test_owner_of_an_address_is_named_so_that_it_can_be_stored_and_logged() -> None:
    listing = responses(("x:Account/query", {"ids": []}), ("x:Account/get", {"list": []}))
    error = await error_at(ScriptedStalwart(taken("m\0", "MailingList\n"), listing), Conflict)
    assert str(error).isprintable()


@pytest.mark.parametrize(
    "answer",
    [
        refused("invalidPatch", description="x" * 100_000),
        method_error("x" * 100_000),
        problem(400, "x" * 100_000, limit="y" * 100_000),
    ],
    ids=["a SetError", "a method error", "a problem"],
)
async def test_messages_of_the_mail_server_are_shortened(answer: Answer) -> None:
    assert len(str(await error_of(answer, MailServerError))) < 400


async def test_hanging_server_times_out_at_the_deadline() -> None:
    server = ScriptedStalwart(made("k", MAILBOX.email))
    registry = server.registry()

    async def hang(_request: httpx2.Request) -> httpx2.Response:
        await asyncio.Event().wait()
        raise AssertionError

    registry._client._connection = mocked(URL, hang)
    with pytest.raises(Transient) as raised:
        await registry.create(MAILBOX, deadline=0.05)
    assert raised.value.outcome_unknown

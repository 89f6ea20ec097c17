"""A request that sends mail is carried out in parts (gateway/divided_request.py): its client sees one request, whatever
the mail server does in either part. Whose name may stand on the mail: tests/contract/test_sent_from.py."""

import asyncio
import json
from base64 import b64encode
from typing import Any

import httpx2
import pytest

from gateway_trial import ANN, QUERY, GatewayTrial, kind
from scripted_upstream import (
    Answer,
    Asked,
    Script,
    ScriptedUpstream,
    echoing,
    http_answer,
    json_answer,
    problem_answer,
    sending,
    sending_answer,
)

CORE = "urn:ietf:params:jmap:core"
ERROR = "urn:ietf:params:jmap:error:"
USING = [f"urn:ietf:params:jmap:{name}" for name in ("core", "mail", "submission")]
OWN = {"accountId": "b"}
STORE: list[Any] = ["Email/set", {**OWN, "create": {"m": {"subject": "x"}, "forged": {"subject": "y"}}}, "0"]
AFTER: list[Any] = ["Mailbox/get", {**OWN, "ids": []}, "9"]
FOREIGN: list[Any] = ["Email/query", {"accountId": "c"}, "5"]
MEGABYTE = 1_000_000


def send(call_id: str = "1", **create: str) -> list[Any]:
    """An EmailSubmission/set of these emails by the creation ids of their submissions."""
    return ["EmailSubmission/set", {**OWN, "create": {key: {"emailId": each} for key, each in create.items()}}, call_id]


def session_with(capabilities: dict[str, Any]) -> Script:
    async def session(_: Asked, writer: asyncio.StreamWriter) -> None:
        primary = {"urn:ietf:params:jmap:mail": "b"}
        writer.write(json_answer({"capabilities": capabilities, "primaryAccounts": primary}))

    return session


async def ask(trial: GatewayTrial, *calls: Any, **more: Any) -> httpx2.Response:
    return await trial.http.post("/jmap/", json={"using": USING, "methodCalls": calls} | more, headers=ANN)


def sent(server: ScriptedUpstream) -> list[list[Any]]:
    """The names of the calls of each request to the mail server, without our own."""
    names: list[list[Any]] = []
    for asked in server.asked:
        calls = asked.calls()
        at = max(number for number, call in enumerate(calls) if "urn:postroom:separator" in call[1])
        names.append([name for name, arguments, _ in calls[:at] if "urn:postroom:separator" not in arguments])
    return names


def of(response: httpx2.Response) -> list[list[Any]]:
    assert response.status_code == 200, response.text
    return response.json()["methodResponses"]


# One request becomes two


@pytest.mark.parametrize(
    ("calls", "parts"),
    [
        ([send(s="e")], [[], ["EmailSubmission/set"]]),
        ([STORE, send(s="#m"), AFTER], [["Email/set"], ["EmailSubmission/set", "Mailbox/get"]]),
        (
            [STORE, send(s="#m"), AFTER, send("2", s="e"), send("3", s="e")],
            [["Email/set"], ["EmailSubmission/set", "Mailbox/get"], ["EmailSubmission/set"], ["EmailSubmission/set"]],
        ),
        (
            [AFTER] * 5 + [send(s="e")] + [AFTER] * 6,
            [["Mailbox/get"] * 5, ["EmailSubmission/set", *["Mailbox/get"] * 6]],
        ),
    ],
)
async def test_each_submission_costs_one_request_more(
    server: ScriptedUpstream, trial: GatewayTrial, calls: list[Any], parts: list[list[str]]
) -> None:
    server.will(sending)
    responses = of(await ask(trial, *calls))
    assert sent(server) == parts
    assert [(name, call_id) for name, _, call_id in responses] == [(name, call_id) for name, _, call_id in calls]


@pytest.mark.parametrize(
    "arguments",
    [{"update": {"s": {"undoStatus": "canceled"}}}, {"destroy": ["s"]}, {"create": {}}, {"create": None}, {}],
    ids=str,
)
async def test_what_sends_no_mail_is_one_request_as_it_was(
    server: ScriptedUpstream, trial: GatewayTrial, arguments: dict[str, Any]
) -> None:
    calls = [STORE, ["EmailSubmission/set", {**OWN, **arguments}, "1"], AFTER]
    answer = await ask(trial, *calls)
    (asked,) = server.asked
    assert json.loads(asked.body) == {"using": USING, "methodCalls": calls}
    assert of(answer) == calls


async def test_no_part_has_more_calls_than_the_mail_server_takes(server: ScriptedUpstream, trial: GatewayTrial) -> None:
    server.session = session_with({CORE: {"maxCallsInRequest": 16}, "urn:ietf:params:jmap:blob": {}})
    server.will(sending)
    calls = [*[AFTER] * 7, send(s="forged"), *[AFTER] * 8]
    assert len(of(await ask(trial, *calls))) == 16
    long = [*[AFTER] * 15, send(s="forged")]
    assert len(of(await ask(trial, *long))) == 16
    assert max(len(asked.calls()) for asked in server.asked) <= 16
    server.asked.clear()
    refused = await ask(trial, *long, AFTER)
    assert (kind(refused), refused.json()["limit"], server.asked) == ((400, "limit"), "maxCallsInRequest", [])


# What passes from one part to the next


@pytest.mark.parametrize("given", [None, {}, {"k": "known"}], ids=str)
async def test_creation_ids_hold_across_the_parts_and_are_returned_only_if_given(
    server: ScriptedUpstream, trial: GatewayTrial, given: dict[str, str] | None
) -> None:
    server.will(sending)
    more = {} if given is None else {"createdIds": given}
    answer = await ask(trial, STORE, send(s="#m"), ["Email/get", {**OWN, "ids": ["#m", "#s"]}, "2"], **more)
    known = {**(given or {}), "m": "id-m", "forged": "id-forged"}
    second = json.loads(server.asked[1].body)
    assert second["createdIds"] == known
    assert second["methodCalls"][0][1]["create"]["s"]["emailId"] == "id-m", "what was checked is what is sent"
    assert answer.json().get("createdIds") == (None if given is None else {**known, "s": "id-s"})
    assert answer.json().keys() == {"methodResponses", "sessionState", *more}


async def test_session_state_is_that_of_the_last_part(server: ScriptedUpstream, trial: GatewayTrial) -> None:
    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(json_answer({**sending_answer(asked), "sessionState": f"state {len(server.asked)}"}))

    server.will(script)
    assert (await ask(trial, STORE, send(s="e"))).json()["sessionState"] == "state 2"


LISTED: list[Any] = [
    "Thread/get",
    {**OWN, "list": [{"emailIds": ["e1", "e2"]}, {"emailIds": ["e3"]}], "a/b": {"~": 1}},
    "0",
]


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ({"resultOf": "0", "name": "Thread/get", "path": "/list/*/emailIds"}, ["e1", "e2", "e3"]),
        ({"resultOf": "0", "name": "Thread/get", "path": "/list/1/emailIds"}, ["e3"]),
        ({"resultOf": "0", "name": "Thread/get", "path": "/list/*/emailIds/0"}, ["e1", "e3"]),
        ({"resultOf": "0", "name": "Thread/get", "path": "/a~1b/~0"}, 1),
        ({"resultOf": "0", "name": "Thread/get", "path": "/nothing"}, None),
        ({"resultOf": "0", "name": "Thread/get", "path": "/list/-1/emailIds"}, None),
        ({"resultOf": "0", "name": "Thread/get", "path": "/list/7"}, None),
        ({"resultOf": "0", "name": "Thread/get", "path": f"/list/{'9' * 5000}"}, None),
        ({"resultOf": "0", "name": "Thread/get", "path": "/list/x"}, None),
        ({"resultOf": "0", "name": "Thread/get", "path": 5}, None),
    ],
    ids=str,
)
async def test_result_of_an_earlier_part_can_be_referred_to(
    server: ScriptedUpstream, trial: GatewayTrial, reference: dict[str, Any], value: Any
) -> None:
    server.will(sending)
    responses = of(await ask(trial, LISTED, send(s="e"), ["Email/get", {**OWN, "#ids": reference, "x": 1}, "2"], AFTER))
    assert responses[3] == AFTER
    name, arguments, call_id = responses[2]
    assert call_id == "2"
    if value is None:
        assert (name, arguments["type"]) == ("error", "invalidResultReference")
    else:
        assert arguments == {**OWN, "ids": value, "x": 1}


@pytest.mark.parametrize(
    "reference",
    [
        {"resultOf": "1", "name": "EmailSubmission/set", "path": "/newState"},
        {"resultOf": "0", "name": "Email/get", "path": "/list"},
        {"resultOf": "7", "name": "Thread/get", "path": "/list"},
        {},
    ],
    ids=str,
)
async def test_every_other_reference_is_left_to_the_mail_server(
    server: ScriptedUpstream, trial: GatewayTrial, reference: dict[str, str]
) -> None:
    server.will(sending)
    call: list[Any] = ["Email/get", {**OWN, "#ids": reference}, "2"]
    assert of(await ask(trial, LISTED, send(s="e"), call))[2] == call


# Refusals


async def test_refused_calls_and_refused_submissions_keep_their_places(
    server: ScriptedUpstream, trial: GatewayTrial
) -> None:
    server.will(sending)
    calls = [FOREIGN, STORE, send("1", a="#m", b="#forged"), FOREIGN, send("2", a="e"), FOREIGN]
    responses = of(await ask(trial, *calls))
    assert [(name, call_id) for name, _, call_id in responses] == [
        ("error", "5"),
        ("Email/set", "0"),
        ("EmailSubmission/set", "1"),
        ("error", "5"),
        ("EmailSubmission/set", "2"),
        ("error", "5"),
    ]
    _, submitted, _ = responses[2]
    assert submitted["created"].keys() == {"a"}
    assert submitted["notCreated"]["b"]["type"] == "forbiddenFrom"
    assert "'ceo@bank.example'" in submitted["notCreated"]["b"]["description"]
    assert "notCreated" not in responses[4][1]


async def test_submissions_that_are_referred_to_are_refused(server: ScriptedUpstream, trial: GatewayTrial) -> None:
    """Nobody would know which emails they send. With two signs, what it refers to is a reference again."""
    server.will(sending)
    echo = ["Core/echo", {"x": {"resultOf": "2", "name": "Core/echo", "path": "/y"}}, "0"]
    other = ["Core/echo", {"y": {"s": {"emailId": "forged"}}}, "2"]
    for name in ("#create", "##create"):
        reference = {"resultOf": "0", "name": "Core/echo", "path": "/x"}
        answer = await ask(trial, echo, send(s="e"), other, ["EmailSubmission/set", {**OWN, name: reference}, "3"])
        assert of(answer)[3][1]["type"] == "forbidden"


LOOKUP = ["Identity/get", {"list": [{"email": "ann@example.org"}]}, "0"]
FOUND = ["Email/get", {"list": [{"id": "e", "blobId": "x"}]}, "1"]
STARTS = [
    "Blob/get",
    {"list": [{"id": "x", "data:asBase64": b64encode(b"From: ann@example.org\r\n\r\n").decode()}]},
    "2",
]
CUT = b64encode(b"From: ann@example.org\r\n").decode()
MARK = {"urn:postroom:separator": True}
SEPARATOR = ["Core/echo", MARK, "urn:postroom:separator"]


def methods(*responses: Any) -> bytes:
    return json_answer({"methodResponses": responses, "sessionState": "s"})


@pytest.mark.parametrize(
    ("lookups", "outcome"),
    [
        ([LOOKUP, FOUND, STARTS], "sent"),
        ([LOOKUP, ["error", {"type": "requestTooLarge"}, "1"], ["error", {"type": "x"}, "2"]], "requestTooLarge"),
        ([["error", {"type": "unknownMethod"}, "0"], FOUND, STARTS], "unknownMethod"),
        ([LOOKUP, FOUND, ["error", {"type": "forbidden"}, "2"]], "forbidden"),
        ([LOOKUP, ["Email/get", {"list": []}, "1"], ["Blob/get", {"list": []}, "2"]], "invalidProperties"),
        ([LOOKUP, ["Email/get", {"list": [{"id": "other", "blobId": "x"}]}, "1"], STARTS], "invalidProperties"),
        ([["Identity/get", {"list": []}, "0"], FOUND, STARTS], "forbiddenFrom"),
        ([["Identity/get", {"list": [{"email": "ann@example.net"}]}, "0"], FOUND, STARTS], "forbiddenFrom"),
        ([["Identity/get", {"list": [{"email": ""}]}, "0"], FOUND, STARTS], "sent"),  # Cyrus 3.6: that of the login
        ([LOOKUP, FOUND, ["Blob/get", {"list": [{"id": "x", "data:asBase64": CUT}]}, "2"]], "forbiddenFrom"),
        ([LOOKUP, FOUND, ["Blob/get", {"list": [{"id": "x", "data:asBase64": "?"}]}, "2"]], 502),
        ([LOOKUP, FOUND, ["Blob/get", {"list": [{"id": "x", "data:asBase64": None}]}, "2"]], 502),
        ([LOOKUP, FOUND, ["Blob/get", {"list": [{**STARTS[1]["list"][0], "id": "y"}]}, "2"]], 502),
        ([LOOKUP, ["Email/get", {"list": [{"id": "e"}]}, "1"], STARTS], 502),
        ([LOOKUP, ["Email/get", {}, "1"], STARTS], 502),
        ([LOOKUP, FOUND], 502),
        ([FOUND, LOOKUP, STARTS], 502),
        ([LOOKUP, FOUND, STARTS, STARTS], 502),
        ([LOOKUP, FOUND, "Blob/get"], 502),
    ],
    ids=str,
)
async def test_nothing_is_sent_unless_its_author_was_found(
    server: ScriptedUpstream, trial: GatewayTrial, lookups: list[Any], outcome: str | int
) -> None:
    server.will(methods(SEPARATOR, *lookups), sending)
    answer = await ask(trial, send(s="e"))
    submitted = [asked.calls()[0][1].get("create") for asked in server.asked[1:]]
    if outcome == "sent":
        assert submitted == [{"s": {"emailId": "e"}}]
        return
    assert not any(submitted)
    if isinstance(outcome, int):
        assert kind(answer) == (outcome, "mail_server_unusable")
        return
    ((name, arguments, _),) = of(answer)
    error = arguments if name == "error" else arguments["notCreated"]["s"]
    assert error["type"] == outcome


@pytest.mark.parametrize(
    ("headers", "outcome"),
    [
        ([{"name": "From", "value": " Ann <ann@example.org>"}, {"name": "Subject", "value": " x\r\n y"}], "sent"),
        ([{"name": "From", "value": " ann@example.org"}, {"name": "from", "value": " ceo@bank.example"}], "refused"),
        ([{"name": "From", "value": " ann@example.org"}, {"name": "Sender", "value": " ceo@bank.example"}], "refused"),
        ([{"name": "Fr om", "value": " ann@example.org"}], "refused"),
        ([], "refused"),
        (None, "unusable"),
    ],
)
async def test_mail_server_that_gives_no_bytes_is_asked_for_the_header_fields(
    server: ScriptedUpstream, trial: GatewayTrial, headers: list[dict[str, str]] | None, outcome: str
) -> None:
    server.session = session_with({CORE: {}})
    server.will(methods(SEPARATOR, LOOKUP, ["Email/get", {"list": [{"id": "e", "headers": headers}]}, "1"]), sending)
    answer = await ask(trial, send(s="e"))
    assert "urn:ietf:params:jmap:blob" not in json.loads(server.asked[0].body)["using"]
    assert [name for name, _, _ in server.asked[0].calls()] == ["Core/echo", "Identity/get", "Email/get"]
    if outcome == "unusable":
        assert kind(answer) == (502, "mail_server_unusable")
        return
    ((_, submitted, _),) = of(answer)
    assert ("s" in submitted["created"], "notCreated" in submitted) == (outcome == "sent", outcome == "refused")


@pytest.mark.parametrize("echoed", [MARK, {"x": ["Core/echo", MARK, "urn:postroom:separator"]}], ids=["same", "inner"])
async def test_client_cannot_answer_the_lookups_itself(
    server: ScriptedUpstream, trial: GatewayTrial, echoed: dict[str, Any]
) -> None:
    server.will(sending)
    echo = ["Core/echo", echoed, "urn:postroom:separator"]
    answer = await ask(trial, echo, ["Core/echo", LOOKUP[1], "0"], ["Core/echo", FOUND[1], "1"], send(s="forged"))
    assert kind(answer) == (502, "mail_server_unusable")
    assert len(server.asked) == 1


# Errors of the mail server

TRUNCATED = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n{"


async def hang_up(_: Asked, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def hang(_asked: Asked, _writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(1)


FAILURES: list[tuple[Answer, tuple[int, str], str | None]] = [
    # the answer, the problem if it is the first one, and the error of the calls that were not carried out: None if
    # nobody knows whether they were
    (problem_answer(503), (503, "mail_server_away"), "serverUnavailable"),
    (problem_answer(429), (429, "mail_server_busy"), "serverUnavailable"),
    (problem_answer(403), (502, "mail_server_misconfigured"), "serverUnavailable"),
    (problem_answer(400, ERROR + "limit", limit="maxSizeRequest"), (400, "limit"), "serverUnavailable"),
    (problem_answer(400, ERROR + "notRequest"), (400, "notRequest"), "invalidArguments"),
    (http_answer(400, b"?"), (400, "blank"), "invalidArguments"),
    (problem_answer(500), (502, "mail_server_unusable"), None),
    (http_answer(200, b"{}", content_type="text/html"), (502, "mail_server_unusable"), None),
    (json_answer([]), (502, "mail_server_unusable"), None),
    (json_answer({"methodResponses": []}), (502, "mail_server_unusable"), None),
    (methods(), (502, "mail_server_unusable"), None),
    (TRUNCATED, (504, "mail_server_silent"), None),
    (hang_up, (502, "mail_server_broke_off"), None),
    (hang, (504, "mail_server_silent"), None),
]


@pytest.mark.parametrize(("failure", "problem", "error"), FAILURES, ids=range(len(FAILURES)))
async def test_failure_of_a_part_shows_what_was_carried_out(
    server: ScriptedUpstream, impatient: GatewayTrial, failure: Answer, problem: tuple[int, str], error: str | None
) -> None:
    calls = [STORE, send("1", s="#m"), FOREIGN, AFTER]
    server.will(failure)
    assert kind(await ask(impatient, *calls)) == problem
    assert len(server.asked) == 1, "nothing is sent after a failure"
    server.will(sending, failure)
    assert kind(await ask(impatient, send(s="e"))) == problem, (
        "as if it had not been divided: nothing was changed before"
    )
    server.will(sending, failure)
    answer = await ask(impatient, *calls, createdIds={})
    if error is None:
        assert kind(answer) == problem
        return
    first, *others = of(answer)
    assert first[1]["created"].keys() == {"m", "forged"}
    assert [(name, arguments["type"], call_id) for name, arguments, call_id in others] == [
        ("error", error, "1"),
        ("error", "accountNotFound", "5"),
        ("error", error, "9"),
    ]
    assert (answer.json()["createdIds"], answer.json()["sessionState"]) == ({"m": "id-m", "forged": "id-forged"}, "s")


# Large responses


async def test_large_response_before_a_submission_is_streamed_not_buffered(
    server: ScriptedUpstream, trial: GatewayTrial
) -> None:
    """The client reads the first megabyte while the mail server holds back the rest of the first part."""
    go_on = asyncio.Event()
    ids = json.dumps(["x" * 99] * 40_000)

    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        text = f'{{"methodResponses":[["Email/query",{{"ids":{ids}}},"0"],'
        end = json.dumps([*asked.calls()[1:2], LOOKUP, FOUND, STARTS])[1:] + ',"sessionState":"s"}'
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(text + end)}\r\n\r\n"
        writer.write((head + text[: 3 * MEGABYTE]).encode())
        await go_on.wait()
        writer.write((text[3 * MEGABYTE :] + end).encode())

    refers: list[Any] = ["Email/get", {**OWN, "#ids": {"resultOf": "0", "name": "Email/query", "path": "/ids"}}, "2"]
    received = bytearray()
    server.will(script, sending)
    request = {"using": USING, "methodCalls": [QUERY, send(s="e"), refers]}
    async with trial.http.stream("POST", "/jmap/", json=request, headers=ANN) as answer:
        async for chunk in answer.aiter_raw():
            received += chunk
            if len(received) > MEGABYTE:
                go_on.set()
    query, submitted, error = json.loads(received)["methodResponses"]
    assert len(query[1]["ids"]) == 40_000
    assert submitted[1]["created"].keys() == {"s"}
    assert error[1]["type"] == "invalidResultReference", "too large to be kept for it"


@pytest.mark.parametrize(("number", "length"), [(1, 65_536), (22, 65_536), (30, 50_000), (500, 3_000)])
async def test_what_is_read_of_many_emails_is_shared_among_them(
    server: ScriptedUpstream, trial: GatewayTrial, number: int, length: int
) -> None:
    server.will(sending)
    emails = {f"s{each}": f"e{each}" for each in range(number)}
    assert of(await ask(trial, send(**emails, again="e0")))[0][1]["created"].keys() == {*emails, "again"}
    _, identities, found, starts = server.asked[0].calls()
    assert (identities[0], len(found[1]["ids"]), starts[1]["length"]) == ("Identity/get", number, length)


async def test_lookups_without_end_are_not_read(server: ScriptedUpstream, trial: GatewayTrial) -> None:
    server.will(methods(SEPARATOR, LOOKUP, FOUND, ["Blob/get", {"list": [], "x": "x" * 4 * MEGABYTE}, "2"]), echoing)
    assert kind(await ask(trial, send(s="e"))) == (502, "mail_server_unusable")
    assert len(server.asked) == 1

"""A mail server that already serves as many requests of an account as it allows, including those of other clients.

Stalwart responds 400 `limit` without executing the request.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway_trial import ANN, QUERY, GatewayTrial, gateway, kind
from postroom.gateway.limits import GatewayLimits
from scripted_upstream import Asked, ScriptedUpstream, echoing, http_answer, json_answer, problem_answer

ERROR = "urn:ietf:params:jmap:error:"
CORE, MAIL = "urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"
IMPATIENT = GatewayLimits(queue_seconds=0.3)


def crowded(limit: str = "maxConcurrentRequests") -> bytes:
    return problem_answer(400, ERROR + "limit", limit=limit, detail="too many of 10.0.0.7")


async def test_every_gateway_route_retries_after_a_concurrency_limit(
    server: ScriptedUpstream, trial: GatewayTrial
) -> None:
    turns = dict[tuple[str, str], int]()

    async def third(asked: Asked, writer: asyncio.StreamWriter) -> None:
        turns[asked.method, asked.target] = turn = turns.get((asked.method, asked.target), 0) + 1
        if turn < 3:
            writer.write(crowded())
        elif "eventsource" in asked.target:
            writer.write(http_answer(204))
        elif "session" in asked.target:
            accounts = {"b": {"accountCapabilities": {MAIL: {}}}}
            core = {"capabilities": {CORE: {"maxSizeUpload": 1}}}
            writer.write(json_answer({"state": "s", "accounts": accounts, "primaryAccounts": {MAIL: "b"}, **core}))
        elif asked.target == "/jmap/":
            await echoing(asked, writer)
        else:
            writer.write(json_answer({}))

    server.session = third
    server.will(third)
    assert [answer.status_code for answer in await trial.each_way()] == [200, 200, 200, 200, 204]
    assert turns.pop(("GET", "/jmap/session")) >= 3
    assert set(turns.values()) == {3}


async def test_a_request_that_waited_as_long_as_in_our_own_queue_gets_the_limit(server: ScriptedUpstream) -> None:
    server.will(crowded())
    async with gateway(server.url, limits=IMPATIENT) as trial:
        answer = await asyncio.wait_for(trial.call(QUERY), 2)
    assert (kind(answer), answer.json()["limit"]) == ((400, "limit"), "maxConcurrentRequests")
    assert "10.0.0.7" not in answer.text
    assert "send it again" in answer.json()["detail"]
    assert 2 <= len(server.asked) < 10


async def test_call_beyond_another_limit_is_not_sent_again(server: ScriptedUpstream, trial: GatewayTrial) -> None:
    server.will(problem_answer(400, ERROR + "limit", limit="maxSizeRequest", detail="too large"))
    answer = await trial.call(QUERY)
    assert (kind(answer), answer.json()["detail"], len(server.asked)) == ((400, "limit"), "too large", 1)


async def test_login_rejected_between_busy_answers_is_still_replaced_once(
    server: ScriptedUpstream, trial: GatewayTrial
) -> None:
    server.will(crowded(), problem_answer(401), crowded(), echoing)
    assert (await trial.call(QUERY)).status_code == 200
    assert [asked.header("authorization") for asked in server.asked] == [
        "Basic b-0",
        *["Basic b-0", "Basic b-1"],
        "Basic b-1",
    ]
    server.will(crowded(), problem_answer(401), crowded(), problem_answer(401))
    trial.authorization.fresh = 9
    assert kind(await trial.call(QUERY)) == (502, "mail_server_misconfigured")


FOUND = {"accountId": "b", "blobId": "x", "type": "text/plain", "size": 1}


async def test_small_upload_is_repeated_after_a_concurrency_limit_or_a_401(
    server: ScriptedUpstream, trial: GatewayTrial
) -> None:
    server.will(crowded("maxConcurrentUpload"), problem_answer(401), json_answer(FOUND))
    answer = await trial.http.post("/jmap/upload/b/", content=b"x" * 1_000_000, headers=ANN)
    assert (answer.status_code, answer.json()) == (200, FOUND)
    assert [len(asked.body) for asked in server.asked] == [1_000_000] * 3
    assert {asked.header("content-length") for asked in server.asked} == {"1000000"}


async def parts() -> AsyncIterator[bytes]:
    yield b"x"


@pytest.mark.parametrize("content", [b"x" * 1_000_001, parts], ids=["large", "of an unknown size"])
@pytest.mark.parametrize(
    ("refusal", "reported"),
    [(crowded("maxConcurrentUpload"), (400, "limit")), (problem_answer(401), (503, "mail_server_away"))],
    ids=["crowded", "another login"],
)
async def test_streamed_upload_is_not_sent_twice(
    server: ScriptedUpstream, trial: GatewayTrial, content: Any, refusal: bytes, reported: tuple[int, str]
) -> None:
    """It was not buffered, because it may be large. The client still has it and can repeat the upload."""
    server.will(refusal)
    sent: Any = content() if callable(content) else content
    answer = await trial.http.post("/jmap/upload/b/", content=sent, headers=ANN)
    assert (kind(answer), len(server.asked)) == (reported, 1)

"""A browser that leaves, or whose network breaks, in the middle of a request that changes something: the mail server
must get all of it and finish. Otherwise a mail might be sent without a record of it (docs/mail-servers.md)."""

import asyncio
import json
from typing import Any

import pytest

from eventually import eventually
from gateway_trial import GatewayTrial, gateway
from scripted_upstream import Asked, Script, ScriptedUpstream, echoing, sending

SEND: list[Any] = ["EmailSubmission/set", {"accountId": "b", "create": {"s": {"emailId": "e", "identityId": "i"}}}, "0"]
STORE: list[Any] = ["Email/set", {"accountId": "b", "create": {"e": {"subject": "x" * 200_000}}}, "0"]
CANCEL: list[Any] = ["EmailSubmission/set", {"accountId": "b", "update": {"s": {"undoStatus": "canceled"}}}, "0"]
LAST: list[Any] = ["Core/echo", {}, "0"]


def request_of(call: list[Any]) -> bytes:
    using = [f"urn:ietf:params:jmap:{name}" for name in ("core", "mail", "submission")]
    body = json.dumps({"using": using, "methodCalls": [call]}).encode()
    head = "POST /jmap/ HTTP/1.1\r\nHost: x\r\nCookie: session=ann\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def leave(port: int, sent: bytes, when: asyncio.Event | None) -> None:
    """Send this, and break off, either at once or when something has happened."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    await writer.drain()
    if when:
        await when.wait()
        writer.transport.abort()
    else:
        writer.close()  # the server reads all of it, and then that there is nobody


@pytest.mark.parametrize("call", [SEND, STORE], ids=["EmailSubmission/set", "Email/set"])
@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "while it is carried out"])
async def test_request_of_a_client_that_left_is_carried_out(
    server: ScriptedUpstream, trial: GatewayTrial, call: list[Any], at_once: bool
) -> None:
    arrived, may_end, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await may_end.wait()
        assert not asked.hung_up
        await sending(asked, writer)
        if call[0] in (name for name, _, _ in asked.calls()):  # what sends mail is the second part of its request
            ended.set()

    server.will(script)
    await leave(trial.port, request_of(call), None if at_once else arrived)
    async with asyncio.timeout(10):
        await arrived.wait()
        await asyncio.sleep(0.2)  # long enough to notice that the client has left
        (asked,) = server.asked
        assert not asked.hung_up
        may_end.set()
        await ended.wait()
    assert call[0] in (name for name, _, _ in server.asked[-1].calls())
    server.asked.clear()
    server.will(echoing)
    await leave(trial.port, request_of(LAST), None)
    await eventually(lambda: len(server.asked) == 1, "the account's place is free again")
    await eventually(lambda: server.under_way == 0, "and the next one is carried out")


def held(count: list[int], full: asyncio.Event, until: asyncio.Event) -> Script:
    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        count.append(1)
        if len(count) == 4:
            full.set()
        await until.wait()
        await echoing(asked, writer)

    return script


async def test_request_that_waits_for_its_turn_is_carried_out_whole_or_not_at_all(server: ScriptedUpstream) -> None:
    """The fifth one's client leaves before its body was read."""
    full, until, count = asyncio.Event(), asyncio.Event(), list[int]()
    async with gateway(server.url) as trial:
        server.will(held(count, full, until))
        for _ in range(4):
            await leave(trial.port, request_of(CANCEL), None)
        async with asyncio.timeout(10):
            await full.wait()
        await leave(trial.port, request_of(STORE), None)
        until.set()
        await eventually(lambda: server.under_way == 0, "the four have ended")
        server.will(echoing)
        await leave(trial.port, request_of(LAST), None)
        last = [LAST]
        await eventually(
            lambda: any(asked.complete and asked.calls() == last for asked in server.asked), "others follow"
        )
        await eventually(lambda: server.under_way == 0, "all have ended")
        assert all(asked.calls() in ([CANCEL], [STORE], last) for asked in server.asked)
        assert not any(asked.hung_up for asked in server.asked)


async def test_request_that_has_not_arrived_whole_is_not_sent_on(server: ScriptedUpstream, trial: GatewayTrial) -> None:
    sent = request_of(STORE)
    _, writer = await asyncio.open_connection("127.0.0.1", trial.port)
    writer.write(sent[: len(sent) // 2])
    await writer.drain()
    writer.close()
    await leave(trial.port, request_of(CANCEL), None)
    await eventually(lambda: len(server.asked) == 1, "the whole one arrived")
    assert server.asked[0].calls() == [CANCEL]

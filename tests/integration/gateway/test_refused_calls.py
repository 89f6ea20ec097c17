"""Requests with some refused calls: how the responses to the others are passed on."""

import asyncio
import json
from typing import Any

from gateway_trial import ANN, QUERY, GatewayTrial
from scripted_upstream import Asked, ScriptedUpstream

REFUSED: list[Any] = ["x:Account/get", {}, "1"]
REQUEST = {"using": ["urn:ietf:params:jmap:core"], "methodCalls": [QUERY, REFUSED]}
MEGABYTE = 1_000_000


def halves(asked: Asked) -> tuple[bytes, bytes]:
    """The two halves of a large response to `REQUEST`."""
    found = ["Email/query", {"ids": ["x" * 99] * (4 * MEGABYTE // 102)}, "0"]
    raw = json.dumps({"methodResponses": [found, *asked.calls()[1:]], "sessionState": "s"}).encode()
    return raw[: len(raw) // 2], raw[len(raw) // 2 :]


async def test_response_with_an_inserted_error_is_streamed_not_buffered(
    server: ScriptedUpstream, trial: GatewayTrial
) -> None:
    """Buffering one person's 40 MB would delay everybody else in the process for seconds."""
    go_on = asyncio.Event()

    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        first, second = halves(asked)
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(first + second)}\r\n\r\n"
        writer.write(head.encode() + first)
        await go_on.wait()
        writer.write(second)

    server.will(script)
    received = bytearray()
    async with trial.http.stream("POST", "/jmap/", json=REQUEST, headers=ANN) as answer:
        async for chunk in answer.aiter_raw():
            received += chunk
            if len(received) > MEGABYTE:
                go_on.set()
    query, error = json.loads(received)["methodResponses"]
    assert len(query[1]["ids"]) > 30_000
    assert (error[0], error[1]["type"], error[2]) == ("error", "unknownMethod", "1")

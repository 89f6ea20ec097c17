"""A mail server that responds before it has read the entire request: 401 after the head, 413 in the middle of an
upload."""

import asyncio

import pytest

from gateway_trial import GatewayTrial
from scripted_upstream import Asked, ScriptedUpstream, problem_answer

MEGABYTE = 1_000_000
SOON = 10.0


@pytest.mark.parametrize("sent", [1000, 19 * MEGABYTE], ids=["the client pauses", "the server does not read"])
async def test_rejection_is_read_while_an_upload_is_still_being_sent(
    server: ScriptedUpstream, trial: GatewayTrial, sent: int
) -> None:
    go_on = asyncio.Event()

    async def refuse(_: Asked, to: asyncio.StreamWriter) -> None:
        await go_on.wait()
        to.write(problem_answer(413))

    server.unread = [refuse]
    head = f"POST /jmap/upload/b/ HTTP/1.1\r\nHost: x\r\nCookie: session=ann\r\nContent-Length: {20 * MEGABYTE}\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", trial.port)
    try:
        writer.write(head.encode() + b"x" * sent)
        before = -1
        while before != writer.transport.get_write_buffer_size():
            before = writer.transport.get_write_buffer_size()
            await asyncio.sleep(0.1)
        go_on.set()
        assert await asyncio.wait_for(reader.readline(), SOON) == b"HTTP/1.1 400 Bad Request\r\n"
    finally:
        writer.transport.abort()

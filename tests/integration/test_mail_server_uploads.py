"""Uploads to a mail server that reads them slowly, in part or not at all, and responds early."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing

import pytest
import uvloop

from http_exchange import DEFAULT_TIMEOUTS, OK, ONE, SOON, Counting, exchange, http_to
from postroom.http.mail_server import Broken, Late, MailServerHttp, Timeouts


async def test_large_request_body_arrives_complete() -> None:
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            assert await reader.readexactly(3_000_000) == b"xyz" * 1_000_000
            writer.write(ONE)

    async with http_to(serve) as http:
        for _ in range(2):
            assert (await exchange(http, b"xyz" * 1_000_000))[2] == b"a"
    assert len(heads) == 2
    assert b"Content-Length: 3000000\r\n" in heads[0]


async def test_upload_stops_once_the_server_has_answered() -> None:
    """The server refuses the upload after reading its head. The response is more useful than sending the rest of the
    body."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK + b"Content-Length: 2\r\n\r\nno")
        await reader.read()

    async def endless() -> AsyncGenerator[bytes]:
        while True:
            yield b"x" * 100
            await asyncio.sleep(0)

    counting = Counting(serve)
    async with http_to(counting) as http:
        for _ in range(2):
            async with aclosing(endless()) as body:
                assert (await exchange(http, body))[2] == b"no"
    assert counting.made == 2  # the server would read the rest of the body as the next request


async def test_rest_of_the_body_is_sent_after_an_early_start_of_the_answer() -> None:
    answered = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK + b"Content-Length: 1\r\n\r\n")
        await reader.readexactly(200)
        writer.write(b"a")

    async def parts() -> AsyncIterator[bytes]:
        yield b"x" * 100
        await answered.wait()
        yield b"x" * 100

    headers = {"Content-Length": "200"}
    async with http_to(serve) as http, http.exchange("POST", "/", headers, parts(), DEFAULT_TIMEOUTS) as answer:
        answered.set()
        assert [chunk async for chunk in answer] == [b"a"]


async def test_upload_fails_at_once_if_the_server_closes_early() -> None:
    """Even with unsent bytes, which the server will never read."""
    stuck = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK + b"Content-Length: 1\r\n\r\n")
        await stuck.wait()
        writer.write_eof()
        await asyncio.Event().wait()

    async with http_to(serve) as http:
        with pytest.raises(Broken):
            await asyncio.wait_for(exchange(http, more_than_is_taken(http, stuck)), SOON)


async def _reads_nothing(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    await asyncio.Event().wait()


async def test_upload_times_out_if_the_server_reads_nothing() -> None:
    async with http_to(_reads_nothing) as http:
        with pytest.raises(Late):
            await exchange(http, b"x" * 20_000_000, Timeouts(SOON, send=0.2, response=SOON))


async def as_much_as_is_taken(http: MailServerHttp) -> AsyncIterator[bytes]:
    assert http._session
    connector = http._session.connector
    assert connector
    while not any(each.writing_paused for each in connector._acquired):
        yield b"x" * 1000


async def more_than_is_taken(http: MailServerHttp, stuck: asyncio.Event) -> AsyncIterator[bytes]:
    """Sets `stuck` when the server reads no more."""
    async for part in as_much_as_is_taken(http):
        yield part
    stuck.set()
    yield b"x" * 100_000


async def test_upload_times_out_if_the_server_does_not_read_the_end() -> None:
    async with http_to(_reads_nothing) as http:
        with pytest.raises(Late):
            await exchange(http, as_much_as_is_taken(http), Timeouts(SOON, send=0.5, response=0.2))


async def test_pause_of_the_uploading_client_does_not_time_out_the_server() -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(2):
            yield b"x"
            await asyncio.sleep(0.3)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\nxx")
        writer.write(ONE)

    async with http_to(serve) as http:
        timeouts = Timeouts(SOON, send=0.1, response=SOON)
        assert (await exchange(http, parts(), timeouts, {"Content-Length": "2"}))[0] == 200


@pytest.mark.parametrize(("answered", "error"), [(False, LookupError), (True, LookupError), (False, TimeoutError)])
async def test_what_a_body_raises_is_passed_on(answered: bool, error: type[Exception]) -> None:
    goes_on = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"a"
        await goes_on.wait()
        raise error("its client was too slow")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if answered:
            writer.write(OK + b"Content-Length: 1\r\n\r\n")
        else:
            goes_on.set()
        await reader.read()

    async def read(http: MailServerHttp) -> None:
        async with http.exchange("POST", "/", {}, slow(), DEFAULT_TIMEOUTS) as answer:
            goes_on.set()
            await anext(aiter(answer))

    async with http_to(serve) as http:
        with pytest.raises(error, match="too slow"):
            await asyncio.wait_for(read(http), SOON)


async def test_request_cancelled_twice_leaves_no_open_session() -> None:
    asked, cancelled, over = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def takes_its_time() -> AsyncIterator[bytes]:
        yield b"a"
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
            await over.wait()

    async with http_to(_reads_nothing) as http:
        asking = asyncio.create_task(exchange(http, takes_its_time()))
        await asked.wait()
        await http.aclose()
        asking.cancel()
        await cancelled.wait()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        over.set()
        assert http._session
        assert http._session.closed


async def test_connection_with_an_unsent_body_is_closed_after_the_answer() -> None:
    stuck, left = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await stuck.wait()
        writer.write(b"HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n")
        while not writer.is_closing():
            await asyncio.sleep(0.02)
            writer.write(b"x")
        left.set()

    async with http_to(serve) as http:
        assert (await exchange(http, more_than_is_taken(http, stuck)))[0] == 413
        await asyncio.wait_for(left.wait(), SOON)


def test_behaviour_is_the_same_on_uvloop() -> None:
    async def on_uvloop() -> None:
        await test_large_request_body_arrives_complete()
        await test_upload_stops_once_the_server_has_answered()
        await test_upload_times_out_if_the_server_reads_nothing()
        await test_connection_with_an_unsent_body_is_closed_after_the_answer()
        await test_upload_fails_at_once_if_the_server_closes_early()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(uvloop.run, on_uvloop()).result()

"""The client's side of an exchange: reads the request body and writes the response, both with time limits."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Coroutine, Mapping, Sequence
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive, Scope, Send

from postroom.gateway.problems import too_large
from postroom.http.problems import MEDIA_TYPE, Problem, problem

LINGER_SECONDS = 2.0


class ClientConnection:
    """`cookies` are those of Kratos: they are sent to the browser with every response."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, *, stall_seconds: float) -> None:
        self.request = Request(scope, receive)
        self.cookies: Sequence[str] = ()
        self.started = False
        headers = self.request.headers
        self._unread = "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
        self._receive = receive
        self._send = send
        self._stall_seconds = stall_seconds

    def body(self, at_most: int, limit_name: str, *, within: float) -> AsyncGenerator[bytes]:
        """The body's chunks, which must all arrive within `within` seconds.

        Raises `Problem` if the body is too large or too slow, and `ClientDisconnect` if it ends early. A body whose
        Content-Length is too large is refused before any of it is read.
        """
        stated = self.request.headers.get("content-length", "")
        if stated.isdigit() and int(stated) > at_most:
            raise too_large(limit_name, at_most)
        return self._chunks(at_most, limit_name, within)

    async def _chunks(self, at_most: int, limit_name: str, within: float) -> AsyncGenerator[bytes]:
        clock = asyncio.get_running_loop().time
        end = clock() + within
        size = 0
        more = True
        while more:
            try:
                async with asyncio.timeout(min(self._stall_seconds, end - clock())):
                    message = await self._receive()
            except TimeoutError:
                raise problem("too_slow", "the body did not arrive in time; send it again") from None
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            chunk: bytes = message.get("body", b"")
            self._unread = more = message.get("more_body", False)
            size += len(chunk)
            if size > at_most:
                raise too_large(limit_name, at_most)
            if chunk:
                yield chunk

    async def start(self, status: int, headers: Mapping[str, str]) -> None:
        await self._deliver(self._head(status, headers))

    async def push(self, chunk: bytes, *, more: bool = True) -> None:
        """Return when there is room for more. Raises `ClientDisconnect` if the client reads nothing."""
        await self._deliver(_part(chunk, more=more))

    async def respond(self, status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
        head = self._head(status, {**headers, "Content-Length": str(len(body))})
        await self._deliver(head, _part(body, more=False))

    async def relay(self, status: int, headers: Mapping[str, str], chunks: AsyncIterable[bytes]) -> None:
        """Pass on the chunks as they arrive. Each waits for the next one, so that the last is known to be the last. The
        head is sent with the first chunk, which is the only one of most responses."""
        head = [self._head(status, headers)]
        previous: bytes | None = None
        async for chunk in chunks:
            if previous is not None:
                await self._deliver(*head, _part(previous))
                head = []
            previous = chunk
        await self._deliver(*head, _part(previous or b"", more=False))

    async def send_problem(self, found: Problem) -> None:
        if self.started:
            # Too late: the response stays incomplete, and the HTTP server closes the connection.
            return
        headers, body = {"Content-Type": MEDIA_TYPE, "Cache-Control": "no-store", **found.headers}, found.body()
        if not self._unread:
            await self.respond(found.status, headers, body)
            return
        await self.start(found.status, {**headers, "Content-Length": str(len(body)), "Connection": "close"})
        await self.push(body)
        await self._linger()
        await self.push(b"", more=False)

    async def wait_for_disconnect(self) -> None:
        """Return when the client has disconnected. Call it only after the body was read."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _linger(self) -> None:
        """Read the rest of the body for a moment: a connection closed with unread bytes is reset, and its client may
        never see the response."""
        try:
            async with asyncio.timeout(min(LINGER_SECONDS, self._stall_seconds)):
                while (await self._receive()).get("more_body", False):
                    pass
        except TimeoutError:
            return

    def _head(self, status: int, headers: Mapping[str, str]) -> Message:
        pairs = [("X-Content-Type-Options", "nosniff"), *headers.items()]
        pairs += [("Set-Cookie", cookie) for cookie in self.cookies]
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in pairs]
        return {"type": "http.response.start", "status": status, "headers": raw}

    async def _deliver(self, *messages: Message) -> None:
        self.started = True
        try:
            async with asyncio.timeout(self._stall_seconds):
                for message in messages:
                    await self._send(message)
        except (TimeoutError, OSError):
            raise ClientDisconnect from None


def _part(chunk: bytes, *, more: bool = True) -> Message:
    return {"type": "http.response.body", "body": chunk, "more_body": more}


async def first_of(*parts: Coroutine[Any, Any, object]) -> None:
    """Run all of them until the first one ends, and cancel the others. Raises what that one raised."""
    tasks = [asyncio.ensure_future(each) for each in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()

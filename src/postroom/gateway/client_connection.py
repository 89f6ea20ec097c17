"""The client's side of a request: its body as it comes, and the answer as it is taken."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Coroutine, Mapping, Sequence
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive, Scope, Send

from postroom.gateway.problems import limit
from postroom.problems import MEDIA_TYPE, Problem, problem

LINGER_SECONDS = 2.0


class ClientConnection:
    """`cookies` are what Kratos wants the browser told with whatever answer there is."""

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
        """The body's chunks. Raises `Problem` when it is too large or too slow, `ClientDisconnect` when it ends early;
        at once when it is too large by its own statement, which then is sent to nobody.

        `within` seconds it must have come.
        """
        stated = self.request.headers.get("content-length", "")
        if stated.isdigit() and int(stated) > at_most:
            raise limit(limit_name, f"the body is larger than {at_most} bytes")
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
                raise limit(limit_name, f"the body is larger than {at_most} bytes")
            if chunk:
                yield chunk

    async def start(self, status: int, headers: Mapping[str, str]) -> None:
        await self._deliver(self._head(status, headers))

    async def push(self, chunk: bytes, *, more: bool = True) -> None:
        """Returns when there is room for more. Raises `ClientDisconnect` for a client that takes nothing."""
        await self._deliver(_part(chunk, more=more))

    async def answer(self, status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
        head = self._head(status, {**headers, "Content-Length": str(len(body))})
        await self._deliver(head, _part(body, more=False))

    async def relay(self, status: int, headers: Mapping[str, str], chunks: AsyncIterable[bytes]) -> None:
        """The chunks as they come. Each is held until the next is there, so that the last is known as such; the head
        goes with the first, and most answers have no other."""
        head = [self._head(status, headers)]
        held: bytes | None = None
        async for chunk in chunks:
            if held is not None:
                await self._deliver(*head, _part(held))
                head = []
            held = chunk
        await self._deliver(*head, _part(held or b"", more=False))

    async def tell(self, told: Problem) -> None:
        if self.started:
            # Too late to say it: the answer ends without its end, and the server under us cuts the connection.
            return
        headers, body = {"Content-Type": MEDIA_TYPE, "Cache-Control": "no-store", **told.headers}, told.body()
        if not self._unread:
            await self.answer(told.status, headers, body)
            return
        await self.start(told.status, {**headers, "Content-Length": str(len(body)), "Connection": "close"})
        await self.push(body)
        await self._linger()
        await self.push(b"", more=False)

    async def gone(self) -> None:
        """Returns when the client has disconnected; only once its body was read."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _linger(self) -> None:
        """A connection that is closed with bytes unread is reset, and its client may never see the answer. One that
        sends for ever is closed all the same."""
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
    """Run them until the first one ends; the others are cancelled. Raises what that one raised."""
    tasks = [asyncio.ensure_future(each) for each in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()

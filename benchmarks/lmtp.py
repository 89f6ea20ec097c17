"""Delivers mail by LMTP (RFC 2033), and returns when each `250` arrived."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

PER_SESSION = 10
"""Messages. Stalwart accepts no more in one session."""


class Sender:
    """One connection, reopened after ten messages. Raises `SystemExit` when a message is refused."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._server = host, int(port)
        self._left = 0
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, to: str, subject: str) -> float:
        """Send one message; return the time of the `250` (time.perf_counter)."""
        if self._left == 0:
            await self.close()
            self._streams = await asyncio.open_connection(*self._server)
            await self._expect("220")
            await self._say("LHLO benchmark", "250")
            self._left = PER_SESSION
        self._left -= 1
        await self._say("MAIL FROM:<friend@example.com>", "250")
        await self._say(f"RCPT TO:<{to}>", "250")
        await self._say("DATA", "354")
        head = ("From: A friend <friend@example.com>", f"To: {to}", f"Subject: {subject}", f"Message-ID: <{subject}@b>")
        await self._say("\r\n".join((*head, "", "Hello.", ".")), "250")
        return time.perf_counter()

    async def close(self) -> None:
        if self._streams:
            self._streams[1].close()
            self._streams = None

    async def _say(self, text: str, code: str) -> None:
        assert self._streams
        self._streams[1].write(f"{text}\r\n".encode())
        await self._expect(code)

    async def _expect(self, code: str) -> None:
        assert self._streams
        line = (await self._streams[0].readline()).decode()
        while line[3:4] == "-":
            line = (await self._streams[0].readline()).decode()
        if not line.startswith(code):
            raise SystemExit(f"the mail server refused a message: {line.strip() or 'it closed the connection'}")


class Senders:
    """A pool that opens as many connections as are needed at the same time."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._free: list[Sender] = []

    async def send(self, to: str, subject: str) -> float:
        sender = self._free.pop() if self._free else Sender(self._address)
        moment = await sender.send(to, subject)
        self._free.append(sender)
        return moment

    async def close(self) -> None:
        for sender in self._free:
            await sender.close()


@asynccontextmanager
async def senders(address: str) -> AsyncIterator[Senders]:
    found = Senders(address)
    try:
        yield found
    finally:
        await found.close()

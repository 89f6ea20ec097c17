"""The hosts that the mails call. Each mail has one with a port of its own: even a connection that says nothing tells
whose it is."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager, suppress

from hostile_mail.mail import DOMAIN, HostileMail
from postroom_sandbox.loopback import LOOPBACK

_PIXEL = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"
# Nothing is kept: an answer in a cache would spare the next reader of the mail its request.
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: image/gif\r\nAccess-Control-Allow-Origin: *\r\nConnection: close\r\n"
_ANSWER += b"Cache-Control: no-store\r\nContent-Length: %d\r\n\r\n" % len(_PIXEL) + _PIXEL


class Hosts:
    """`called` counts TCP connections by mail: an attack needs no request to tell that its mail is read."""

    def __init__(self, domain: str = DOMAIN) -> None:
        self.domain = domain
        self.called: Counter[str] = Counter()
        self._ports: dict[str, int] = {}
        self._calls = asyncio.Condition()

    def rules(self) -> str:
        """For Chromium's `--host-resolver-rules`. Any other name is unknown, and nothing leaves this machine."""
        # One rule a mail, for its host and those below it: a command line with two is too long for Chromium. The first
        # that fits counts, and an id may end in another one, so long ids are first.
        longest = sorted(self._ports.items(), key=lambda port: -len(port[0]))
        maps = [f"MAP *{mail}.{self.domain} {LOOPBACK}:{port}" for mail, port in longest]
        return ", ".join([*maps, "MAP * ~NOTFOUND", f"EXCLUDE {LOOPBACK}", "EXCLUDE localhost"])

    async def wait(self, mails: Collection[str], seconds: float) -> bool:
        """Until each of them has called, or none has for that time. Whether each has."""
        missing = set(mails)

        def some_called() -> bool:
            return not missing.isdisjoint(self.called)

        while missing:
            try:
                async with asyncio.timeout(seconds), self._calls:
                    await self._calls.wait_for(some_called)
            except TimeoutError:
                return False
            missing -= self.called.keys()
        return True

    async def _listen(self, mail: str) -> asyncio.Server:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            async with self._calls:
                self.called[mail] += 1
                self._calls.notify_all()
            with suppress(ConnectionError, TimeoutError):  # it only connected
                async with asyncio.timeout(2):
                    await reader.read(65_536)
                    writer.write(_ANSWER)
                    await writer.drain()
            writer.close()

        server = await asyncio.start_server(connected, LOOPBACK, 0)
        self._ports[mail] = server.sockets[0].getsockname()[1]
        return server


@asynccontextmanager
async def hosts(mails: Iterable[HostileMail]) -> AsyncIterator[Hosts]:
    opened = Hosts()
    servers = [await opened._listen(mail.id) for mail in mails]
    try:
        yield opened
    finally:
        for server in servers:
            server.close()

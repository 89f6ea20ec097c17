"""The hosts that the mails call. A place is a domain with a port of its own, and holds one mail at a time: so even a
connection that says nothing tells whose it is."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from postroom_sandbox.loopback import LOOPBACK

_PIXEL = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: image/gif\r\nAccess-Control-Allow-Origin: *\r\nConnection: close\r\n"
_ANSWER += b"Content-Length: %d\r\n\r\n" % len(_PIXEL) + _PIXEL
_NAME = re.compile(rb"([a-z0-9-]+)\.p[0-9]+\.evil\.")
"""In a Host header, or in the server name of a TLS greeting."""


class Hosts:
    """`called` counts TCP connections by mail: an attack needs no request to tell that its mail is read."""

    def __init__(self, places: int, domain: str = "evil.test") -> None:
        self.places = [f"p{number}.{domain}" for number in range(places)]
        self.called: Counter[str] = Counter()
        self._ports: dict[str, int] = {}
        self._open: dict[str, str] = {}
        self._calls = asyncio.Condition()

    def rules(self) -> str:
        """For Chromium's `--host-resolver-rules`. Any other name is unknown, and nothing leaves this machine."""
        maps = [f"MAP *.{place} {LOOPBACK}:{port}" for place, port in self._ports.items()]
        return ", ".join([*maps, "MAP * ~NOTFOUND", f"EXCLUDE {LOOPBACK}", "EXCLUDE localhost"])

    def opens(self, place: str, mail: str) -> None:
        self._open[place] = mail

    async def wait(self, mail: str, seconds: float) -> bool:
        """Whether the mail called, at the latest in that time."""
        try:
            async with asyncio.timeout(seconds), self._calls:
                await self._calls.wait_for(lambda: self.called[mail] > 0)
        except TimeoutError:
            return False
        return True

    async def _listen(self, place: str) -> asyncio.Server:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            opened, said = self._open.get(place, ""), b""
            try:
                async with asyncio.timeout(0.2):
                    said = await reader.read(65_536)
                    writer.write(_ANSWER)
                    await writer.drain()
            except (ConnectionError, TimeoutError):
                pass  # it only connected
            finally:
                writer.close()
            named = _NAME.search(said)
            async with self._calls:
                self.called[named[1].decode() if named else opened] += 1
                self._calls.notify_all()

        server = await asyncio.start_server(connected, LOOPBACK, 0)
        self._ports[place] = server.sockets[0].getsockname()[1]
        return server


@asynccontextmanager
async def hosts(places: int) -> AsyncIterator[Hosts]:
    opened = Hosts(places)
    servers = [await opened._listen(place) for place in opened.places]
    try:
        yield opened
    finally:
        for server in servers:
            server.close()

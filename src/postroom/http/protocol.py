"""HTTP/1.1 with clients: uvicorn's protocol, with the limits that it lacks.

uvicorn accepts a head of any length that takes any time, trailers as headers, and any number of connections: once the
silent ones use up the process' files, other clients are shut out, and so are Redis and PostgreSQL.
"""

import asyncio
from collections import OrderedDict
from typing import Any, cast

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from postroom.http.problems import Problem, plain_problem, problem

HEAD_WITHIN = 10
"""Seconds from the connection, or from the previous response, to the end of a request's head."""

MAX_HEAD = 64 * 1024
"""Bytes of a head; also of the trailers."""

MAX_FIELDS = 100

MAX_PIPELINED = 32
"""Requests that may wait on one connection for the responses to earlier ones."""

SERVED_ANYWAY = (b"/health/live", b"/health/ready", b"/metrics")
"""Served even when the process has reached its limit of connections: it must not be taken for dead."""


def _too_large() -> Problem:
    return plain_problem(431, f"a request head may have at most {MAX_HEAD} bytes and {MAX_FIELDS} fields")


class Connections(ServerState):
    """The connections of one server."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most
        self.waiting = OrderedDict["BoundedProtocol", None]()
        """connections that wait for a head while no request is under way, the longest first"""
        self.unread = OrderedDict["BoundedProtocol", None]()
        """connections whose client has not read the entire response, the longest first; closed when none is waiting, or
        clients that read nothing would shut out all others"""

    def make_room(self) -> bool:
        """Close idle connections above the limit. Returns whether there are no more than allowed."""
        while len(self.connections) > self.most and (idle := self.waiting or self.unread):
            oldest, _ = idle.popitem(last=False)
            # It ends in the next iteration of the event loop, and must not count until then.
            self.connections.discard(oldest)
            oldest.transport.abort()
        return len(self.connections) <= self.most


class BoundedProtocol(HttpToolsProtocol):
    def __init__(
        self,
        config: Config,
        server_state: Connections,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._all = server_state
        self.timeout_keep_alive = HEAD_WITHIN
        self._size = 0
        """bytes since the end of the last request or body: those of a head or of trailers"""
        self._head_ended = False
        self._under_way: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] — uvicorn narrows asyncio's type so
        super().connection_made(transport)
        self._all.make_room()  # if there is none, it stays: it may request /health, and is closed next
        self._all.waiting[self] = None
        self.timeout_keep_alive_task = self.loop.call_later(HEAD_WITHIN, self.timeout_keep_alive_handler)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self._all.unread.pop(self, None)
        super().connection_lost(exc)
        # uvicorn notifies only the last request, which may wait behind this one.
        if self._under_way and not self._under_way.response_complete:
            self._under_way.disconnected = True
            self._under_way.message_event.set()

    def data_received(self, data: bytes) -> None:
        self._size += len(data)
        try:
            self._parse(memoryview(data))
        except httptools.HttpParserError as error:
            why = error.__context__
            self._refuse(why if isinstance(why, Problem) else plain_problem(400, "the request is not valid HTTP/1.1"))
        else:
            if self._size > MAX_HEAD:
                self._refuse(_too_large())

    def _parse(self, data: memoryview) -> None:
        while data:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                end = cast(int, upgrade.args[0])
            else:
                return
            data = data[end:]
            self._ignore_upgrade()

    def _ignore_upgrade(self) -> None:
        """Ignore the Upgrade header, as a server may (RFC 9110 §7.8). The parser has stopped after the head and takes
        the rest for the other protocol, so a new parser gets the head without `Upgrade`, and the rest."""
        version = self.parser.get_http_version().encode()
        start = b"%s %s HTTP/%s\r\n" % (self.parser.get_method(), self.url, version)
        fields = [b"%s: %s\r\n" % field for field in self.headers if field[0] != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
        self.parser.feed_data(b"".join([start, *fields, b"\r\n"]))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_ended = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._head_ended:
            return  # a trailer must not be merged into the headers (RFC 9110 §6.5.1)
        if len(self.headers) == MAX_FIELDS:
            raise _too_large()
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._size, self._head_ended = 0, True
        if len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > MAX_HEAD:
            raise _too_large()
        if sum(name == b"host" for name, _ in self.headers) > 1:
            # RFC 9112 §3.2: a proxy may use the other one.
            raise plain_problem(400, "a request must have exactly one Host header")
        if self.parser.should_upgrade():
            if self.parser.get_method() == b"CONNECT":
                raise plain_problem(501, "this server is not a proxy")
            return
        self._stop_waiting()
        if not self._all.make_room() and self.url not in SERVED_ANYWAY:
            detail = "this process has reached its limit of connections; nothing was read, retry after Retry-After"
            raise problem("too_busy", detail, headers={"Retry-After": "5"})
        if len(self.pipeline) == MAX_PIPELINED:
            raise plain_problem(429, "too many requests at once on this connection")
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._size = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._size = 0
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._under_way = cycle
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.get_write_buffer_size():
            self._all.unread[self] = None
        elif self.timeout_keep_alive_task:  # no other request is under way
            self._all.waiting[self] = None

    def pause_writing(self) -> None:
        super().pause_writing()
        self._all.unread[self] = None

    def resume_writing(self) -> None:
        super().resume_writing()
        self._all.unread.pop(self, None)
        if self.timeout_keep_alive_task:
            self._all.waiting[self] = None

    def timeout_keep_alive_handler(self) -> None:
        """Unlike uvicorn's, this time-out is not postponed by data that arrives meanwhile."""
        if self._size and not self.transport.is_closing():
            self._refuse(problem("too_slow", f"the request head did not arrive within {HEAD_WITHIN:g} s"))
        else:
            self.transport.close()

    def _stop_waiting(self) -> None:
        self._all.waiting.pop(self, None)
        if not self.flow.write_paused:
            self._all.unread.pop(self, None)
        self._unset_keepalive_if_required()

    def _refuse(self, why: Problem) -> None:
        """Send the problem and close: what follows cannot be separated from what is refused."""
        if self.cycle and not self.cycle.response_complete:
            self.transport.abort()  # it would be taken for the response to the request under way
            return
        response = why.response()
        fields = [*self.server_state.default_headers, *response.raw_headers, (b"connection", b"close")]
        head = b"".join(b"%s: %s\r\n" % field for field in fields)
        self.transport.write(STATUS_LINE[why.status] + head + b"\r\n" + bytes(response.body))
        self.transport.close()

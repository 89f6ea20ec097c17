"""HTTP/1.1 with clients: uvicorn's, with an end to the time that a request's head may take, and to its length.

uvicorn waits for ever for a request that never comes: as many silent connections as the process may open files shut
everybody else out, and Redis and PostgreSQL, which need files, too.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_WITHIN = 10.0
"""Seconds from the connection, or from a request's first byte, to the end of its head."""

MAX_HEAD = 64 * 1024
"""Bytes. What comes in one piece with what precedes or follows the head is not counted: it was received already."""


class BoundedHeads(HttpToolsProtocol):
    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._head_due: asyncio.TimerHandle | None = None
        """while a head is awaited"""
        self._head_size = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] — uvicorn narrows asyncio's type so
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        awaited = self._head_due
        super().data_received(data)
        if awaited and awaited is self._head_due:
            self._head_size += len(data)
            if self._head_size > MAX_HEAD:
                self.transport.abort()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._head_due is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        self._have_head()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._have_head()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        self._head_size = 0
        self._head_due = self.loop.call_later(HEAD_WITHIN, self.transport.abort)

    def _have_head(self) -> None:
        if self._head_due:
            self._head_due.cancel()
            self._head_due = None

"""A model webmail: it reacts to events, and requests the changes by `/changes`."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import httpx2

from live_stream import READ_SECONDS
from mail_person import Person
from newcomer import Newcomer
from postroom.jmap.sse_parser import SseParser


class Webmail:
    """`notified` are the ids of emails in events; `known` are those from `/changes`, which it calls only after an
    event."""

    def __init__(self, person: Person, state: str) -> None:
        self.person = person
        self.notified: set[str] = set()
        self.known: set[str] = set()
        self.reloads = 0
        self.last_id = ""
        self.greeted = asyncio.Event()
        """set when it is online for the first time"""
        self._state = state
        self._stale = asyncio.Event()

    def hear(self, hint: Mapping[str, Any]) -> None:
        data = hint["data"]
        self.notified |= set(data.get("ids", ()))
        self.reloads += "reload" in data
        self._stale.set()

    def reload(self) -> None:
        """Events were missed and cannot be replayed."""
        self.reloads += 1
        self._stale.set()

    async def keep_up(self) -> None:
        """Request the changes after each event, without end."""
        while True:
            await self._stale.wait()
            self._stale.clear()
            try:
                await self._ask()
            except (httpx2.HTTPError, AssertionError):  # Postroom restarts
                self._stale.set()
                await asyncio.sleep(0.1)

    async def watch(self, newcomer: Newcomer) -> None:
        """Listen to /api/live without end: like an EventSource, it reconnects with the last event's id."""
        while True:
            try:
                await self._listen(newcomer.http)
            except httpx2.HTTPError:
                await asyncio.sleep(0.1)

    async def _listen(self, http: httpx2.AsyncClient) -> None:
        stream = SseParser(self.last_id)
        headers = {"Last-Event-ID": self.last_id} if self.last_id else {}
        async with http.stream("GET", "/api/live", headers=headers, timeout=READ_SECONDS) as answer:
            answer.raise_for_status()
            async for chunk in answer.aiter_raw():
                for event in stream.feed(chunk):
                    match event.type:
                        case "mail":
                            self.hear(json.loads(event.data))
                        case "reload":
                            self.reload()
                        case "hello":
                            self.greeted.set()
                        case _:
                            pass
                self.last_id = stream.last_id

    async def _ask(self) -> None:
        more = True
        while more:
            name, answer = (await self.person.calls(("Email/changes", {"sinceState": self._state})))[0]
            assert name == "Email/changes", answer
            self.known |= set(answer["created"])
            self._state = answer["newState"]
            more = answer["hasMoreChanges"]

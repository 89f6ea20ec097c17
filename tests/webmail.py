"""A webmail as it should be: it goes by what it is told, and asks `/changes` for the truth."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import httpx2

from mail_person import Person
from newcomer import Newcomer
from postroom.jmap.sse_parser import SseParser
from screen import READ_SECONDS


class Webmail:
    """`announced` are the ids in what it was told; `known`, those of the emails that it learnt of from `/changes`,
    which it asks only when it was told something."""

    def __init__(self, person: Person, state: str) -> None:
        self.person = person
        self.announced: set[str] = set()
        self.known: set[str] = set()
        self.reloads = 0
        self.last_id = ""
        self.greeted = asyncio.Event()
        """on line for the first time"""
        self._state = state
        self._stale = asyncio.Event()

    def hear(self, hint: Mapping[str, Any]) -> None:
        data = hint["data"]
        self.announced |= set(data.get("ids", ()))
        self.reloads += "reload" in data
        self._stale.set()

    def reload(self) -> None:
        """What was missed cannot be told."""
        self.reloads += 1
        self._stale.set()

    async def keep_up(self) -> None:
        """For ever."""
        while True:
            await self._stale.wait()
            self._stale.clear()
            try:
                await self._ask()
            except (httpx2.HTTPError, AssertionError):  # Postroom is being restarted
                self._stale.set()
                await asyncio.sleep(0.1)

    async def watch(self, newcomer: Newcomer) -> None:
        """By /api/live, for ever: as an EventSource, it comes back by itself and says what it heard last."""
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

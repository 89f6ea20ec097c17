"""Screens of people on line, told by Postroom itself or by Centrifugo, with the moment of each word."""

import asyncio
import json
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import httpx2
from centrifuge import Client, PublicationContext, SubscribedContext, SubscriptionEventHandler

from benchmarks.people import Member, Stream, open_stream


class Screen(ABC):
    """`told` has a moment (time.perf_counter) for each new mail that the member was told of, in order; `state` is the
    last state of Email that he was told. `ids` are those of the events, `jumped` whether the last was "reload"."""

    def __init__(self, member: Member) -> None:
        self.member = member
        self.told: list[float] = []
        self.state: str | None = None
        self.ids: list[int] = []
        self.jumped = False

    @abstractmethod
    async def open(self, http: httpx2.AsyncClient, environment: Mapping[str, str]) -> None:
        """When it returns, the member is on line."""

    @abstractmethod
    async def close(self) -> None: ...

    def hear(self, hint: Mapping[str, Any]) -> None:
        moment, data = time.perf_counter(), hint["data"]
        self.ids.append(hint["id"])
        self.state = data["state"]
        self.jumped = self.jumped or "reload" in data
        self.told += [moment] * data.get("count", 0)


class BuiltIn(Screen):
    """/api/live"""

    _stream: Stream
    _reading: asyncio.Task[None]

    async def open(self, http: httpx2.AsyncClient, environment: Mapping[str, str]) -> None:
        self._stream = await open_stream(environment["POSTROOM_URL"], self.member.token)
        self._reading = asyncio.create_task(self._read())

    async def close(self) -> None:
        self._reading.cancel()
        self._stream[1].close()

    async def _read(self) -> None:
        kind = ""
        async for line in self._stream[0]:
            if line.startswith(b"event: "):
                kind = line[7:].decode().strip()
            elif line.startswith(b"data: ") and kind == "mail":
                self.hear(json.loads(line[6:]))


class ByCentrifugo(Screen):
    """A client of Centrifugo's makers, at the origin that its configuration allows."""

    origin = "https://mail.example.org"

    async def open(self, http: httpx2.AsyncClient, environment: Mapping[str, str]) -> None:
        headers = {"X-Session-Token": self.member.token}
        answer = await http.get(f"{environment['POSTROOM_URL']}/api/realtime", headers=headers)
        way = answer.raise_for_status().json()
        if way["transport"] != "centrifugo":
            raise SystemExit("the service does not announce by Centrifugo")
        subscribed = asyncio.Event()
        self._client = Client(way["url"], token=way["token"], headers={"Origin": self.origin})
        subscription = self._client.new_subscription(way["channel"], events=_Heard(self, subscribed))
        await self._client.connect()
        await subscription.subscribe()
        async with asyncio.timeout(30):
            await subscribed.wait()

    async def close(self) -> None:
        await self._client.disconnect()


class _Heard(SubscriptionEventHandler):
    def __init__(self, screen: Screen, subscribed: asyncio.Event) -> None:
        self._screen = screen
        self._subscribed = subscribed

    async def on_subscribed(self, ctx: SubscribedContext) -> None:
        self._subscribed.set()

    async def on_publication(self, ctx: PublicationContext) -> None:
        self._screen.hear(ctx.pub.data)

"""Subscribers to live events, through /api/live or Centrifugo. They record when each event arrives."""

import asyncio
import json
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import httpx2
from centrifuge import Client, PublicationContext, SubscribedContext, SubscriptionEventHandler

from benchmarks.users import Stream, User, open_stream


class Subscriber(ABC):
    """A person who is online.

    `received` has the time (time.perf_counter) at which each new mail was announced, in order, and `ids` has the ids of
    the events. `state` is the last state of Email in an event. `reloaded`: whether an event asked the client to reload.
    """

    def __init__(self, user: User) -> None:
        self.user = user
        self.received: list[float] = []
        self.state: str | None = None
        self.ids: list[int] = []
        self.reloaded = False

    @abstractmethod
    async def open(self, http: httpx2.AsyncClient, environment: Mapping[str, str]) -> None:
        """Subscribe. When it returns, events are delivered."""

    @abstractmethod
    async def close(self) -> None: ...

    def receive(self, event: Mapping[str, Any]) -> None:
        now, data = time.perf_counter(), event["data"]
        self.ids.append(event["id"])
        self.state = data["state"]
        self.reloaded = self.reloaded or "reload" in data
        self.received += [now] * data.get("count", 0)


class BuiltInSubscriber(Subscriber):
    """Reads /api/live."""

    _stream: Stream
    _reading: asyncio.Task[None]

    async def open(self, http: httpx2.AsyncClient, environment: Mapping[str, str]) -> None:
        self._stream = await open_stream(environment["POSTROOM_URL"], self.user.token)
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
                self.receive(json.loads(line[6:]))


class CentrifugoSubscriber(Subscriber):
    """Uses the client library of Centrifugo's makers, with the origin that its configuration allows."""

    origin = "https://mail.example.org"

    async def open(self, http: httpx2.AsyncClient, environment: Mapping[str, str]) -> None:
        headers = {"X-Session-Token": self.user.token}
        response = await http.get(f"{environment['POSTROOM_URL']}/api/realtime", headers=headers)
        transport = response.raise_for_status().json()
        if transport["transport"] != "centrifugo":
            raise SystemExit("the service does not send events through Centrifugo")
        subscribed = asyncio.Event()
        self._client = Client(transport["url"], token=transport["token"], headers={"Origin": self.origin})
        subscription = self._client.new_subscription(transport["channel"], events=_Events(self, subscribed))
        await self._client.connect()
        await subscription.subscribe()
        async with asyncio.timeout(30):
            await subscribed.wait()

    async def close(self) -> None:
        await self._client.disconnect()


class _Events(SubscriptionEventHandler):
    def __init__(self, subscriber: Subscriber, subscribed: asyncio.Event) -> None:
        self._subscriber = subscriber
        self._subscribed = subscribed

    async def on_subscribed(self, ctx: SubscribedContext) -> None:
        self._subscribed.set()

    async def on_publication(self, ctx: PublicationContext) -> None:
        self._subscriber.receive(ctx.pub.data)

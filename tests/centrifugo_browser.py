"""A browser at Centrifugo: Centrifugo's own client, which records what it received."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from centrifuge import (
    Client,
    ClientEventHandler,
    ConnectedContext,
    ConnectingContext,
    DisconnectedContext,
    ErrorContext,
    PublicationContext,
    SubscribedContext,
    SubscriptionEventHandler,
    UnsubscribedContext,
)

from centrifugo_servers import ORIGIN, CentrifugoServer
from postroom.realtime.connection_token import connection_token


class Browser(ClientEventHandler):
    """What a client received: its states, publications, subscriptions and errors."""

    def __init__(self) -> None:
        self.states: list[tuple[str, int]] = []
        self.errors: list[Exception] = []
        self.received: list[Any] = []
        self.subscribed: list[SubscribedContext] = []
        self.refused: list[int] = []

    def hear(self, data: Any) -> None:
        self.received.append(data)

    def note_subscribed(self, ctx: SubscribedContext) -> None:
        """Called also after a reconnect; `ctx.recovered` says whether nothing was missed."""
        self.subscribed.append(ctx)

    async def on_connecting(self, ctx: ConnectingContext) -> None:
        self.states.append(("connecting", ctx.code))

    async def on_connected(self, ctx: ConnectedContext) -> None:
        self.states.append(("connected", 0))

    async def on_disconnected(self, ctx: DisconnectedContext) -> None:
        self.states.append(("disconnected", ctx.code))

    async def on_error(self, ctx: ErrorContext) -> None:
        self.errors.append(ctx.error)


class Subscription(SubscriptionEventHandler):
    def __init__(self, browser: Browser) -> None:
        self.browser = browser

    async def on_publication(self, ctx: PublicationContext) -> None:
        self.browser.hear(ctx.pub.data)

    async def on_subscribed(self, ctx: SubscribedContext) -> None:
        self.browser.note_subscribed(ctx)

    async def on_unsubscribed(self, ctx: UnsubscribedContext) -> None:
        self.browser.refused.append(ctx.code)


@asynccontextmanager
async def browser(
    server: CentrifugoServer,
    token: str,
    channel: str,
    *,
    url: str | None = None,
    origin: str = ORIGIN,
    seen: Browser | None = None,
) -> AsyncIterator[Browser]:
    seen = seen or Browser()
    client = Client(
        url or server.websocket_url, events=seen, token=token, headers={"Origin": origin}, max_reconnect_delay=0.5
    )
    subscription = client.new_subscription(channel, events=Subscription(seen))
    await client.connect()
    await subscription.subscribe()
    try:
        yield seen
    finally:
        await client.disconnect()


def token_for(server: CentrifugoServer, identity_id: UUID, **more: Any) -> str:
    values = {"now": datetime.now(UTC), "session_expires_at": None} | more
    return connection_token(identity_id, key=server.token_key, **values)

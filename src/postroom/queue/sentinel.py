"""Redis behind Sentinel: ask the sentinels who the master is, again at each new connection."""

from collections.abc import Mapping
from typing import Any, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff

from postroom.store_urls import RedisUrl


def master(url: RedisUrl, *, timeout: float, options: Mapping[str, Any]) -> Redis:
    """A client of whatever is the master. `options` are the client's own; `timeout` is in seconds.

    All sentinels together are asked within `timeout`: one that is cut off must not use it up alone.
    """
    patience = timeout / (len(url.places) + 1)
    sentinel = Sentinel(
        url.places,
        sentinel_kwargs={
            "username": url.parameters.get("sentinel_username"),
            "password": url.parameters.get("sentinel_password"),
            "decode_responses": True,
            "socket_timeout": patience,
            "socket_connect_timeout": patience,
            "retry": Retry(NoBackoff(), 0),
        },
    )
    credentials = {"username": url.username, "password": url.password, "db": int(url.parameters.get("db", "0"))}
    client: Redis = sentinel.master_for(  # pyright: ignore[reportUnknownMemberType] — its **kwargs are untyped
        url.path[1:], connection_pool_class=_MasterPool, **credentials, **options
    )
    return client


class _MasterPool(SentinelConnectionPool):
    async def aclose(self) -> None:
        """The connections to the sentinels, too: `master_for` leaves them to a caller who has only the client."""
        await super().aclose()
        sentinel = cast(Sentinel, self.sentinel_manager)  # pyright: ignore[reportUnknownMemberType] — untyped there
        await sentinel.aclose()

"""Redis behind Sentinel: each new connection asks the sentinels for the master."""

from collections.abc import Mapping
from typing import Any, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff

from postroom.settings.store_urls import RedisUrl


def master(url: RedisUrl, *, timeout: float, options: Mapping[str, Any]) -> Redis:
    """A client of the current master. `options` are those of the client; `timeout` is in seconds.

    The sentinels share `timeout`: one that is unreachable must not use all of it.
    """
    share = timeout / (len(url.places) + 1)
    sentinel = Sentinel(
        url.places,
        sentinel_kwargs={
            "username": url.parameters.get("sentinel_username"),
            "password": url.parameters.get("sentinel_password"),
            "decode_responses": True,
            "socket_timeout": share,
            "socket_connect_timeout": share,
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
        """Also close the connections to the sentinels, which `master_for` leaves open."""
        await super().aclose()
        sentinel = cast(Sentinel, self.sentinel_manager)  # pyright: ignore[reportUnknownMemberType] — untyped there
        await sentinel.aclose()

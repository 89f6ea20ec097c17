"""Redis behind Sentinel: ask the sentinels who the master is, again at each new connection.

    redis+sentinel://[USER:PASSWORD@]HOST[:PORT],HOST[:PORT]…/SERVICE[?db=N&sentinel_username=…&sentinel_password=…]

USER and PASSWORD are those of Redis itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff

from postroom.errors import ConfigurationError

SCHEME = "redis+sentinel://"
PORT = 26379

_FORM = f"{SCHEME}[USER:PASSWORD@]HOST:PORT,HOST:PORT/SERVICE?db=0"
_PARAMETERS = frozenset({"db", "sentinel_username", "sentinel_password"})


@dataclass(frozen=True, slots=True)
class SentinelUrl:
    sentinels: tuple[tuple[str, int], ...]
    service: str
    db: int
    username: str | None
    password: str | None
    sentinel_username: str | None
    sentinel_password: str | None

    @classmethod
    def parse(cls, url: str) -> "SentinelUrl":
        """Raises `ConfigurationError`, which never quotes the URL: it holds passwords."""
        try:
            parts = urlsplit(url)
            parameters = dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
            account, _, places = parts.netloc.rpartition("@")
            sentinels = tuple(_place(place) for place in places.split(","))
            db = int(parameters.get("db", "0"))
        except ValueError:
            raise _wrong("it cannot be read") from None
        service = unquote(parts.path.strip("/"))
        if not service or "/" in service:
            raise _wrong("it names no service, or more than one")
        if unknown := sorted(parameters.keys() - _PARAMETERS):
            raise _wrong(f"it knows no {', '.join(unknown)}, only {', '.join(sorted(_PARAMETERS))}")
        username, _, password = account.partition(":")
        return cls(
            sentinels,
            service,
            db,
            unquote(username) or None,
            unquote(password) or None,
            parameters.get("sentinel_username"),
            parameters.get("sentinel_password"),
        )


def master(url: SentinelUrl, *, timeout: float, options: Mapping[str, Any]) -> Redis:
    """A client of whatever is the master. `options` are the client's own; `timeout` is in seconds.

    All sentinels together are asked within `timeout`: one that is cut off must not use it up alone.
    """
    patience = timeout / (len(url.sentinels) + 1)
    sentinel = Sentinel(
        url.sentinels,
        sentinel_kwargs={
            "username": url.sentinel_username,
            "password": url.sentinel_password,
            "decode_responses": True,
            "socket_timeout": patience,
            "socket_connect_timeout": patience,
            "retry": Retry(NoBackoff(), 0),
        },
    )
    credentials = {"username": url.username, "password": url.password, "db": url.db}
    client: Redis = sentinel.master_for(  # pyright: ignore[reportUnknownMemberType] — its **kwargs are untyped
        url.service, connection_pool_class=_MasterPool, **credentials, **options
    )
    return client


class _MasterPool(SentinelConnectionPool):
    async def aclose(self) -> None:
        """The connections to the sentinels, too: `master_for` leaves them to a caller who has only the client."""
        await super().aclose()
        sentinel = cast(Sentinel, self.sentinel_manager)  # pyright: ignore[reportUnknownMemberType] — untyped there
        await sentinel.aclose()


def redis_place(url: str) -> str:
    """Where Redis is, without credentials, for the log."""
    if url.startswith(SCHEME):
        told = SentinelUrl.parse(url)
        return f"{told.service} (Sentinel at {', '.join(f'{host}:{port}' for host, port in told.sentinels)})"
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 6379}"


def _place(text: str) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    if not parts.hostname:
        raise ValueError("no host")
    return parts.hostname, parts.port or PORT


def _wrong(what: str) -> ConfigurationError:
    return ConfigurationError(f"POSTROOM_REDIS_URL: {what}; it looks like {_FORM}")

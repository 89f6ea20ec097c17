"""Checks Redis (or Valkey), which PostgreSQL replaces while it is unavailable."""

from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    InvalidResponse,
    NoPermissionError,
    RedisError,
    ResponseError,
)

from postroom.checks.finding import Finding
from postroom.checks.reachability import fix_of
from postroom.composition.parts import Parts
from postroom.errors import ConfigurationError, DatabaseUnavailable
from postroom.http.network_trouble import BROKEN_OFF, Kind, Trouble, trouble_of
from postroom.postgres.installation import ID, pinned_value
from postroom.postgres.schema import as_migrated
from postroom.queue.epoch import EPOCH_KEY, AnotherInstallation
from postroom.queue.members import RedisMembers
from postroom.queue.retry_set import FAILURES
from postroom.settings.store_urls import SENTINEL, RedisUrl

PART = "redis"
SETTING = "POSTROOM_REDIS_URL"
_MEANWHILE = "PostgreSQL takes over, nothing is lost"


async def redis(parts: Parts) -> Finding:
    if parts.redis is None or parts.settings.redis_url is None:
        return Finding(PART, "ok", "not configured: PostgreSQL alone keeps what is due")
    url = RedisUrl.parse(parts.settings.redis_url.get_secret_value())
    members = RedisMembers(parts.redis, parts.installation.id)
    try:
        waiting = await members.length()
        if await _has_id(parts):
            await members.has_epoch()
    except FAILURES as error:
        details, fix = of_failure(error, url)
        return Finding(PART, "warning", f"{details}; {_MEANWHILE}", fix)
    return Finding(PART, "ok", f"{url}: {waiting} member{'' if waiting == 1 else 's'} of email:provisioning:retry")


async def _has_id(parts: Parts) -> bool:
    """Whether this installation was ever started. False also if its database does not say so: that has its own row."""
    try:
        with as_migrated():
            return await pinned_value(parts.pool, ID) is not None
    except (ConfigurationError, DatabaseUnavailable):
        return False


def of_failure(error: Exception, url: RedisUrl) -> tuple[str, str]:
    """Details and fix. An error of the client may contain all its settings, so only the server's own text is quoted."""
    match error:
        case AnotherInstallation():
            return (
                f"{url} holds email:provisioning:retry of another installation of Postroom",
                f"name in {SETTING} a Redis, or a database of one, for this installation alone; if no other one uses "
                f"it because the database of this one was made anew, run DEL {EPOCH_KEY} in Redis",
            )
        case AuthenticationError():
            return f"{url} refuses the login: {_said(error)}", f"correct the user and the password in {SETTING}"
        case NoPermissionError():
            return f"{url} forbids it: {_said(error)}", "allow the user email:provisioning:retry and its commands (ACL)"
        case InvalidResponse():
            return f"{url} is not Redis: its response cannot be read", f"correct the host and the port in {SETTING}"
        case BusyLoadingError():
            return f"{url} is loading its data", "wait until Redis has started"
        case ResponseError():
            return f"{url} refuses: {_said(error)}", f"correct {SETTING}, or Redis' configuration"
        case _:
            return _of_network(error, url)


def _of_network(error: Exception, url: RedisUrl) -> tuple[str, str]:
    trouble = trouble_of(error)
    if trouble is None and url.scheme == SENTINEL and isinstance(error, RedisError):
        return (
            f"no sentinel of {url} names a master",
            f"start Redis and its sentinels, or correct the sentinels and the service in {SETTING}",
        )
    trouble = trouble or Trouble(Kind.BROKEN_OFF, BROKEN_OFF)
    return f"{url} cannot be reached: {trouble}", fix_of(trouble, "Redis", SETTING)


def _said(error: Exception) -> str:
    """Without the arguments: an old Redis quotes those of an unknown command, and HELLO has the password."""
    return str(error).partition(", with args")[0]

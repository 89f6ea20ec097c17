"""Connections, and SQL loaded by name from `sql/`."""

import asyncio
import logging
import os
import re
import socket
import time
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import cache
from importlib.resources import files
from typing import Any, LiteralString, Self, cast

import psycopg
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from postroom.errors import ConfigurationError, DatabaseUnavailable, LoginRefused
from postroom.idle_connection import is_silent
from postroom.postgres.refusal import remedy

# Its warnings quote connection strings in part, a dozen lines of them; who cannot be served is told by
# `DatabaseUnavailable`, with the reason.
logging.getLogger("psycopg.pool").setLevel(logging.ERROR)

Row = DictRow
POOL_TIMEOUT = 4.0
"""Seconds to wait for a connection: below the in-line deadline, so that a hook is told the truth in time."""
NONE_IN_TIME = "no connection to PostgreSQL was to be had in time"

ANSWERED_WITHIN = 6.0
"""Seconds for what one connection is asked: more than `statement_timeout`, by which the server itself ends it."""


@contextmanager
def answering(conn: AsyncConnection[Any]) -> Generator[None]:
    """Cuts `conn` off when the block takes too long: what waits in it fails then as for every connection that breaks.

    Keepalives do not notice a server that stands still, nor a proxy before a dead one: what is sent is acknowledged.
    And to cancel a statement, psycopg asks that server once more, and waits.
    """
    cutting = asyncio.get_running_loop().call_later(ANSWERED_WITHIN, _cut_off, conn.fileno())
    try:
        yield
    finally:
        cutting.cancel()


def _cut_off(number: int) -> None:
    with suppress(OSError), socket.socket(fileno=os.dup(number)) as same:
        same.shutdown(socket.SHUT_RDWR)


class _Pooled(AsyncConnection[Row]):
    @classmethod
    async def connect(  # pyright: ignore[reportIncompatibleMethodOverride] — only our pool calls it
        cls, conninfo: str = "", *, tell: Callable[[psycopg.Error | None], None], **kwargs: Any
    ) -> Self:
        """`tell` is given the error by which it failed, or None: psycopg's pool keeps that to itself."""
        try:
            conn = await super().connect(conninfo, **kwargs)
        except psycopg.Error as error:
            tell(error)
            raise
        tell(None)
        return conn


class Pool(AsyncConnectionPool[AsyncConnection[Row]]):
    """Gives out a connection that lives: after a restart of the server the next hook must not find a dead one.

    Not by the check that psycopg's pool may be given: it pauses after each dead one, and eight of them took longer than
    `POOL_TIMEOUT`.
    """

    def __init__(self, url: str, *, size: int) -> None:
        self._why_none = NONE_IN_TIME
        super().__init__(
            url,
            connection_class=_Pooled,
            kwargs={"application_name": "postroom", "tell": self._tell, **_session(url)},
            min_size=1,
            max_size=size,
            timeout=POOL_TIMEOUT,
            reconnect_timeout=5.0,
            open=False,
        )

    def _tell(self, error: psycopg.Error | None) -> None:
        self._why_none = away(error) if error else NONE_IN_TIME

    async def getconn(self, timeout: float | None = None) -> AsyncConnection[Row]:  # noqa: ASYNC109 — psycopg's name for it
        ends = time.monotonic() + (self.timeout if timeout is None else timeout)
        while True:
            try:
                conn = await super().getconn(max(0.0, ends - time.monotonic()))
            except PoolTimeout as error:
                raise PoolTimeout(self._why_none) from error
            try:
                if not is_silent(conn.fileno()):
                    with answering(conn):
                        await self.check_connection(conn)
            except psycopg.Error:
                await conn.close()  # though it may live: it must not be the next one again
                await self.putconn(conn)  # which makes another in its place
            except BaseException:  # cancelled: one that is not given back is missing from the pool for ever
                await self.putconn(conn)
                raise
            else:
                return conn


_REQUEST = re.compile(r"\{request(?: of (?P<table>\w+))?\}")


@cache
def sql(name: str) -> LiteralString:
    """The text of `sql/<name>.sql`, with the columns of a request for `{request}` and `{request of TABLE}`.

    Named, never `*`: a column that a migration adds would change the shape of a statement that is already prepared, and
    PostgreSQL refuses to run that one ("cached plan must not change result type").
    """
    folder = files("postroom.postgres")
    columns = folder.joinpath("request_columns.sql").read_text().replace(",", " ").split()

    def listed(found: re.Match[str]) -> str:
        table = found["table"]
        return ", ".join(f"{table}.{column}" if table else column for column in columns)

    # The cast is sound: the text is part of this package, never of a caller.
    return cast(LiteralString, _REQUEST.sub(listed, folder.joinpath("sql", f"{name}.sql").read_text()))


_OPTIONS = (
    # A server that hangs must not hang us: the caller learns `DatabaseUnavailable` and nothing is claimed stored.
    "-c statement_timeout=4s -c idle_in_transaction_session_timeout=10s "
    # The server's keepalives: else it holds the advisory lock of a host that was cut off for two hours, and nobody else
    # sweeps or reconciles.
    "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3"
)
_SESSION: dict[str, Any] = {
    # Each statement is its own transaction: none of ours needs two.
    "autocommit": True,
    "row_factory": dict_row,
    "connect_timeout": 3,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 6000,
}


def _session(url: str, more: str = "") -> dict[str, Any]:
    """How each of our connections is: of the options in `url`, its search_path say, those hold that are not ours."""
    theirs = conninfo_to_dict(url).get("options") or ""
    return _SESSION | {"options": f"{theirs} {_OPTIONS} {more}".strip()}


LEADER_IDLE = 90.0
"""Seconds without a question after which PostgreSQL ends the session of a leader, and with it what it leads. A process
that is suspended (SIGSTOP, a paused container) asks nothing, while its kernel answers every keepalive: it would lead
for as long as it sleeps, and nobody would sweep, release or reconcile. One that goes round asks at least every 60 s."""


async def open_leader_connection(url: str, *, idle: float = LEADER_IDLE) -> AsyncConnection[Row]:
    """A connection beside the pool, for what a process leads. Raises `psycopg.Error`."""
    session = _session(url, f"-c idle_session_timeout={idle * 1000:.0f}")
    return await AsyncConnection[Row].connect(url, application_name="postroom-leader", **session)


SETTING = "POSTROOM_DATABASE_URL"

_NOISE = re.compile(r"connection failed: |connection is bad: |\n\tIs the server running [^?]*\?")
"""Of psycopg and libpq, which our own words say already."""


async def require_reachable(url: str) -> str:
    """The server's `host:port`. Raises `DatabaseUnavailable` and `LoginRefused`, sooner than a pool does."""
    try:
        conn = await AsyncConnection[Row].connect(url, application_name="postroom", **_session(url))
    except psycopg.Error as error:
        found = remedy(error)
        kind = LoginRefused if found.is_refusal else DatabaseUnavailable
        raise kind(away(error), fix=found.fix.format(setting=SETTING)) from error
    place = f"{conn.info.host}:{conn.info.port}"
    await conn.close()
    return place


def away(error: psycopg.Error) -> str:
    """What an operator is told of PostgreSQL when it cannot serve us: its own reason."""
    if error.sqlstate:
        return f"PostgreSQL cannot serve us now: {in_one_line(error)} (SQLSTATE {error.sqlstate})"
    return f"PostgreSQL {'refuses us' if remedy(error).is_refusal else 'cannot be reached'}: {in_one_line(error)}"


def in_one_line(error: psycopg.Error) -> str:
    """What went wrong, without the statement and the hints that PostgreSQL puts below; with several hosts, at each."""
    if error.diag.message_primary:
        return error.diag.message_primary
    said = str(error).rpartition("All failures were:")[2]
    return " ".join(_NOISE.sub("", said).split())


def make_pool(url: str, *, size: int) -> Pool:
    """A pool, not yet open. `url` may name several hosts (`target_session_attrs=read-write` finds the primary)."""
    return Pool(url, size=size)


# SQLSTATEs and their classes: connection, resources, operator intervention (shutdown), the system around it (disk), its
# own internal errors, read-only after a fail-over; what statements of others may do to ours: serialization failure,
# deadlock, a lock that is not to be had; and a prepared statement whose tables were changed.
_STALE_PLAN = "0A000"
_AWAY = ("08", "53", "57", "58", "XX", "25006", "40001", "40P01", "55P03", _STALE_PLAN)


def is_away(error: psycopg.Error) -> bool:
    """Whether `error` says that PostgreSQL cannot serve us now, rather than that our statement is wrong: try again."""
    if error.sqlstate is None:
        return isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))
    return error.sqlstate.startswith(_AWAY)


class Lost(DatabaseUnavailable):
    """The connection broke under a statement: whether that was committed is unknown."""


@asynccontextmanager
async def connection(pool: Pool) -> AsyncGenerator[AsyncConnection[Row]]:
    """A connection out of the pool. Raises `DatabaseUnavailable` when PostgreSQL is away, `Lost` when it goes in the
    middle."""
    try:
        async with pool.connection() as conn:
            try:
                with answering(conn):
                    yield conn
            except psycopg.Error as error:
                if error.sqlstate == _STALE_PLAN:
                    await conn.close()  # and its prepared statements with it: the next try plans anew
                raise
    except PoolTimeout as error:
        raise DatabaseUnavailable(str(error)) from error
    except psycopg.Error as error:
        if is_away(error):
            # With an SQLSTATE it was the server that spoke: the statement is not committed.
            raise (DatabaseUnavailable if error.sqlstate else Lost)(away(error)) from error
        raise


class Statements:
    """Runs the SQL statements of one kind of record, each on a connection that it takes out of `pool` for it."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool


async def rows(pool: Pool, name: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
    """Run one statement. Raises `DatabaseUnavailable`."""
    async with connection(pool) as conn:
        cursor = await conn.execute(sql(name), parameters)
        return await cursor.fetchall() if cursor.description else []


async def row(pool: Pool, name: str, parameters: Mapping[str, Any] | None = None) -> Row | None:
    found = await rows(pool, name, parameters)
    return found[0] if found else None


async def the_row(pool: Pool, name: str, parameters: Mapping[str, Any] | None = None) -> Row:
    """Of a statement that always gives one. Raises `DatabaseUnavailable`, and `ConfigurationError` if somebody deleted
    it."""
    found = await row(pool, name, parameters)
    if found is None:
        raise ConfigurationError(f"the statement {name} found no row", fix="run postroom migrate, which restores it")
    return found

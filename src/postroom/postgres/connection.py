"""Connections, and SQL loaded by name from `sql/`."""

import asyncio
import logging
import os
import re
import socket
import time
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import cache
from importlib.resources import files
from typing import Any, LiteralString, Self, TypeVar, cast

import psycopg
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from postroom.errors import ConfigurationError, DatabaseUnavailable, LoginRefused
from postroom.http.idle_connection import is_silent
from postroom.postgres.refusal import remedy

# Its warnings quote parts of connection strings over a dozen lines; `DatabaseUnavailable` carries the reason to every
# request that cannot be served.
logging.getLogger("psycopg.pool").setLevel(logging.ERROR)

Row = DictRow
T = TypeVar("T")
POOL_TIMEOUT = 4.0
"""Seconds to wait for a connection: below the in-line deadline, so that a hook gets the error in time."""
NONE_IN_TIME = "no connection to PostgreSQL was available in time"

ANSWERED_WITHIN = 6.0
"""Seconds for a statement: more than `statement_timeout`, by which the server itself ends it."""


@contextmanager
def answering(conn: AsyncConnection[Any]) -> Generator[None]:
    """Cuts off `conn` when the block takes too long, so that its statement fails as on any broken connection.

    Keepalives do not notice a server that is suspended, or dead behind a proxy: what we send is acknowledged. And to
    cancel a statement, psycopg connects to that server again, and waits.
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
        cls, conninfo: str = "", *, report: Callable[[psycopg.Error | None], None], **kwargs: Any
    ) -> Self:
        """`report` gets the error of a failed connection, or None: psycopg's pool does not expose it."""
        try:
            conn = await super().connect(conninfo, **kwargs)
        except psycopg.Error as error:
            report(error)
            raise
        report(None)
        return conn


class Pool(AsyncConnectionPool[AsyncConnection[Row]]):
    """Returns only live connections: after a restart of the server the next hook must not get a dead one.

    It does not use the `check` of psycopg's pool, which pauses after each dead connection: eight of them took longer
    than `POOL_TIMEOUT`.
    """

    def __init__(self, url: str, *, size: int) -> None:
        self._why_none = NONE_IN_TIME
        super().__init__(
            url,
            connection_class=_Pooled,
            kwargs={"application_name": "postroom", "report": self._report, **_session(url)},
            min_size=1,
            max_size=size,
            timeout=POOL_TIMEOUT,
            reconnect_timeout=5.0,
            open=False,
        )

    def _report(self, error: psycopg.Error | None) -> None:
        self._why_none = unavailable_message(error) if error else NONE_IN_TIME

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
                await conn.close()  # even if it is alive: the pool must not return it again
                await self.putconn(conn)  # the pool replaces it
            except BaseException:  # cancelled: a connection that is not returned is lost to the pool
                await self.putconn(conn)
                raise
            else:
                return conn


_REQUEST = re.compile(r"\{request(?: of (?P<table>\w+))?\}")


@cache
def sql(name: str) -> LiteralString:
    """The text of `sql/<name>.sql`, with the columns of a request for `{request}` and `{request of TABLE}`.

    The columns are named, never `*`: a column that a migration adds would change the result of a statement that is
    already prepared, which PostgreSQL then refuses to run ("cached plan must not change result type").
    """
    folder = files("postroom.postgres")
    columns = folder.joinpath("request_columns.sql").read_text("utf-8").replace(",", " ").split()

    def listed(found: re.Match[str]) -> str:
        table = found["table"]
        return ", ".join(f"{table}.{column}" if table else column for column in columns)

    # The cast is sound: the text is part of this package and never comes from a caller.
    return cast(LiteralString, _REQUEST.sub(listed, folder.joinpath("sql", f"{name}.sql").read_text("utf-8")))


_OWN_SETTINGS = (
    # A database or a role may set others for its sessions. psycopg reads dates and intervals in these styles only, and
    # our statements are written for this isolation and these strings.
    "-c DateStyle=ISO,MDY -c IntervalStyle=postgres -c TimeZone=UTC "
    r"-c default_transaction_isolation=read\ committed -c standard_conforming_strings=on"
)
_OPTIONS = (
    # A server that hangs must not hang us: the caller gets `DatabaseUnavailable`, and nothing is reported as stored.
    "-c statement_timeout=4s -c idle_in_transaction_session_timeout=10s "
    # The server's keepalives: else it keeps the advisory lock of an unreachable host for two hours, and no other
    # process sweeps or reconciles.
    "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3 "
    # Our statements write the table `addresses` themselves: the trigger that does it for older code does nothing.
    "-c postroom.writes_addresses=on"
)
_SESSION: dict[str, Any] = {
    # Each statement is its own transaction; few of ours need two.
    "autocommit": True,
    "row_factory": dict_row,
    "connect_timeout": 3,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 6000,
}


def _session(url: str, more: str = "") -> dict[str, Any]:
    """The parameters of each connection of the service."""
    return _SESSION | own_settings(url, f"{_OPTIONS} {more}")


def own_settings(url: str, more: str = "") -> dict[str, Any]:
    """The parameters by which a session has our settings. Options in `url`, such as its search_path, stay unless ours
    override them."""
    theirs = conninfo_to_dict(url).get("options") or ""
    return {"client_encoding": "UTF8", "options": f"{theirs} {_OWN_SETTINGS} {more}".strip()}


LEADER_IDLE = 90.0
"""Seconds without a statement after which PostgreSQL ends the session of a leader, and so its leadership. A suspended
process (SIGSTOP, a paused container) sends none, while its kernel answers every keepalive: it would stay the leader,
and no process would sweep, release or reconcile. A running leader sends a statement at least every 60 s."""


async def open_leader_connection(url: str, *, idle: float = LEADER_IDLE) -> AsyncConnection[Row]:
    """A connection outside the pool, for the leaderships of a process. Raises `psycopg.Error`."""
    session = _session(url, f"-c idle_session_timeout={idle * 1000:.0f}")
    return await AsyncConnection[Row].connect(url, application_name="postroom-leader", **session)


SETTING = "POSTROOM_DATABASE_URL"

_NOISE = re.compile(r"connection failed: |connection is bad: |\n\tIs the server running [^?]*\?")
"""Phrases of psycopg and libpq that only repeat our own message."""


async def require_reachable(url: str) -> str:
    """The server's `host:port`. Raises `DatabaseUnavailable` and `LoginRefused`, sooner than a pool does."""
    try:
        conn = await AsyncConnection[Row].connect(url, application_name="postroom", **_session(url))
    except psycopg.Error as error:
        found = remedy(error)
        kind = LoginRefused if found.is_refusal else DatabaseUnavailable
        raise kind(unavailable_message(error), fix=found.fix.format(setting=SETTING)) from error
    host_and_port = f"{conn.info.host}:{conn.info.port}"
    await conn.close()
    return host_and_port


def unavailable_message(error: psycopg.Error) -> str:
    """Why PostgreSQL cannot serve us, for an operator, with its own reason."""
    if error.sqlstate:
        return f"PostgreSQL cannot serve us now: {in_one_line(error)} (SQLSTATE {error.sqlstate})"
    return f"PostgreSQL {'refuses us' if remedy(error).is_refusal else 'cannot be reached'}: {in_one_line(error)}"


def in_one_line(error: psycopg.Error) -> str:
    """The error without the statement and hints that PostgreSQL appends; with several hosts, the error of each."""
    if error.diag.message_primary:
        return error.diag.message_primary
    failures = str(error).rpartition("All failures were:")[2]
    return " ".join(_NOISE.sub("", failures).split())


def make_pool(url: str, *, size: int) -> Pool:
    """A pool, not open yet. `url` may name several hosts (`target_session_attrs=read-write` finds the primary)."""
    return Pool(url, size=size)


# SQLSTATEs and their classes: connection, resources, operator intervention (shutdown), system error (disk), internal
# error, read-only after a fail-over, time-outs of transactions; then conflicts with other sessions: serialization
# failure, deadlock, lock not available; and a prepared statement whose tables have changed.
_STALE_PLAN = "0A000"
_UNAVAILABLE = ("08", "53", "57", "58", "XX", "25006", "25P03", "25P04", "40001", "40P01", "55P03", _STALE_PLAN)


def means_unavailable(error: psycopg.Error) -> bool:
    """Whether PostgreSQL cannot serve us now, so that a retry may help; else our statement is wrong."""
    if error.sqlstate is None:
        return isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))
    return error.sqlstate.startswith(_UNAVAILABLE)


UNSTORABLE = (psycopg.DataError, psycopg.IntegrityError, UnicodeError)
"""PostgreSQL, or psycopg before it, refuses a value (SQLSTATE classes 22 and 23, an encoding): no other try helps."""


class Lost(DatabaseUnavailable):
    """The connection broke during a statement: it is unknown whether that was committed."""


@asynccontextmanager
async def connection(pool: Pool) -> AsyncGenerator[AsyncConnection[Row]]:
    """A connection of the pool. Raises `DatabaseUnavailable`; `Lost` when the connection breaks in the block."""
    try:
        async with pool.connection() as conn:
            try:
                with answering(conn):
                    yield conn
            except psycopg.Error as error:
                if error.sqlstate == _STALE_PLAN:
                    await conn.close()  # and so its prepared statements: the next try prepares them again
                raise
    except PoolTimeout as error:
        raise DatabaseUnavailable(str(error)) from error
    except psycopg.Error as error:
        if means_unavailable(error):
            # An SQLSTATE comes from the server: the statement was not committed.
            raise (DatabaseUnavailable if error.sqlstate else Lost)(unavailable_message(error)) from error
        raise


class Statements:
    """Runs the SQL statements of one kind of record, each on its own connection of `pool`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool


async def rows(pool: Pool, name: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
    """Run one statement. Raises `DatabaseUnavailable`."""
    async with connection(pool) as conn:
        cursor = await conn.execute(sql(name), parameters)
        # Not `description`, which makes an object for each column.
        return [] if cursor.rownumber is None else await cursor.fetchall()


async def rows_of_each(
    pool: Pool, name: str, items: Sequence[T], parameters: Callable[[Sequence[T]], Mapping[str, Any]]
) -> tuple[list[Row], list[tuple[T, str]]]:
    """Run a statement for all `items`; if PostgreSQL refuses one of them, perhaps by a constraint or a trigger, run it
    for each alone, so that it keeps back no other. Returns the rows, and what it refuses, with the error's name."""
    try:
        return await rows(pool, name, parameters(items)), []
    except UNSTORABLE:
        found, refused = list[Row](), list[tuple[T, str]]()
    for each in items:
        try:
            found += await rows(pool, name, parameters([each]))
        except UNSTORABLE as error:
            refused.append((each, type(error).__name__))
    return found, refused


async def row(pool: Pool, name: str, parameters: Mapping[str, Any] | None = None) -> Row | None:
    found = await rows(pool, name, parameters)
    return found[0] if found else None


async def the_row(pool: Pool, name: str, parameters: Mapping[str, Any] | None = None) -> Row:
    """The row of a statement that always returns one. Raises `DatabaseUnavailable`, and `ConfigurationError` if it was
    deleted."""
    found = await row(pool, name, parameters)
    if found is None:
        raise ConfigurationError(f"the statement {name} found no row", fix="run postroom migrate, which restores it")
    return found

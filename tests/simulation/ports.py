"""The drivers of one simulated process: psycopg's pool, redis-py's client, the mail server, Kratos' list.

Postroom's adapters for PostgreSQL and Redis run on them unchanged. Every call passes through `Line.ask`, where the
scheduler may let it fail before or after its effect, delay it, or kill the process.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from types import TracebackType
from typing import Any, Protocol, TypeVar
from uuid import UUID

from psycopg import OperationalError
from psycopg.errors import QueryCanceled
from psycopg_pool import PoolTimeout
from redis.exceptions import ConnectionError as RedisConnectionError

from postroom.domain.identity import Identity
from postroom.domain.mailbox import Mailbox, StalwartAccount
from postroom.errors import KratosUnavailable, MailServerError, Transient
from postroom.postgres.connection import sql
from postroom.provisioning.ports import IdentityPage
from simulation.mail_model import MailModel
from simulation.redis_model import RedisModel
from simulation.sql_model import Row, SqlModel

T = TypeVar("T")

STATEMENT_TIMEOUT = 4.0
WRITE_ONE_ROW = {"settle", "revive", "follow_address"}
POISON = "mail create, of a request that kills its process"


class Line(Protocol):
    """The connection of a process to a server."""

    dead: bool

    def ask(self, call: str, effect: Callable[[], T], lost: Callable[[], Exception]) -> Awaitable[T]:
        """Run `effect` on the server; `lost` makes the error of a call that failed before or after its effect."""
        ...


@cache
def _names() -> dict[str, str]:
    folder = files("postroom.postgres").joinpath("sql")
    stems = [each.name.removesuffix(".sql") for each in folder.iterdir() if each.name.endswith(".sql")]
    return {sql(stem): stem for stem in stems}


def _postgres_lost() -> Exception:
    return OperationalError("the connection is lost")


class Locks:
    """Advisory locks, each held by a connection."""

    def __init__(self) -> None:
        self.held: dict[str, SimulatedConnection] = {}

    def free(self, of: "Callable[[SimulatedConnection], bool]") -> None:
        self.held = {name: holder for name, holder in self.held.items() if not of(holder)}


class Cursor:
    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows
        self.rownumber = 0 if rows else None

    async def fetchall(self) -> list[Row]:
        return self._rows

    async def fetchone(self) -> Row | None:
        return self._rows[0] if self._rows else None


class SimulatedConnection:
    def __init__(self, model: SqlModel, locks: Locks, line: Line) -> None:
        self._model = model
        self._locks = locks
        self.line = line
        self.closed = False

    async def execute(self, text: str, parameters: Any = None) -> Cursor:
        if self.closed:
            raise _postgres_lost()
        try:
            return Cursor(await self._run(text, parameters))
        except OperationalError as error:
            if error.sqlstate is None:
                await self.close()
            raise

    def fileno(self) -> int:
        return -1  # no socket, so there is none to close

    async def close(self) -> None:
        self.closed = True
        self._locks.free(lambda holder: holder is self)

    async def _run(self, text: str, parameters: Any) -> list[Row]:
        if name := _names().get(text):
            await self._wait_for_the_row(name, parameters)
            named: Mapping[str, Any] | None = parameters
            return await self.line.ask(f"postgres {name}", lambda: self._model.run(name, named), _postgres_lost)
        if "pg_try_advisory_lock" in text:
            return await self.line.ask("postgres lock", lambda: self._lock(parameters[0]), _postgres_lost)
        if "pg_advisory_unlock" in text:
            return await self.line.ask("postgres unlock", lambda: self._unlock(parameters[0]), _postgres_lost)
        raise NotImplementedError(text)

    async def _wait_for_the_row(self, name: str, parameters: Any) -> None:
        """A statement that writes one row waits for the transaction that has locked it, until its time-out."""
        ends = asyncio.get_running_loop().time() + STATEMENT_TIMEOUT
        while name in WRITE_ONE_ROW and parameters["identity_id"] in self._model.locked:
            await asyncio.sleep(0.1)
            if asyncio.get_running_loop().time() > ends:
                raise QueryCanceled("canceling statement due to statement timeout")

    def _lock(self, name: str) -> list[Row]:
        if self.closed or self.line.dead:
            return []  # too late: the session that would hold the lock has ended
        return [{"ours": self._locks.held.setdefault(name, self) is self}]

    def _unlock(self, name: str) -> list[Row]:
        if self._locks.held.get(name) is self:
            del self._locks.held[name]
        return []

    async def __aenter__(self) -> "SimulatedConnection":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._locks.free(lambda holder: holder is self)


class SimulatedPool:
    """Replaces psycopg's pool: each use is a new connection."""

    def __init__(self, model: SqlModel, locks: Locks, line: Line, is_down: Callable[[], bool]) -> None:
        self._model = model
        self._locks = locks
        self._line = line
        self._is_down = is_down

    def connection(self) -> SimulatedConnection:
        if self._is_down():
            raise PoolTimeout("no response")
        return SimulatedConnection(self._model, self._locks, self._line)

    async def connect(self) -> SimulatedConnection:
        """A connection outside the pool."""
        if self._is_down():
            raise _postgres_lost()
        return SimulatedConnection(self._model, self._locks, self._line)


def _redis_lost() -> Exception:
    return RedisConnectionError("the connection is lost")


class SimulatedRedis:
    """The part of redis-py's client that Postroom's adapters call."""

    def __init__(self, model: RedisModel, line: Line) -> None:
        self._model = model
        self._line = line

    def _ask(self, call: str, effect: Callable[[], T]) -> Awaitable[T]:
        return self._line.ask(f"redis {call}", effect, _redis_lost)

    def register_script(self, _text: str) -> Callable[..., Awaitable[list[Any]]]:
        async def claim(keys: list[str], args: list[Any]) -> list[Any]:
            return await self._ask("claim", lambda: self._model.claim(*args))

        return claim

    def pipeline(self, *, transaction: bool) -> "_Pipeline":
        assert transaction
        return _Pipeline(lambda steps: self._ask("multi", lambda: [step() for step in steps]), self._model)

    async def zadd(self, _key: str, scores: Mapping[str, float], *, xx: bool = False, nx: bool = False) -> int:
        return await self._ask("zadd", lambda: self._model.zadd(scores, xx=xx, nx=nx))

    async def zrem(self, _key: str, *members: str) -> int:
        return await self._ask("zrem", lambda: self._model.zrem(*members))

    async def zcard(self, _key: str) -> int:
        return await self._ask("zcard", lambda: len(self._model.scores))

    async def get(self, _key: str) -> str | None:
        return await self._ask("get", lambda: self._model.epoch)

    async def set(self, _key: str, value: str) -> None:
        await self._ask("set", lambda: self._model.set_epoch(value))

    async def time(self) -> tuple[int, int]:
        return await self._ask("time", lambda: (int(self._model.now()), int(self._model.now() % 1 * 1_000_000)))

    async def zrangebyscore(self, _key: str, low: float, high: float, *, start: int, num: int) -> list[str]:
        return await self._ask("zrangebyscore", lambda: self._model.between(low, high)[start : start + num])

    async def zscan(self, _key: str, _cursor: int, *, count: int) -> tuple[int, list[tuple[str, float]]]:
        return await self._ask("zscan", lambda: (0, list(self._model.scores.items())))

    async def zmscore(self, _key: str, members: list[str]) -> list[float | None]:
        return await self._ask("zmscore", lambda: [self._model.scores.get(member) for member in members])


class _Pipeline:
    def __init__(self, send: Callable[[list[Callable[[], Any]]], Awaitable[Any]], model: RedisModel) -> None:
        self._send = send
        self._model = model
        self._steps: list[Callable[[], Any]] = []

    async def __aenter__(self) -> "_Pipeline":
        return self

    async def __aexit__(self, *_: object) -> None: ...

    def zrem(self, _key: str, *members: str) -> None:
        self._steps.append(lambda: self._model.zrem(*members))

    def zadd(self, _key: str, scores: Mapping[str, float]) -> None:
        self._steps.append(lambda: self._model.zadd(scores))

    async def execute(self) -> None:
        await self._send(self._steps)


def _mail_lost() -> Exception:
    return Transient("mail server cut the connection", outcome_unknown=True)


class SimulatedMailServer:
    """The port `MailServer`."""

    def __init__(self, model: MailModel, line: Line) -> None:
        self._model = model
        self._line = line
        self._failed: set[UUID] = set()
        """requests whose last call failed, and which may cause a health check"""

    async def create(self, mailbox: Mailbox, *, deadline: float) -> StalwartAccount:
        call = POISON if mailbox.email in self._model.poison else "mail create"
        return await self._ask(mailbox, call, lambda: self._model.create(mailbox), deadline)

    async def find(self, mailbox: Mailbox, *, deadline: float) -> StalwartAccount | None:
        return await self._ask(mailbox, "mail find", lambda: self._model.find(mailbox), deadline)

    async def _ask(self, mailbox: Mailbox, call: str, effect: Callable[[], T], deadline: float) -> T:
        try:
            async with asyncio.timeout(deadline):
                if self._model.seconds:
                    await asyncio.sleep(self._model.seconds)
                answer = await self._line.ask(call, effect, _mail_lost)
        except TimeoutError as error:
            self._failed.add(mailbox.identity_id)
            raise Transient("mail server took too long", outcome_unknown=True) from error
        except Transient:
            self._failed.add(mailbox.identity_id)
            raise
        if answer is not None:
            self._failed.discard(mailbox.identity_id)
        return answer

    async def health_check(self) -> MailServerError | None:
        """The health check after failures, not that of the probe: its result may spend a retry of each of them."""
        failed, self._failed = self._failed, set()
        problem = await self._healthy()
        if problem is None:
            self._model.failures_while_healthy.update(failed)
        return problem

    async def _healthy(self) -> MailServerError | None:
        try:
            async with asyncio.timeout(2):
                return await self._line.ask("mail health check", self._model.health_check, _mail_lost)
        except TimeoutError:
            return Transient("mail server took too long")
        except MailServerError as error:
            return error

    async def create_probe(self) -> MailServerError | None:
        try:
            async with asyncio.timeout(4):
                return await self._line.ask("mail create probe", self._model.create_probe, _mail_lost)
        except TimeoutError:
            return Transient("mail server took too long", outcome_unknown=True)
        except MailServerError as error:
            return error


def _kratos_lost() -> Exception:
    return KratosUnavailable("no answer")


class SimulatedKratos:
    """The ports `IdentityList` and `IdentityReads`, with `size` identities a page."""

    def __init__(self, identities: list[Identity], line: Line, *, size: int = 3) -> None:
        self._identities = identities
        self._line = line
        self._size = size

    async def page(self, token: str | None) -> IdentityPage:
        return await self._line.ask("kratos page", lambda: self._page(token), _kratos_lost)

    async def read(self, identity_id: UUID) -> Identity | None:
        return await self._line.ask("kratos read", lambda: self._by_id().get(identity_id), _kratos_lost)

    async def existing(self, identity_ids: Sequence[UUID]) -> set[UUID]:
        return await self._line.ask("kratos ids", lambda: {*identity_ids} & self._by_id().keys(), _kratos_lost)

    def _by_id(self) -> dict[UUID, Identity]:
        return {each.id: each for each in self._identities}

    def _page(self, token: str | None) -> IdentityPage:
        # By id, as Kratos lists them: the sweep takes a page that goes back for a repeated one.
        rest = sorted((each for each in self._identities if str(each.id) > (token or "")), key=lambda each: each.id)
        page = rest[: self._size]
        return IdentityPage(page, str(page[-1].id) if len(rest) > self._size else None)

"""Provisioning in virtual time: simulated processes that run Postroom's own code, the servers around them, and the
hooks of Kratos."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any, TypeVar, cast
from uuid import UUID

from psycopg import errors

from fakes import our_installation
from postroom.domain.identity import AddressPolicy, Identity
from postroom.domain.mailbox import Mailbox
from postroom.domain.request import Origin
from postroom.errors import DatabaseUnavailable
from postroom.operations.requests import RequestOperations
from postroom.postgres.breaker import PostgresBreakers
from postroom.postgres.doubts import PostgresDoubts
from postroom.postgres.leadership import PostgresLeadership
from postroom.postgres.overdue import PostgresOverdueRequests
from postroom.postgres.refusals import PostgresRefusals
from postroom.postgres.releases import PostgresReleases
from postroom.postgres.requests import PostgresRequests
from postroom.postgres.sweep import PostgresSwept
from postroom.postgres.waiting import PostgresWaiting
from postroom.provisioning.accept import Accept, AcceptResult
from postroom.provisioning.attempt import Attempts
from postroom.provisioning.differences import IdentityDifferences
from postroom.provisioning.slots import Slots
from postroom.provisioning.sweep import Sweep
from postroom.provisioning.verdicts import Verdicts
from postroom.queue.members import RedisMembers
from postroom.queue.retry_set import FAILURES, HORIZON, RetrySet
from postroom.retry.due_source import DueSource
from postroom.retry.probe import Probe
from postroom.retry.reconcile import Corrections, Reconcile
from postroom.retry.release import Release
from postroom.retry.worker import Worker, WorkerLimits
from simulation.faults import ILL, Event, Fault, Faults, Trouble
from simulation.mail_model import MailModel
from simulation.ports import POISON, Locks, SimulatedKratos, SimulatedMailServer, SimulatedPool, SimulatedRedis
from simulation.redis_model import RedisModel
from simulation.sql_model import SqlModel
from simulation.virtual_time import VirtualClock, VirtualLoop

T = TypeVar("T")

INLINE_LEASE = 10.0
LEASE = 30.0
DRAIN = 15.0
RESTART_AFTER = 2.0
ODD: list[type[Exception]] = [
    errors.FeatureNotSupported,
    errors.SystemError,
    errors.InternalError_,
    errors.DeadlockDetected,
    errors.LockNotAvailable,
    errors.TooManyConnections,
]
"""Errors that PostgreSQL may answer to any correct statement."""
OF_A_SETTLE = [*ODD, errors.InsufficientPrivilege, errors.UndefinedColumn, errors.CheckViolation, errors.DataError]
"""Storing an outcome outlasts these errors of an operator, and uses another text where PostgreSQL refuses the text."""
DOMAIN = "example.org"


class Over(BaseException):
    """The run has ended: each task that still calls something gets this, and ends."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A hook that got its response while its process lived."""

    at: datetime
    mailbox: Mailbox
    answer: AcceptResult


class World:
    """`delay_factor` shortens Postroom's long delays like the setting. `broken` are errors that no fault explains."""

    def __init__(self, loop: VirtualLoop, chance: Random, faults: Faults, *, delay_factor: float) -> None:
        self.loop = loop
        self.chance = chance
        self.faults = faults
        self.delay_factor = delay_factor
        self.clock = VirtualClock(loop)
        self.sql = SqlModel(self.clock.now)
        self.locks = Locks()
        self.redis = RedisModel(lambda: self.clock.now().timestamp())
        self.mail = MailModel()
        self.identities: list[Identity] = []
        self.processes: list[Process] = []
        self.answered: list[Answered] = []
        self.corrected = Corrections()
        self.broken: list[str] = []
        self.down: set[str] = set()
        self.hung: set[str] = set()
        self.over = False
        self.kills = 0

    def start(self, number: int) -> None:
        for _ in range(number):
            self._start_one()

    def new_id(self) -> UUID:
        return UUID(int=self.chance.getrandbits(128), version=4)

    def _start_one(self) -> None:
        process = Process(self)
        self.processes.append(process)
        process.start()

    async def hook(self, mailbox: Mailbox) -> None:
        """One hook of Kratos to a living process. The response of a killed process is lost."""
        # A stopping process may still be reached: its listener closes a moment later.
        living = [process for process in self.processes if not process.dead]
        if not living:
            return
        process = self.chance.choice(living)
        try:
            answer = await process.while_it_lives(process.accept(mailbox, Origin()))
        except DatabaseUnavailable:
            return
        if answer:
            self.answered.append(Answered(self.clock.now(), mailbox, answer))

    async def hook_without_slot(self, mailbox: Mailbox) -> None:
        """Store a waiting request, as a hook does that finds no free slot."""
        parameters = {"identity_id": mailbox.identity_id, "email": mailbox.email, "display_name": None}
        self.sql.run("accept", parameters | {"holder": None, "lease": 0.0, "action": "accept"})

    async def resume(self, domain: str) -> None:
        """Run `postroom resume`, once for the mail server and once for a domain."""
        process = self._one()
        breaker = await process.breakers.read()
        if breaker.creates and not self.mail.health_check():
            await process.breakers.resume_creates(breaker.creates, actor="operator")
        if breaker.open and not self.mail.health_check():
            await process.breakers.resume(breaker, actor="operator")
        await PostgresReleases(process.pool).resume_domain(domain, actor="operator")

    async def operator(self, identity_id: UUID) -> None:
        """`postroom retry`."""
        process = self._one()
        await process.while_it_lives(process.retry(identity_id))

    async def suffer(self, event: Event) -> None:
        """One trouble of the plan, from beginning to end."""
        await asyncio.sleep(event.at)
        match event.trouble:
            case Trouble.FLUSHALL:
                self.redis.flush()
            case Trouble.KILL:
                self._one().kill()
            case Trouble.PAUSE:
                self._one().freeze(event.seconds + LEASE)
            case Trouble.STOP:
                await self._one().stop()
            case Trouble.ROW_GONE:
                if self.sql.requests:
                    self.sql.erase(self.chance.choice(list(self.sql.requests)))
            case _:
                end = self._begin(event.trouble)
                await asyncio.sleep(event.seconds)
                end()

    async def begin_to_suffer(self, trouble: Trouble, seconds: float) -> asyncio.Task[None]:
        """Return a task that ends with the trouble; one second of it has passed."""
        suffering = self.loop.create_task(self.suffer(Event(trouble, 0.0, seconds)))
        await asyncio.sleep(1.0)
        return suffering

    def _begin(self, trouble: Trouble) -> Callable[[], None]:
        """Begin a lasting trouble; return the function that ends it."""
        match trouble:
            case Trouble.POSTGRES_UNAVAILABLE | Trouble.REDIS_UNAVAILABLE:
                return _among(self.down, "postgres" if trouble is Trouble.POSTGRES_UNAVAILABLE else "redis")
            case Trouble.REDIS_HUNG | Trouble.MAIL_HUNG:
                return _among(self.hung, "redis" if trouble is Trouble.REDIS_HUNG else "mail")
            case Trouble.OLD_SNAPSHOT:
                snapshot = self.redis.snapshot()
                return lambda: self.redis.restore(snapshot)
            case Trouble.ROW_LOCKED:
                self.sql.locked = {each for each in self.sql.requests if self.chance.random() < 0.5}
                return self.sql.locked.clear
            case Trouble.MAIL_FULL:
                self.mail.full = True
                return lambda: setattr(self.mail, "full", False)
            case _:
                self.mail.ill = ILL[trouble]
                return lambda: setattr(self.mail, "ill", None)

    def _one(self) -> "Process":
        return self.chance.choice([process for process in self.processes if not process.dead] or self.processes)

    def restart(self) -> None:
        if not self.over:
            self.loop.call_later(RESTART_AFTER, self._start_one)


class Process:
    """A `postroom serve`: hooks, worker, reconcile and sweep, with its own connections."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.dead = False
        self.stopping = False
        self._died: asyncio.Future[None] = world.loop.create_future()
        self._goes_on = asyncio.Event()
        self._goes_on.set()
        self._stop = asyncio.Event()
        self._was_frozen = False
        self._build()

    def _build(self) -> None:
        world, clock = self.world, self.world.clock
        self.pool = pool = cast(Any, SimulatedPool(world.sql, world.locks, self, lambda: "postgres" in world.down))
        redis = cast(Any, SimulatedRedis(world.redis, self))
        self.requests = PostgresRequests(pool, new_id=world.new_id, delay_factor=world.delay_factor)
        self.breakers = breakers = PostgresBreakers(pool, delay_factor=world.delay_factor)
        mail = SimulatedMailServer(world.mail, self)
        retry_set = RetrySet(redis, our_installation, lease=LEASE)
        self.operations = RequestOperations(pool, retry_set)
        verdicts = Verdicts(breakers, mail, clock)
        attempts = Attempts(self.requests, verdicts, mail, retry_set, clock)
        slots = Slots(4)
        overdue, exact = PostgresOverdueRequests(pool, grace=1.0), PostgresOverdueRequests(pool, grace=-HORIZON)
        due_source = DueSource(retry_set, overdue, exact, clock, failures=FAILURES)
        probe = Probe(breakers, SimulatedMailServer(world.mail, self))
        self.worker = Worker(
            self.requests, attempts, retry_set, due_source, probe, slots, clock, WorkerLimits(lease=LEASE)
        )
        kratos, policy = SimulatedKratos(world.identities, self), AddressPolicy({DOMAIN}, set())
        self.differences = IdentityDifferences(kratos, PostgresDoubts(pool), policy)
        self.accept = Accept(
            self.requests,
            attempts,
            retry_set,
            slots,
            clock,
            new_id=world.new_id,
            wake=self.worker.wake,
            read_soon=self.differences.read_soon,
            deadline=5.0,
            lease=INLINE_LEASE,
        )
        leadership = PostgresLeadership(pool.connect)
        self.reconcile = _Counted(
            world, PostgresWaiting(pool), RedisMembers(redis, our_installation), leadership, clock
        )
        self.release = Release(
            PostgresReleases(pool),
            retry_set,
            leadership,
            clock,
            verdicts,
            wake=self.worker.wake,
        )
        self.sweep = Sweep(
            kratos,
            PostgresSwept(pool),
            PostgresDoubts(pool),
            self.differences,
            PostgresRefusals(pool),
            self.requests,
            retry_set,
            leadership,
            policy,
            every=20,
            uniform=world.chance.uniform,
            wake=self.worker.wake,
        )

    def start(self) -> None:
        self._tasks = [
            self.world.loop.create_task(each)
            for each in (
                self.worker.run(),
                self.release.run(self._stop),
                self.reconcile.run(self._stop),
                self.sweep.run(self._stop),
                self.differences.run(self._stop),
            )
        ]
        for task in self._tasks:
            task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Future[None]") -> None:
        if self.dead or self.world.over or task.cancelled():
            return
        if error := task.exception():
            self.world.broken.append(f"a task of the heart broke: {error!r}")

    async def retry(self, identity_id: UUID) -> None:
        try:
            async for _ in self.operations.retry([str(identity_id)], actor="operator"):
                pass
        except DatabaseUnavailable:
            return

    def kill(self) -> None:
        """kill -9: its calls have no effect any more, its connections are closed, and another process starts."""
        if self.dead:
            return
        self.dead = True
        self._died.set_result(None)
        self.world.kills += 1
        self.world.locks.free(lambda holder: holder.line is self)
        if not self.stopping:
            self.world.restart()

    async def while_it_lives(self, doing: Coroutine[Any, Any, T]) -> T | None:
        """The result, or None if the process is killed first."""
        task = asyncio.ensure_future(doing)
        await asyncio.wait([task, self._died], return_when=asyncio.FIRST_COMPLETED)
        return None if self.dead else task.result()

    def freeze(self, seconds: float) -> None:
        """SIGSTOP, later SIGCONT."""
        self._was_frozen = True
        self._goes_on.clear()
        self.world.loop.call_later(seconds, self._goes_on.set)

    async def stop(self) -> None:
        """SIGTERM: stop as the service does, while the next process starts."""
        if self.stopping:
            return
        self.stopping = True
        self._stop.set()
        self.worker.stop()
        self.world.restart()
        began = self.world.loop.time()
        await self.while_it_lives(self.accept.drain(within=DRAIN))
        await self.while_it_lives(asyncio.wait(self._tasks))
        if not self.dead:
            self._end(self.world.loop.time() - began)

    def _end(self, seconds: float) -> None:
        if seconds > DRAIN + 5 and not self._was_frozen:
            self.world.broken.append(f"a stop took {seconds:.1f} s")
        self.dead = True
        self._died.set_result(None)
        self.world.locks.free(lambda holder: holder.line is self)

    async def ask(self, call: str, effect: Callable[[], T], lost: Callable[[], Exception]) -> T:
        """The fate of every call of this process to a server."""
        await self._on_the_way()
        world = self.world
        server = call.partition(" ")[0]
        if server in world.down:
            raise lost()
        if server in world.hung:
            await asyncio.sleep(1.0 if server == "redis" else 60.0)
            raise lost()
        fault = Fault.KILL_BEFORE if call == POISON else world.faults.draw(call, world.loop.time())
        if fault is Fault.PAUSE:
            self.freeze(LEASE + world.chance.uniform(1.0, 10.0))
            await self._on_the_way()
        if fault is Fault.SWALLOWED:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(world.chance.uniform(0.0, 2.0))
        if fault in (None, Fault.PAUSE, Fault.SWALLOWED):
            answer = effect()
            await self._on_the_way()
            return answer
        if fault is Fault.FOREIGN and server == "postgres":
            raise world.chance.choice(OF_A_SETTLE if call == "postgres settle" else ODD)("as drawn")
        return await self._fail(fault, effect, lost)

    async def _fail(self, fault: Fault, effect: Callable[[], T], lost: Callable[[], Exception]) -> T:
        world = self.world
        if fault is Fault.DELAYED:
            world.loop.call_later(world.chance.uniform(0.0, 4.0), _quietly, effect)
        elif fault in (Fault.AFTER, Fault.KILL_AFTER):
            effect()
        if fault in (Fault.KILL_BEFORE, Fault.KILL_AFTER):
            self.kill()
        await self._on_the_way()
        raise lost()

    async def _on_the_way(self) -> None:
        """Let other tasks run, mostly for an instant, sometimes for long."""
        draw = self.world.chance.random()
        is_slow = draw > 0.99 and self.world.faults.until > self.world.loop.time()
        await asyncio.sleep(0 if draw < 0.6 else draw if is_slow else 0.02 * draw)
        if not self._goes_on.is_set():
            await self._goes_on.wait()
        if self.world.over:
            raise Over
        if self.dead:
            await _never()


class _Counted(Reconcile):
    """Counts its corrections, for I10."""

    def __init__(self, world: World, *parts: Any) -> None:
        super().__init__(*parts, failures=FAILURES)
        self._world = world

    async def step(self) -> Corrections:
        corrections = await super().step()
        self._world.corrected += corrections
        return corrections


def _among(troubled: set[str], server: str) -> Callable[[], None]:
    troubled.add(server)
    return lambda: troubled.discard(server)


def _quietly(effect: Callable[[], object]) -> None:
    """Run an effect after its caller has timed out: the server's response is lost."""
    try:
        effect()
    except Exception:  # noqa: BLE001 — a refusal is lost, too
        return


async def _never() -> None:
    await asyncio.get_running_loop().create_future()


Scenario = Callable[[World], Coroutine[Any, Any, None]]

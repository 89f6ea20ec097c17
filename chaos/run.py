"""One run: a cluster, the plan's hooks and faults together, then calm; and, only if it became calm, the evidence."""

import asyncio
import re
import shutil
import tempfile
import time
from contextlib import AsyncExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

import psycopg
import redis.asyncio

from chaos.busy import BusyLoops
from chaos.cluster import DELAY_FACTOR, Cluster
from chaos.evidence import Evidence
from chaos.faults import Faults
from chaos.history import Event, History, read
from chaos.load import LoadProcess
from chaos.plan import DOMAIN, FIRST_ID, LAST_ID, SERVICES, WORD, WORKERS, Plan
from chaos.registrations import Registrations
from chaos.snapshot import DIGESTS, lost_commits, tables
from postroom.queue.retry_set import KEY as RETRY_SET
from postroom_sandbox.data_folder import DataFolder

CALM_WITHIN, CALM_WITHIN_IF_BUSY = 120.0, 300.0
"""Seconds from the last fault in which everything must come to rest."""
LONGER = 180.0
"""Seconds that are waited beyond: a run that is late has still something to tell."""
POLL_INTERVAL = 1.0
SAMPLE_EVERY = 20.0
MEMBERS_GONE_WITHIN = 45.0
"""A stale member is put off by a lease of 30 s and removed when it comes due."""

_STATES: LiteralString = "SELECT state, count(*) AS n FROM email_requests GROUP BY state"
_CORRECTED = re.compile(r"Reconcile corrected Redis.*")


@dataclass(frozen=True, slots=True)
class Ran:
    """`evidence` is None if the run did not become calm: what still moves proves nothing. `why` says what it waited
    for then. `calm_within` is how long it might have taken."""

    events: list[Event]
    evidence: Evidence | None
    why: str
    calm_within: float


async def run(plan: Plan, folder: Path, *, fsync: bool = True, busy: int = 0) -> Ran:
    """Run `plan`, with so many busy loops beside it; history and logs go to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix="postroom-chaos-"))
    try:
        with DataFolder(place / "data") as data, DataFolder(place / "replica") as of_replica:
            async with AsyncExitStack() as stack:
                history = stack.enter_context(closing(History(folder / "run.jsonl")))
                for each, name in ((data, "logs"), (of_replica, "logs/replica")):
                    stack.callback(shutil.copytree, each.folder("logs"), folder / name, dirs_exist_ok=True)
                cluster = Cluster(data, of_replica, plan.settings, fsync=fsync)
                stack.push_async_callback(cluster.stop)
                await cluster.start()
                await cluster.stalwart.make_strangers(plan.taken)
                loops = BusyLoops(busy, data.log("busy"))
                stack.push_async_callback(loops.stop)
                await loops.start()
                calm_within = CALM_WITHIN_IF_BUSY if busy else CALM_WITHIN
                return await _Run(plan, cluster, history, data, folder, calm_within).through()
    finally:
        shutil.rmtree(place, ignore_errors=True)


class _Run:
    def __init__(
        self, plan: Plan, cluster: Cluster, history: History, data: DataFolder, folder: Path, calm_within: float
    ) -> None:
        self._plan = plan
        self._cluster = cluster
        self._history = history
        self._data = data
        self._folder = folder
        self._calm_within = calm_within
        self._load = LoadProcess(folder / "load.jsonl", cluster.kratos.folder, data.log("load"))
        self._seen_log: dict[str, str] = {}
        self._corrected = 0
        self._waits_for = ""

    async def through(self) -> Ran:
        plan, history = self._plan, self._history
        await self._load.start()
        history.record("start", plan=plan.name, seed=plan.seed)
        observer = asyncio.create_task(self._observe())
        clean = asyncio.create_task(self._count_corrections(plan.clean))
        hooks = asyncio.create_task(self._load.run(self._cluster.urls, self._cluster.key, plan.hooks))
        try:
            await Faults(self._cluster, history).run(plan.faults)
            await clean
            history.record("faults over")
            is_calm = await self._become_calm(hooks)
            if observer.done():
                observer.result()  # raises: it looks until it is cancelled
        finally:
            for task in (observer, clean, hooks):
                task.cancel()
            await asyncio.gather(observer, clean, hooks, return_exceptions=True)
            await self._load.stop()
        evidence = await self._evidence() if is_calm else None
        if evidence is None:
            history.record("not calm", why=self._waits_for)
        return Ran(self._events(), evidence, "" if evidence else self._waits_for, self._calm_within)

    async def _become_calm(self, hooks: asyncio.Task[None]) -> bool:
        """Wait until every hook has its answer or was given up, the sweep has gone through all identities since, and
        every request is at rest."""
        started = time.monotonic()
        try:
            async with asyncio.timeout(self._calm_within + LONGER):
                self._waits_for = "hooks are still on their way"
                await hooks
                await self._until_swept()
                while not await self._is_at_rest():
                    await asyncio.sleep(0.25)
        except TimeoutError:
            return False
        self._history.record("calm", seconds=round(time.monotonic() - started, 2))
        return True

    async def _until_swept(self) -> None:
        """Until a pass of the sweep that began now has ended. It reads in the order of ids: whoever registers as the
        first is found by a pass that began later, and whoever then registers as the last is found at the end of it."""
        with closing(Registrations(self._cluster.kratos.folder)) as kratos:
            for identity_id in (str(FIRST_ID), str(LAST_ID)):
                email = f"sweep-{identity_id[:8]}@{DOMAIN}"
                self._waits_for = f"the sweep has not found {email}, who registered after the last hook"
                kratos.register(identity_id, email)
                self._history.record("registered", identity_id=identity_id, email=email)
                while email not in await self._swept():
                    await asyncio.sleep(0.25)

    async def _swept(self) -> set[str]:
        with suppress(psycopg.OperationalError):  # a busy PostgreSQL: asked again
            found = await self._cluster.database.rows("SELECT email FROM email_requests WHERE email LIKE 'sweep-%'")
            return {row["email"] for row in found}
        return set()

    async def _is_at_rest(self) -> bool:
        with suppress(psycopg.OperationalError):
            counts = {row["state"]: row["n"] for row in await self._cluster.database.rows(_STATES)}
            moving = {state: count for state, count in counts.items() if state not in ("provisioned", "dead")}
            self._waits_for = "requests are not at rest: " + ", ".join(f"{moving[state]} {state}" for state in moving)
            return not moving
        self._waits_for = "PostgreSQL does not answer"
        return False

    async def _count_corrections(self, seconds: float) -> None:
        """Of everybody, in the time without faults: the leader may be any process."""
        await asyncio.sleep(seconds)
        for name in (*SERVICES, *WORKERS):
            self._corrected += len(_CORRECTED.findall(self._data.log(name).read_text()))

    async def _observe(self) -> None:
        """Look at PostgreSQL past the link, as long as it is there."""
        database = self._cluster.database
        sample_at = time.monotonic() + SAMPLE_EVERY
        while True:
            await asyncio.sleep(POLL_INTERVAL)
            with suppress(psycopg.OperationalError):
                self._history.record("rows", **{row["state"]: row["n"] for row in await database.rows(_STATES)})
                if time.monotonic() >= sample_at and not database.durable.locked():
                    async with database.durable:
                        sample_at = time.monotonic() + SAMPLE_EVERY
                        self._seen_log |= {row["id"]: row["digest"] for row in await database.rows(DIGESTS)}

    async def _evidence(self) -> Evidence | None:
        """None if something moved after all."""
        members = await self._members_left()
        broken = list(self._cluster.broken)
        await self._cluster.stop_processes()
        owner_url = self._cluster.database.primary.owner_url
        found = {name: rows async for name, rows in tables(owner_url)}
        moving = [row["identity_id"] for row in found["requests"] if row["state"] not in ("provisioned", "dead")]
        if moving:
            self._waits_for = f"{len(moving)} requests moved again after they had been at rest"
            return None
        events = self._events()
        return Evidence(
            history=events,
            requests=found["requests"],
            log=found["log"],
            accounts=found["accounts"],
            stalwart=await self._cluster.stalwart.accounts(),
            strangers=list(self._plan.taken),
            word=WORD,
            delay_factor=DELAY_FACTOR,
            seen_log=self._seen_log,
            log_digests={row["id"]: row["digest"] for row in found["digests"]},
            members=members,
            corrected=self._corrected,
            broken=broken,
            lost_commits=lost_commits(self._cluster.database.fail_over, events),
        )

    async def _members_left(self) -> list[str]:
        ends = time.monotonic() + MEMBERS_GONE_WITHIN
        async with redis.asyncio.from_url(self._cluster.valkey.url, decode_responses=True) as client:
            while (members := await client.zrange(RETRY_SET, 0, -1)) and time.monotonic() < ends:
                await asyncio.sleep(0.5)
        return [str(member) for member in members]

    def _events(self) -> list[Event]:
        return read(self._folder / "run.jsonl", self._folder / "load.jsonl")

"""One run: a cluster, the hooks and faults of a plan, and, once everything has settled, the evidence."""

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

SETTLE_WITHIN, SETTLE_WITHIN_IF_BUSY = 120.0, 300.0
"""Seconds after the last fault within which the run must settle."""
LONGER = 180.0
"""Seconds to wait beyond that: the evidence of a late run is still useful."""
POLL_INTERVAL = 1.0
SAMPLE_EVERY = 20.0
MEMBERS_GONE_WITHIN = 45.0
"""A stale member is postponed by a lease of 30 s, and removed when it is due."""

_STATES: LiteralString = "SELECT state, count(*) AS n FROM email_requests GROUP BY state"
_CORRECTED = re.compile(r"Reconcile corrected Redis.*")


@dataclass(frozen=True, slots=True)
class Ran:
    """`evidence` is None if the run did not settle: rows that still change prove nothing. `why` then says what the run
    waited for. `settle_within` is the target in seconds."""

    events: list[Event]
    evidence: Evidence | None
    why: str
    settle_within: float


async def run(plan: Plan, folder: Path, *, fsync: bool = True, busy: int = 0) -> Ran:
    """Run `plan` together with `busy` busy loops; history and logs go to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    root = Path(tempfile.mkdtemp(prefix="postroom-chaos-"))
    try:
        with DataFolder(root / "data") as data, DataFolder(root / "replica") as of_replica:
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
                settle_within = SETTLE_WITHIN_IF_BUSY if busy else SETTLE_WITHIN
                return await _Run(plan, cluster, history, data, folder, settle_within).through()
    finally:
        shutil.rmtree(root, ignore_errors=True)


class _Run:
    def __init__(
        self, plan: Plan, cluster: Cluster, history: History, data: DataFolder, folder: Path, settle_within: float
    ) -> None:
        self._plan = plan
        self._cluster = cluster
        self._history = history
        self._data = data
        self._folder = folder
        self._settle_within = settle_within
        self._load = LoadProcess(folder / "load.jsonl", cluster.kratos.folder, data.log("load"))
        self._seen_log: dict[str, str] = {}
        self._corrected = 0
        self._waiting_for = ""

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
            is_settled = await self._settle(hooks)
            if observer.done():
                observer.result()  # raises its error: it only ends by one
        finally:
            for task in (observer, clean, hooks):
                task.cancel()
            await asyncio.gather(observer, clean, hooks, return_exceptions=True)
            await self._load.stop()
        evidence = await self._evidence() if is_settled else None
        if evidence is None:
            history.record("not settled", why=self._waiting_for)
        return Ran(self._events(), evidence, "" if evidence else self._waiting_for, self._settle_within)

    async def _settle(self, hooks: asyncio.Task[None]) -> bool:
        """Wait until every hook has its response or was dropped, the sweep has then listed all identities, and every
        request is provisioned or dead."""
        started = time.monotonic()
        try:
            async with asyncio.timeout(self._settle_within + LONGER):
                self._waiting_for = "hooks are still being sent"
                await hooks
                await self._until_swept()
                while not await self._all_settled():
                    await asyncio.sleep(0.25)
        except TimeoutError:
            return False
        self._history.record("settled", seconds=round(time.monotonic() - started, 2))
        return True

    async def _until_swept(self) -> None:
        """Wait for a complete pass of the sweep that begins after now. It reads in the order of ids: an identity with
        the first id is found by a later pass, and one with the last id, registered then, at the end of a pass."""
        with closing(Registrations(self._cluster.kratos.folder)) as kratos:
            for identity_id in (str(FIRST_ID), str(LAST_ID)):
                email = f"sweep-{identity_id[:8]}@{DOMAIN}"
                self._waiting_for = f"the sweep has not found {email}, registered after the last hook"
                kratos.register(identity_id, email)
                self._history.record("registered", identity_id=identity_id, email=email)
                while email not in await self._swept():
                    await asyncio.sleep(0.25)

    async def _swept(self) -> set[str]:
        with suppress(psycopg.OperationalError):  # PostgreSQL is busy; the caller asks again
            found = await self._cluster.database.rows("SELECT email FROM email_requests WHERE email LIKE 'sweep-%'")
            return {row["email"] for row in found}
        return set()

    async def _all_settled(self) -> bool:
        with suppress(psycopg.OperationalError):
            counts = {row["state"]: row["n"] for row in await self._cluster.database.rows(_STATES)}
            unsettled = {state: count for state, count in counts.items() if state not in ("provisioned", "dead")}
            self._waiting_for = "requests have not settled: " + ", ".join(
                f"{unsettled[state]} {state}" for state in unsettled
            )
            return not unsettled
        self._waiting_for = "PostgreSQL does not respond"
        return False

    async def _count_corrections(self, seconds: float) -> None:
        """Count the corrections of all processes before the first fault: any process may be the leader."""
        await asyncio.sleep(seconds)
        for name in (*SERVICES, *WORKERS):
            self._corrected += len(_CORRECTED.findall(self._data.log(name).read_text()))

    async def _observe(self) -> None:
        """Record the states of PostgreSQL's rows, not through the link, whenever it responds."""
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
        """None if a request changed after all."""
        members = await self._members_left()
        broken = list(self._cluster.broken)
        await self._cluster.stop_processes()
        owner_url = self._cluster.database.primary.owner_url
        found = {name: rows async for name, rows in tables(owner_url)}
        unsettled = [row["identity_id"] for row in found["requests"] if row["state"] not in ("provisioned", "dead")]
        if unsettled:
            self._waiting_for = f"{len(unsettled)} requests changed again after they had settled"
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
            lost_accounts=self._cluster.database.lost_accounts,
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

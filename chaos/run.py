"""One run: a cluster, the plan's hooks and faults together, then calm; and the evidence of it."""

import asyncio
import re
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import redis.asyncio
from psycopg.rows import dict_row

from chaos.checker import Evidence
from chaos.cluster import DELAY_FACTOR, Cluster
from chaos.faults import Faults
from chaos.load import History, Load
from chaos.plan import SERVICES, WORD, WORKERS, Plan
from postroom.queue.retry_set import KEY as RETRY_SET
from postroom.sandbox.data_folder import DataFolder

CALM_WITHIN = 420.0
LOOK_EVERY = 1.0
SAMPLE_EVERY = 20.0
MEMBERS_GONE_WITHIN = 45.0
"""A stale member is put off by a lease of 30 s and removed when it comes due."""

_STATES: LiteralString = "SELECT state, count(*) AS n FROM email_requests GROUP BY state"
_DIGESTS: LiteralString = "SELECT id::text, md5(l::text) AS digest FROM email_provisioning_log l"
_CORRECTED = re.compile(r"Reconcile corrected Redis.*")


async def run(plan: Plan, folder: Path, *, fsync: bool = True) -> Evidence:
    """Run `plan`; history and logs go to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix="postroom-chaos-"))
    try:
        with DataFolder(place) as data, (folder / "history.jsonl").open("w") as file:
            history = History(file)
            cluster = Cluster(data, plan.settings, fsync=fsync)
            try:
                await cluster.start()
                await cluster.make_strangers(list(plan.taken))
                return await _Run(plan, cluster, history, data).through()
            finally:
                await cluster.stop()
                shutil.copytree(data.folder("logs"), folder / "logs", dirs_exist_ok=True)
    finally:
        shutil.rmtree(place, ignore_errors=True)


class _Run:
    def __init__(self, plan: Plan, cluster: Cluster, history: History, data: DataFolder) -> None:
        self._plan = plan
        self._cluster = cluster
        self._history = history
        self._data = data
        self._seen_log: dict[str, str] = {}
        self._corrected = 0

    async def through(self) -> Evidence:
        plan, history = self._plan, self._history
        history.record("start", plan=plan.name, seed=plan.seed)
        observer = asyncio.create_task(self._observe())
        clean = asyncio.create_task(self._count_corrections(plan.clean))
        load = Load(self._cluster.urls, self._cluster.key, history)
        hooks = asyncio.create_task(load.run(plan.hooks))
        try:
            await Faults(self._cluster, history).run(plan.faults)
            await clean
            history.record("faults over")
            ended = time.monotonic()
            try:
                async with asyncio.timeout(CALM_WITHIN):
                    await hooks
                    while not await self._at_rest():
                        await asyncio.sleep(0.25)
                history.record("calm", seconds=round(time.monotonic() - ended, 2))
            except TimeoutError:
                history.record("not calm", seconds=CALM_WITHIN)
            return await self._evidence()
        finally:
            for task in (observer, clean, hooks):
                task.cancel()
            await asyncio.gather(observer, clean, hooks, return_exceptions=True)

    async def _count_corrections(self, seconds: float) -> None:
        """Of everybody, in the time without faults: the leader may be any process."""
        await asyncio.sleep(seconds)
        for name in (*SERVICES, *WORKERS):
            self._corrected += len(_CORRECTED.findall(self._data.log(name).read_text()))

    async def _observe(self) -> None:
        """Look at PostgreSQL past the proxy, as long as it is there."""
        sample_at = time.monotonic() + SAMPLE_EVERY
        while True:
            await asyncio.sleep(LOOK_EVERY)
            with suppress(psycopg.OperationalError):
                counts = {row["state"]: row["n"] for row in await self._rows(_STATES)}
                self._history.record("rows", **counts)
                if time.monotonic() >= sample_at:
                    sample_at = time.monotonic() + SAMPLE_EVERY
                    self._seen_log |= {row["id"]: row["digest"] for row in await self._rows(_DIGESTS)}

    async def _at_rest(self) -> bool:
        counts = {row["state"] for row in await self._rows(_STATES)}
        return counts <= {"provisioned", "dead"}

    async def _evidence(self) -> Evidence:
        log = "SELECT *, holder::text, kratos_identity_id::text FROM email_provisioning_log ORDER BY id"
        accounts = "SELECT id::text, kratos_identity_id::text, email, stalwart_account_id FROM email_accounts"
        return Evidence(
            history=self._history.events,
            requests=[_plain(row) for row in await self._rows("SELECT * FROM email_requests")],
            log=[_plain(row) for row in await self._rows(log)],
            accounts=[_plain(row) for row in await self._rows(accounts)],
            stalwart=await self._cluster.stalwart_accounts(),
            strangers=list(self._plan.taken),
            word=WORD,
            delay_factor=DELAY_FACTOR,
            seen_log=self._seen_log,
            log_digests={row["id"]: row["digest"] for row in await self._rows(_DIGESTS)},
            members=await self._members_left(),
            corrected=self._corrected,
            broken=self._cluster.broken,
        )

    async def _members_left(self) -> list[str]:
        ends = time.monotonic() + MEMBERS_GONE_WITHIN
        async with redis.asyncio.from_url(self._cluster.valkey.url, decode_responses=True) as client:
            while (members := await client.zrange(RETRY_SET, 0, -1)) and time.monotonic() < ends:
                await asyncio.sleep(0.5)
        return [str(member) for member in members]

    async def _rows(self, query: LiteralString) -> list[dict[str, Any]]:
        url = self._cluster.postgres.owner_url
        async with await psycopg.AsyncConnection.connect(url, connect_timeout=3) as conn:
            return await (await conn.cursor(row_factory=dict_row).execute(query)).fetchall()


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """As JSON has it."""
    plain = (str, int, float, bool, type(None))
    return {name: value if isinstance(value, plain) else _text(value) for name, value in row.items()}


def _text(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)

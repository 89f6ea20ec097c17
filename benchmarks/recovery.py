"""How long requests wait after kill -9 in the middle of their attempts, and after an outage of the mail server.

    python -m benchmarks.recovery [--json]

20 attempts wait for a mail server that hangs. One second after they began, their process is killed, the mail server
recovers, and another process starts. Measured first for attempts made while the hook waits (lease 10 s), then for
retries (lease 30 s). A lease starts with the claim, and no other process may take the request before it ends.

Then the mail server resets every connection for 90 s, while 100 people register. The process that serves them keeps its
default pace of 10 attempts a second.
"""

import asyncio
import os
import signal
import sys
import time
from typing import Self
from uuid import UUID, uuid4

import httpx2
import psycopg

from benchmarks.command import run
from benchmarks.trial import Trial
from postroom_sandbox.loopback import free_port

ATTEMPTS = 20
PEOPLE, OUTAGE = 100, 90.0
"""who wait, and seconds"""
PATIENCE = 90.0
WORD = "person-"
"""It is in each of their addresses, and not in that of Postroom's own mailbox: a mail server that makes no mailbox at
all would cost nobody a retry."""
KILL_AFTER = 1.0
"""Seconds, so that the kill comes in the middle of the attempts and not at their first millisecond."""


class Service:
    """A second service on the databases and stand-ins of the trial. It is the one that is killed."""

    def __init__(self, trial: Trial, **settings: str) -> None:
        self._port = free_port()
        self._environment = dict(os.environ) | trial.environment
        self._environment |= {
            "POSTROOM_HOST": "127.0.0.1",
            "POSTROOM_PORT": str(self._port),
            "POSTROOM_WORKER": "true",  # the trial publishes that its own service has none
            "POSTROOM_KRATOS_ADMIN_URL": "",
            "POSTROOM_LOG_LEVEL": "ERROR",
        } | settings
        self._process: asyncio.subprocess.Process | None = None
        self.http = httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{self._port}",
            headers={"X-Postroom-Key": trial.environment["POSTROOM_WEBHOOK_KEY"]},
            trust_env=False,
            timeout=30,
        )

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kill()
        await self.http.aclose()

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "postroom", "serve", env=self._environment
        )
        async with asyncio.timeout(30):
            while not await self._is_live():  # noqa: ASYNC110 — another process: nothing sets an event
                await asyncio.sleep(0.05)

    async def _is_live(self) -> bool:
        try:
            return (await self.http.get("/health/live")).status_code == 200
        except httpx2.HTTPError:
            return False

    async def kill(self) -> None:
        if self._process and self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()

    async def hook(self, identity_id: UUID) -> int | None:
        body = {"identity": {"id": str(identity_id), "traits": {"email": f"{WORD}{identity_id.hex}@example.org"}}}
        try:
            return (await self.http.post("/internal/mail/provision", json=body)).status_code
        except httpx2.HTTPError:
            return None


async def _until(
    database: psycopg.AsyncConnection[tuple[int]], where: str, identity_ids: list[UUID], *, number: int | None = None
) -> None:
    """Wait until it holds for so many of them, or for all."""
    query = f"SELECT count(*) FROM email_requests WHERE identity_id = ANY(%s) AND {where}"  # noqa: S608 — ours
    async with asyncio.timeout(PATIENCE):
        while True:
            cursor = await database.execute(query.encode(), [identity_ids])
            found = await cursor.fetchone()
            if found and found[0] >= (len(identity_ids) if number is None else number):
                return
            await asyncio.sleep(0.02)


async def first_attempts(trial: Trial, service: Service, database: psycopg.AsyncConnection[tuple[int]]) -> float:
    """Return the seconds from the kill until all are provisioned."""
    identity_ids = [uuid4() for _ in range(ATTEMPTS)]
    await service.hook(uuid4())  # looks up the id of the domain, once
    await trial.fault(kind="hang", word=WORD)
    hooks = [asyncio.create_task(service.hook(identity_id)) for identity_id in identity_ids]
    await _until(database, "state = 'running'", identity_ids)
    return await _recover(trial, service, database, identity_ids, hooks)


async def retries(trial: Trial, service: Service, database: psycopg.AsyncConnection[tuple[int]]) -> float:
    identity_ids = [uuid4() for _ in range(ATTEMPTS)]
    await trial.fault(kind="fail", word=WORD)
    await asyncio.gather(*(service.hook(identity_id) for identity_id in identity_ids))
    await _until(database, "state = 'waiting' AND retries = 1", identity_ids)
    await trial.fault(kind="hang", word=WORD)
    await _until(database, "state = 'running'", identity_ids)
    return await _recover(trial, service, database, identity_ids, [])


async def _recover(
    trial: Trial,
    service: Service,
    database: psycopg.AsyncConnection[tuple[int]],
    identity_ids: list[UUID],
    hooks: list[asyncio.Task[int | None]],
) -> float:
    await asyncio.sleep(KILL_AFTER)
    await service.kill()
    killed = time.perf_counter()
    await asyncio.gather(*hooks)
    await trial.no_faults()
    await service.start()
    await _until(database, "state = 'provisioned'", identity_ids)
    return time.perf_counter() - killed


async def outage(trial: Trial, service: Service, database: psycopg.AsyncConnection[tuple[int]]) -> tuple[float, float]:
    """Return the seconds from its end until the first and the last of the people have their mailbox."""
    identity_ids = [uuid4() for _ in range(PEOPLE)]
    await trial.fault(kind="refuse")
    began = time.perf_counter()
    for identity_id in identity_ids:
        await service.hook(identity_id)
    await asyncio.sleep(began + OUTAGE - time.perf_counter())
    await trial.no_faults()
    ended = time.perf_counter()
    await _until(database, "state = 'provisioned'", identity_ids, number=1)
    first = time.perf_counter() - ended
    await _until(database, "state = 'provisioned'", identity_ids)
    return first, time.perf_counter() - ended


async def _measure(trial: Trial) -> dict[str, float]:
    database = await psycopg.AsyncConnection[tuple[int]].connect(
        trial.environment["POSTROOM_DATABASE_URL"], autocommit=True
    )
    async with database:
        async with Service(trial, POSTROOM_CONCURRENCY=str(ATTEMPTS), POSTROOM_PACE="0") as service:
            at_first = await first_attempts(trial, service, database)
            retried = await retries(trial, service, database)
        async with Service(trial) as service:
            first, last = await outage(trial, service, database)
    return {
        f"kill -9 during {ATTEMPTS} first attempts, lease 10 s: until all are provisioned": round(at_first, 1),
        f"kill -9 during {ATTEMPTS} retries, lease 30 s: until all are provisioned": round(retried, 1),
        f"{OUTAGE:.0f} s without a mail server, {PEOPLE} people: from its return to the first mailbox": round(first, 1),
        "the same, to the last mailbox": round(last, 1),
    }


if __name__ == "__main__":
    asyncio.run(
        run(
            "python -m benchmarks.recovery",
            ("what happened", "seconds"),
            _measure,
            POSTROOM_WORKER="false",
        )
    )

"""PostgreSQL (fsync on), Valkey and the stand-ins of a run: the same servers for us and for every peer."""

import asyncio
import fcntl
import json
import os
import platform
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import httpx2
import psutil
import psycopg
from psycopg.sql import SQL, Identifier
from redis.asyncio import Redis

from benchmarks.contenders import BENCH, CONTENDERS, OURS, ROOT, Contender
from postroom_sandbox.data_folder import DataFolder
from postroom_sandbox.embedded_postgres import OWNER_ROLE, EmbeddedPostgres
from postroom_sandbox.embedded_valkey import EmbeddedValkey
from postroom_sandbox.kratos.identity import new_identity
from postroom_sandbox.kratos.store import Store
from postroom_sandbox.loopback import LOOPBACK, free_port
from postroom_sandbox.processes import Process

DOMAIN = "example.org"
WEBHOOK_KEY = "key-of-the-benchmark"
API_KEY = "API_of-the-benchmark"
READY_WITHIN = 60.0


@contextmanager
def exclusive() -> Iterator[None]:
    """Allow one run at a time: a second one would remove the servers of the first, and use half of its cores."""
    BENCH.mkdir(exist_ok=True)
    with (BENCH / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("another benchmark is running in this checkout: wait until it ends, or stop it", file=sys.stderr)
            raise SystemExit(2) from None
        yield


class Servers:
    """Use them by `async with`. Every contender has its own database of Redis and of PostgreSQL.

    `source` is the checkout whose service is measured as ours.
    """

    def __init__(self, folder: Path, *, source: Path = ROOT) -> None:
        self._source = source
        self.data = DataFolder(folder)
        self.postgres = EmbeddedPostgres(self.data)
        # The port stays the same over a restart, because clients would not learn of another one.
        self.valkey = EmbeddedValkey(self.data, port=free_port())
        self._processes: list[Process] = []
        self.http = httpx2.AsyncClient(timeout=30, trust_env=False)

    async def __aenter__(self) -> Self:
        self.data.__enter__()
        await self._remove_all()
        await self.postgres.start()
        await self.valkey.start()
        await self._migrate()
        return self

    async def __aexit__(self, *_: object) -> None:
        for process in reversed(self._processes):
            await end(process, signal.SIGTERM)
        await self.http.aclose()
        await self.valkey.stop()
        await self.postgres.stop()
        await self._remove_all()
        self.data.__exit__()

    async def _migrate(self) -> None:
        """Migrate with the checkout that will serve: it may have an older schema than this one."""
        environment = self.environment(OURS, POSTROOM_MIGRATE_DATABASE_URL=self.postgres.owner_url)
        argv: list[str | Path] = [sys.executable, "-m", "postroom", "migrate"]
        migration = Process("migration", argv, env=environment, log=self.data.log("migration"), cwd=ROOT)
        await migration.spawn()
        await migration.succeed()

    async def _remove_all(self) -> None:
        """Remove what an earlier run left behind. If that was killed, its servers are still running."""
        await self.postgres.remove()
        await self.valkey.remove()
        self.data.clear()

    def redis_url(self, contender: Contender) -> str:
        return f"{self.valkey.url.rpartition('/')[0]}/{CONTENDERS.index(contender)}"

    def database_url(self, contender: Contender) -> str:
        name = "postroom" if contender is OURS else f"peer_{contender.name}"
        return f"{self.postgres.owner_url.rpartition('/')[0]}/{name}"

    async def clean(self, contender: Contender) -> None:
        """Delete all jobs, as if the contender had just been installed."""
        async with Redis.from_url(self.redis_url(contender)) as redis:
            await redis.flushdb()
        async with await psycopg.AsyncConnection.connect(self.postgres.admin_url, autocommit=True) as connection:
            if contender is not OURS:
                name = Identifier(f"peer_{contender.name}")
                await connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
                await connection.execute(SQL("CREATE DATABASE {} OWNER {}").format(name, Identifier(OWNER_ROLE)))
        if contender is OURS:
            async with await psycopg.AsyncConnection.connect(self.postgres.owner_url, autocommit=True) as connection:
                await connection.execute("TRUNCATE email_requests, email_accounts")

    def environment(self, contender: Contender, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("POSTROOM_", "BENCH_"))}
        own = {
            "BENCH_REDIS_URL": self.redis_url(contender),
            "BENCH_DATABASE_URL": self.database_url(contender),
            "PYTHONPATH": f"{ROOT}:{self._source / 'src'}",
        }
        if contender is OURS:
            own |= self.ours()
        return kept | own | more

    def ours(self) -> dict[str, str]:
        return {
            "POSTROOM_DATABASE_URL": self.postgres.service_url,
            "POSTROOM_REDIS_URL": self.redis_url(OURS),
            "POSTROOM_STALWART_URL": "http://127.0.0.1:9",  # nothing listens there; overridden where needed
            "POSTROOM_STALWART_API_KEY": API_KEY,
            "POSTROOM_WEBHOOK_KEY": WEBHOOK_KEY,
            "POSTROOM_DOMAINS": DOMAIN,
            "POSTROOM_LOG_LEVEL": "WARNING",
        }

    async def spawn(self, name: str, argv: list[str | Path], environment: dict[str, str]) -> Process:
        process = Process(name, argv, env=environment, log=self.data.log(name), cwd=ROOT, until_eof=True)
        await process.spawn()
        self._processes.append(process)
        return process

    async def serve(self, *module: str, **settings: str) -> tuple[Process, str]:
        """Start the service; return it and its URL. `module` replaces `postroom serve` on the command line."""
        port = free_port()
        url = f"http://{LOOPBACK}:{port}"
        environment = self.environment(OURS, POSTROOM_HOST=LOOPBACK, POSTROOM_PORT=str(port), **settings)
        command = [*(module or ("-m", "postroom", "serve", "--until-eof"))]
        process = await self.spawn("service", [sys.executable, *command], environment)
        await process.until_ready(lambda: self.responds(f"{url}/health/live"), READY_WITHIN)
        return process, url

    async def serve_peer(self, contender: Contender, **more: str) -> tuple[Process, str]:
        """Start the webhook that is written on a peer; return it and its URL."""
        url = f"http://{LOOPBACK}:{(port := free_port())}"
        environment = self.environment(contender, BENCH_PORT=str(port), BENCH_HOOK_KEY=WEBHOOK_KEY, **more)
        argv: list[str | Path] = [contender.python, "-m", contender.service]
        process = await self.spawn(f"service-{contender.name}", argv, environment)
        await process.until_ready(lambda: self.responds(f"{url}/health/live"), READY_WITHIN)
        return process, url

    async def stub_mail_server(self) -> tuple[Process, str]:
        """Start the stub that responds in 1 ms; return it and its URL."""
        url = f"http://{LOOPBACK}:{(port := free_port())}"
        argv: list[str | Path] = [sys.executable, "-m", "benchmarks.stub_mail_server", str(port)]
        process = await self.spawn("mail-server", argv, self.environment(OURS))
        await process.until_ready(lambda: self.responds(f"{url}/count"), READY_WITHIN)
        return process, url

    async def mail_server_requests(self, url: str) -> int:
        """Return how many requests a stub has received."""
        return (await self.http.get(f"{url}/count")).json()["requests"]

    async def kratos(self, identities: int) -> tuple[Process, str]:
        """Start a stand-in for Kratos with identities that no hook reported; return it and its admin URL."""
        folder = self.data.folder("kratos")
        await asyncio.to_thread(_fill, folder, identities)
        public, admin = free_port(), free_port()
        argv: list[str | Path] = [sys.executable, "-m", "postroom_sandbox.kratos", "--until-eof", "--state", folder]
        argv += ["--public-port", str(public), "--admin-port", str(admin), "--hook-url", "http://127.0.0.1:9"]
        process = await self.spawn("kratos", argv, self.environment(OURS))
        url = f"http://{LOOPBACK}:{admin}"
        await process.until_ready(lambda: self.responds(f"{url}/admin/health/ready"), READY_WITHIN)
        return process, url

    async def hooks(self, url: str, hooks: int, clients: int, prefix: str) -> dict[str, Any]:
        """Send hooks from a process of its own; return `seconds`, `latencies` and `statuses`."""
        output = await self.output(
            [sys.executable, "-m", "benchmarks.http_load", url, str(hooks), str(clients), prefix],
            self.environment(OURS, BENCH_HOOK_KEY=WEBHOOK_KEY),
        )
        return json.loads(output)

    async def output(self, argv: Sequence[str | Path], environment: dict[str, str]) -> bytes:
        """Run clients; return what they print."""
        process = await asyncio.create_subprocess_exec(*argv, env=environment, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
        try:
            output, _ = await process.communicate()
        finally:
            if process.returncode is None:  # cancelled: nobody reads its output any more
                process.kill()
                await process.wait()
        if process.returncode:
            raise RuntimeError("the clients failed; the reason is printed above")
        return output

    async def responds(self, url: str) -> bool:
        try:
            return (await self.http.get(url)).status_code == 200
        except httpx2.HTTPError:
            return False


def _fill(folder: Path, identities: int) -> None:
    state = Store(folder)
    for number in range(identities):
        email = f"import{number}@{DOMAIN}"
        state.add_identity(new_identity({"email": email}, public_url="", now=datetime.now(UTC)), email, None)
    state.close()


async def end(process: Process, number: signal.Signals = signal.SIGKILL) -> None:
    """End the process and all its children, with kill -9; with `number` first if that is another signal."""
    if number is not signal.SIGKILL:
        await process.stop((number, 20.0))
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.ended()
    await process.stop()


def _scheduling() -> str:
    if not hasattr(os, "sched_getscheduler"):  # macOS
        return "normal"
    return "real-time" if os.sched_getscheduler(0) in (os.SCHED_FIFO, os.SCHED_RR) else "normal"


def host() -> dict[str, Any]:
    """Return facts that matter for the figures and identify nobody."""
    return {
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "memory, GiB": round(psutil.virtual_memory().total / 2**30),
        "kernel": f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}",
        # 0 on an idle machine. Otherwise other processes affect the figures, unless this one has real-time scheduling.
        "load average before": round(os.getloadavg()[0], 1),
        "scheduling": _scheduling(),
        "python": platform.python_version(),
    }

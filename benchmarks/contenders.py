"""The queues that are compared, their settings, and the Python environment of each."""

import asyncio
import re
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BENCH = ROOT / ".bench"
"""Environments, results and logs. Git ignores it."""

DEFAULTS, BEST = "defaults", "best"


@dataclass(frozen=True)
class Contender:
    """A queue.

    `best` is its best documented setting, '' if it has only defaults. `would_help` is what its documentation offers
    against the losses measured here. The report shows the versions of `packages`.
    """

    name: str
    module: str
    packages: tuple[str, ...]
    durable: bool
    best: str
    survives: tuple[str, ...]
    """The settings in which, by its documentation, a job survives kill -9 of its worker, however late it runs"""
    would_help: str
    service: str = ""
    """The module of the webhook written on this queue, if there is one"""
    own_environment: bool = True
    needs_acknowledgement: bool = True
    """Whether a new worker runs a job at once, which shows that it is ready"""

    @property
    def settings(self) -> tuple[str, ...]:
        return (DEFAULTS, BEST) if self.best else (DEFAULTS,)

    @property
    def strongest(self) -> str:
        return self.settings[-1]

    @property
    def _lock(self) -> Path:
        return ROOT / "requirements" / "peers" / f"{self.name}.txt"

    @property
    def python(self) -> Path:
        return environment(self.name) if self.own_environment else Path(sys.executable)

    def versions(self) -> dict[str, str]:
        lock = self._lock if self.own_environment else ROOT / "requirements" / "dev.txt"
        found = dict(re.findall(r"^([\w.-]+)==(\S+)", lock.read_text(), re.MULTILINE))
        return {package: found[package] for package in self.packages}


def environment(name: str) -> Path:
    """Return the Python interpreter of the environment `name`."""
    return BENCH / "venvs" / name / "bin" / "python"


async def install(name: str) -> None:
    """Create the environment `name` from its lock file, unless it is up to date."""
    lock = ROOT / "requirements" / "peers" / f"{name}.txt"
    python = environment(name)
    stamp = python.parents[1] / "installed.txt"
    if stamp.exists() and stamp.read_text() == lock.read_text():
        return
    BENCH.mkdir(exist_ok=True)
    await _run(sys.executable, "-m", "venv", "--clear", str(python.parents[1]))
    quietly = ("--quiet", "--disable-pip-version-check", "--require-hashes")
    await _run(str(python), "-m", "pip", "install", *quietly, "--requirement", str(lock))
    stamp.write_text(lock.read_text())


async def _run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(*command)
    if await process.wait():
        raise RuntimeError(f"{' '.join(command[:4])} … failed; the reason is printed above")


NOTHING = "nothing, it keeps jobs in Redis alone"

OURS = Contender(
    "postroom",
    "benchmarks.peers.ours",
    ("psycopg", "redis"),
    durable=True,
    best="POSTROOM_PACE=0, POSTROOM_CONCURRENCY=64, POSTROOM_POOL_SIZE=12, POSTROOM_LEASE_SECONDS=10",
    survives=(DEFAULTS, BEST),
    would_help="",
    own_environment=False,
)

CONTENDERS = (
    Contender(
        "celery",
        "benchmarks.peers.celery_peer",
        ("celery", "kombu", "redis"),
        durable=False,
        best="task_acks_late, task_reject_on_worker_lost, worker_prefetch_multiplier=128, "
        "visibility_timeout 20 s longer than the longest delay",
        survives=(BEST,),
        would_help="kill -9: task_acks_late and a short visibility_timeout; FLUSHALL: a durable broker (RabbitMQ)",
    ),
    Contender(
        "procrastinate",
        "benchmarks.peers.procrastinate_peer",
        ("procrastinate", "psycopg", "fastapi", "uvicorn"),
        durable=True,
        service="benchmarks.peers.procrastinate_service",
        best="concurrency=16, max_size=17 for its pool, fetch_job_polling_interval=0.05, and the documented periodic "
        "task for stalled jobs",
        survives=(BEST,),
        would_help="kill -9: the documented periodic task that retries stalled jobs, run more than once a minute",
    ),
    Contender(
        "docket",
        "benchmarks.peers.docket_peer",
        ("pydocket", "redis"),
        durable=False,
        best="scheduling_resolution and minimum_check_interval 10 ms, redelivery_timeout 10 s, concurrency=50",
        survives=(DEFAULTS, BEST),
        would_help=f"kill -9: a short redelivery_timeout; FLUSHALL: {NOTHING}",
    ),
    OURS,
    Contender(
        "taskiq",
        "benchmarks.peers.taskiq_peer",
        ("taskiq", "taskiq-redis", "redis"),
        durable=False,
        best="scheduler --update-interval 1 --loop-interval 0, idle_timeout 10 s, unacknowledged_lock_timeout 10 s",
        survives=(DEFAULTS, BEST),
        would_help="kill -9: idle_timeout, unacknowledged_lock_timeout, and a further job: an abandoned job runs only "
        f"after a new one; FLUSHALL: {NOTHING}",
    ),
    Contender(
        "arq",
        "benchmarks.peers.arq_peer",
        ("arq", "redis"),
        durable=False,
        best="poll_delay=0.01, job_timeout=10, max_jobs=100",
        survives=(DEFAULTS, BEST),
        would_help=f"kill -9: a short job_timeout; FLUSHALL: {NOTHING}",
    ),
    Contender(
        "original",
        "benchmarks.peers.original",
        ("redis",),
        durable=False,
        best="",
        survives=(),
        would_help="nothing: it removes a job before it runs it",
        own_environment=False,
        needs_acknowledgement=False,
    ),
)
"""They are measured in this order, and in reverse order every second round."""

BY_NAME = {contender.name: contender for contender in CONTENDERS}


def rounds(count: int) -> list[list[Contender]]:
    forth = list(CONTENDERS)
    return [forth if number % 2 == 0 else forth[::-1] for number in range(count)]

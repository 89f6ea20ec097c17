"""Who is measured, with which settings, and the environment of each."""

import asyncio
import re
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BENCH = ROOT / ".bench"
"""Environments, results and logs; nothing in it is for git."""

DEFAULTS, BEST = "defaults", "best"


@dataclass(frozen=True)
class Contender:
    """`best` is its best documented setting, '' if it has none but its defaults; `would_help` is what could still be
    set against the loss that it shows here. `packages` are those whose versions are told."""

    name: str
    module: str
    packages: tuple[str, ...]
    durable: bool
    best: str
    survives: tuple[str, ...]
    """the settings in which a job outlives kill -9 of its worker, however late, by its documentation"""
    would_help: str
    service: str = ""
    """the module of a webhook written on it, if there is one"""
    own_environment: bool = True
    needs_acknowledgement: bool = True
    """whether a worker can be woken at once to see that it is up"""

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
    """The Python of the environment `name`."""
    return BENCH / "venvs" / name / "bin" / "python"


async def install(name: str) -> None:
    """Make the environment `name` out of its lock file, unless it is there."""
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
        raise RuntimeError(f"{' '.join(command[:4])} … failed; its reason stands above")


POSTGRES_OR_NOTHING = "nothing: its truth is in Redis"

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
        best="concurrency=16, max_size=17 (its pool), fetch_job_polling_interval=0.05, and the documented periodic task for stalled jobs",
        survives=(BEST,),
        would_help="kill -9: the documented periodic task that retries stalled jobs, more often than each minute",
    ),
    Contender(
        "docket",
        "benchmarks.peers.docket_peer",
        ("pydocket", "redis"),
        durable=False,
        best="scheduling_resolution and minimum_check_interval 10 ms, redelivery_timeout 10 s, concurrency=50",
        survives=(DEFAULTS, BEST),
        would_help=f"kill -9: a short redelivery_timeout; FLUSHALL: {POSTGRES_OR_NOTHING}",
    ),
    OURS,
    Contender(
        "taskiq",
        "benchmarks.peers.taskiq_peer",
        ("taskiq", "taskiq-redis", "redis"),
        durable=False,
        best="scheduler --update-interval 1 --loop-interval 0, idle_timeout 10 s, unacknowledged_lock_timeout 10 s",
        survives=(DEFAULTS, BEST),
        would_help="kill -9: idle_timeout, unacknowledged_lock_timeout, and another job: an abandoned one is taken up "
        f"only after a new one; FLUSHALL: {POSTGRES_OR_NOTHING}",
    ),
    Contender(
        "arq",
        "benchmarks.peers.arq_peer",
        ("arq", "redis"),
        durable=False,
        best="poll_delay=0.01, job_timeout=10, max_jobs=100",
        survives=(DEFAULTS, BEST),
        would_help=f"kill -9: a short job_timeout; FLUSHALL: {POSTGRES_OR_NOTHING}",
    ),
    Contender(
        "original",
        "benchmarks.peers.original",
        ("redis",),
        durable=False,
        best="",
        survives=(),
        would_help="kill -9: none, a job is removed before it runs; FLUSHALL: none",
        own_environment=False,
        needs_acknowledgement=False,
    ),
)
"""In this order, and in the opposite one each second time: peers are first and last in every round."""

BY_NAME = {contender.name: contender for contender in CONTENDERS}


def rounds(count: int) -> list[list[Contender]]:
    forth = list(CONTENDERS)
    return [forth if number % 2 == 0 else forth[::-1] for number in range(count)]

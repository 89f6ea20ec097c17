"""Time from the webhook call to the mailbox, compared with one bare create on the same mail server in the same run.

Starts a trial in a temporary folder: PostgreSQL with fsync, Valkey, and the service with its worker. The mail server is
the one at POSTROOM_STALWART_URL if that is set, otherwise the stand-in.
"""

import argparse
import asyncio
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Awaitable
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import uuid4

import httpx2
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.trial import Trial
from postroom.composition.parts import authorization
from postroom.domain.mailbox import Mailbox
from postroom.stalwart.registry import StalwartRegistry
from postroom.stalwart.registry_client import StalwartClient


@dataclass(frozen=True)
class Figure:
    """Times in milliseconds."""

    what: str
    n: int
    p50: float
    p99: float

    @classmethod
    def of(cls, what: str, seconds: list[float]) -> "Figure":
        cuts = statistics.quantiles(seconds, n=100)
        return cls(what, len(seconds), round(1000 * cuts[49], 2), round(1000 * cuts[98], 2))


async def measure(trial: Trial, n: int) -> tuple[list[Figure], dict[str, float]]:
    """Send `n` hooks and `n` bare creates alternately, from one client, on persistent connections."""
    environment = trial.environment
    client = StalwartClient(
        environment["POSTROOM_STALWART_URL"], authorization(environment["POSTROOM_STALWART_API_KEY"])
    )
    domain = environment["POSTROOM_DOMAINS"].partition(",")[0]
    mail_server = StalwartRegistry(client, mark_domain=domain)
    hooks: list[float] = []
    creates: list[float] = []
    requests: list[int] = []
    headers = {"X-Postroom-Key": environment["POSTROOM_WEBHOOK_KEY"]}
    async with httpx2.AsyncClient(base_url=environment["POSTROOM_URL"], headers=headers, trust_env=False) as http:
        for turn in track(range(-20, n), "hooks and creates", transient=True):
            seconds = await _timed(mail_server.create(Mailbox(uuid4(), f"c{uuid4().hex}@{domain}"), deadline=10))
            before = await trial.mail_server_requests()
            hook = http.post(
                "/internal/mail/provision",
                json={"identity": {"id": str(uuid4()), "traits": {"email": f"h{uuid4().hex}@{domain}"}}},
            )
            started = time.perf_counter()
            response = await hook
            elapsed = time.perf_counter() - started
            response.raise_for_status()
            if turn >= 0:  # the ones before are the warm-up
                creates.append(seconds)
                hooks.append(elapsed)
                after = await trial.mail_server_requests()
                requests += [] if before is None or after is None else [after - before]
    await client.aclose()
    figures = [Figure.of("webhook to 200", hooks), Figure.of("one bare create", creates)]
    ratios = {"webhook / bare create, p50": round(figures[0].p50 / figures[1].p50, 2)}
    if requests:  # a real server does not count them for us
        ratios["requests to the mail server per mailbox"] = round(statistics.mean(requests), 2)
    return figures, ratios


async def _timed(awaitable: Awaitable[object]) -> float:
    started = time.perf_counter()
    await awaitable
    return time.perf_counter() - started


async def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--n", type=int, default=1000, help="number of hooks to send (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="postroom-bench-") as folder:
        trial = Trial(Path(folder))
        try:
            await trial.up()
            figures, ratios = await measure(trial, arguments.n)
        finally:
            await trial.down()
    if arguments.json:
        host = {"machine": platform.machine(), "python": platform.python_version()}
        print(json.dumps({"host": host, "figures": [asdict(figure) for figure in figures], "ratios": ratios}, indent=2))
        return
    table = Table("", "n", "p50", "p99")
    for figure in figures:
        table.add_row(figure.what, str(figure.n), f"{figure.p50} ms", f"{figure.p99} ms")
    for what, ratio in ratios.items():
        table.add_row(what, "", str(ratio), "")
    Console().print(table)


if __name__ == "__main__":
    asyncio.run(main())

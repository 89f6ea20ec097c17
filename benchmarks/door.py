"""What 20 honest clients feel of 2,000 silent sockets, 200 heads that drip and 50 bodies without an end.

    python -m benchmarks.door [--json] [--files N] [--turns N] [--source FOLDER]

Each honest client sends five hooks a second, each on a new connection, and gets a mailbox for it. In each turn they are
alone at first, then beside the others: a socket on which nothing comes, a head of which a byte comes every half second,
and a hook without the key, whose body goes on with 16 KiB every tenth of a second. Whoever of these is hung up on comes
again a second later. `--files` is how many files the service may open (RLIMIT_NOFILE); it keeps half as many
connections. `--source` is the folder of another checkout (`git worktree add FOLDER COMMIT`), whose service is measured.
"""

import argparse
import asyncio
import resource
import statistics
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from itertools import repeat
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import uvloop

from benchmarks.command import Figures, tell
from benchmarks.contenders import BENCH, OURS, ROOT
from benchmarks.figures import percentile
from benchmarks.http_load import Connection, hook_body
from benchmarks.servers import WEBHOOK_KEY, Servers, alone
from postroom_sandbox.processes import Process

SILENT, DRIPPING, ENDLESS = 2_000, 200, 50
CLIENTS, EVERY, SECONDS = 20, 0.2, 10.0
PATIENCE = 5.0
"""Seconds that an honest client waits for its answer, as Kratos does."""
SETTLE = 12.0
"""Seconds in which the first of the others are hung up on."""
AGAIN_AFTER = 1.0

SERVE = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, ({files}, {files}))
from postroom.cli import main
sys.argv = ["postroom", "serve", "--until-eof"]
main()
"""

Lived = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def dripping(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _send_for_ever(writer, b"GET /health/live HTTP/1.1\r\nX: ", b"a", 0.5)


async def endless(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = b"POST /internal/mail/provision HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000000\r\n\r\n"
    await _send_for_ever(writer, head, bytes(16 * 1024), 0.1)


async def _send_for_ever(writer: asyncio.StreamWriter, begin: bytes, more: bytes, pause: float) -> None:
    writer.write(begin)
    while True:
        writer.write(more)
        await writer.drain()
        await asyncio.sleep(pause)


async def attack(url: str) -> None:
    parts = urlsplit(url)

    async def again_and_again(live: Lived) -> None:
        while True:
            with suppress(OSError):
                reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
                with suppress(OSError, RuntimeError):  # uvloop's word for a transport that is closed
                    await live(reader, writer)
                writer.transport.abort()
            await asyncio.sleep(AGAIN_AFTER)

    kinds: list[Lived] = [*repeat(silent, SILENT), *repeat(dripping, DRIPPING), *repeat(endless, ENDLESS)]
    await asyncio.gather(*map(again_and_again, kinds))


@asynccontextmanager
async def under_attack(servers: Servers, url: str) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.door", "--attack", url), env=servers.environment(OURS), cwd=ROOT
    )
    try:
        await asyncio.sleep(SETTLE)
        yield
        if process.returncode is not None:
            raise SystemExit("the others ended by themselves; the reason stands above")
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def honest(url: str, prefix: str) -> tuple[list[float], Counter[str]]:
    """Latencies in ms, in all as many as hooks, and what came of them."""
    latencies, found = list[float](), Counter[str]()

    async def hook(name: str) -> str:
        try:
            async with asyncio.timeout(PATIENCE):
                connection = await Connection.open(url)
                try:
                    return str(await connection.post(hook_body(name), WEBHOOK_KEY))
                finally:
                    connection.close()
        except TimeoutError:
            return "late"
        except (OSError, EOFError):
            return "broken"

    async def client(number: int) -> None:
        begin = time.perf_counter() + EVERY * number / CLIENTS
        for count in range(int(SECONDS / EVERY)):
            await asyncio.sleep(begin + EVERY * count - time.perf_counter())
            begun = time.perf_counter()
            found[await hook(f"{prefix}x{number}x{count}")] += 1
            latencies.append(1000 * (time.perf_counter() - begun))

    await asyncio.gather(*map(client, range(CLIENTS)))
    return latencies, found


async def measure(servers: Servers, files: int, turns: int) -> Figures:
    service, url = await serve(servers, files)
    await honest(url, "warm")
    rows: dict[str, list[float]] = {}
    missed = Counter[str]()
    for turn in range(turns):
        note(rows, "alone", *await honest(url, f"alone{turn}"), missed)
        async with under_attack(servers, url):
            note(rows, "beside them", *await honest(url, f"beside{turn}"), missed)
            rows.setdefault("open files of the service, beside them", []).append(psutil.Process(service.pid).num_fds())
    figures = {what: round(statistics.median(values), 2) for what, values in rows.items()}
    figures["p99, beside them / alone"] = round(figures["beside them, p99, ms"] / figures["alone, p99, ms"], 2)
    return figures | missed


def note(
    rows: dict[str, list[float]], when: str, taken: list[float], found: Counter[str], missed: Counter[str]
) -> None:
    for percent in (50, 99):
        rows.setdefault(f"{when}, p{percent}, ms", []).append(percentile(taken, percent))
    missed.update({f"{when}: hooks {how}": count for how, count in found.items() if how != "200"})
    missed[f"{when}: hooks in all"] += found.total()


async def serve(servers: Servers, files: int) -> tuple[Process, str]:
    _, mail_server = await servers.quick_mail_server()
    return await servers.serve("-c", SERVE.format(files=files), POSTROOM_STALWART_URL=mail_server)


async def run(files: int, turns: int, source: Path) -> Figures:
    async with Servers(BENCH / "servers", source=source) as servers:
        return await measure(servers, files, turns)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.door")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--files", type=int, default=1024, help="that the service may open")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--source", type=Path, default=ROOT, help="the checkout whose service is measured")
    parser.add_argument("--attack", metavar="URL", help="only be the others, until killed")
    asked = parser.parse_args()
    if asked.attack:
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        uvloop.run(attack(asked.attack))
        return
    with alone():
        figures = asyncio.run(run(asked.files, asked.turns, asked.source.resolve()))
    tell(("20 honest clients", f"{asked.files:,} files"), figures, as_json=asked.json)


if __name__ == "__main__":
    main()

"""Latency of 20 ordinary clients next to 2,250 slow ones that hold connections.

    python -m benchmarks.slow_clients [--json] [--files N] [--runs N] [--source FOLDER]

Each ordinary client sends five hooks a second, each on a new connection, and each hook gets its mailbox. Each run
measures them without the slow clients first, and then with them: 2,000 connections that send nothing, 200 that send a
byte of a request head every half second, and 50 that send a hook without the key, whose body goes on forever with
16 KiB every tenth of a second. A slow client whose connection is closed connects again after a second. `--files` is how
many files the service may open (RLIMIT_NOFILE); it keeps half as many connections. `--source` is the folder of another
checkout (`git worktree add FOLDER COMMIT`), whose service is measured.
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

from benchmarks.command import Figures, print_figures
from benchmarks.contenders import BENCH, OURS, ROOT
from benchmarks.figures import percentile
from benchmarks.http_load import Connection, hook_body
from benchmarks.servers import WEBHOOK_KEY, Servers, exclusive
from postroom_sandbox.processes import Process

SILENT, SLOW_HEAD, ENDLESS_BODY = 2_000, 200, 50
CLIENTS, EVERY, SECONDS = 20, 0.2, 10.0
RESPONSE_WITHIN = 5.0
"""Seconds for which an ordinary client waits for a response, as Kratos does."""
SETTLE = 12.0
"""Seconds after which the service has closed the first slow connections."""
RECONNECT_AFTER = 1.0

SERVE = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, ({files}, {files}))
from postroom.cli import main
sys.argv = ["postroom", "serve", "--until-eof"]
main()
"""

Client = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def slow_head(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _send_forever(writer, b"GET /health/live HTTP/1.1\r\nX: ", b"a", 0.5)


async def endless_body(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = b"POST /internal/mail/provision HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000000\r\n\r\n"
    await _send_forever(writer, head, bytes(16 * 1024), 0.1)


async def _send_forever(writer: asyncio.StreamWriter, begin: bytes, more: bytes, pause: float) -> None:
    writer.write(begin)
    while True:
        writer.write(more)
        await writer.drain()
        await asyncio.sleep(pause)


async def run_slow_clients(url: str) -> None:
    parts = urlsplit(url)

    async def reconnect_forever(client: Client) -> None:
        while True:
            with suppress(OSError):
                reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
                with suppress(OSError, RuntimeError):  # raised by uvloop when the transport is closed
                    await client(reader, writer)
                writer.transport.abort()
            await asyncio.sleep(RECONNECT_AFTER)

    clients: list[Client] = [
        *repeat(silent, SILENT),
        *repeat(slow_head, SLOW_HEAD),
        *repeat(endless_body, ENDLESS_BODY),
    ]
    await asyncio.gather(*map(reconnect_forever, clients))


@asynccontextmanager
async def slow_clients(servers: Servers, url: str) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.slow_clients", "--slow-clients", url),
        env=servers.environment(OURS),
        cwd=ROOT,
    )
    try:
        await asyncio.sleep(SETTLE)
        yield
        if process.returncode is not None:
            raise SystemExit("the slow clients ended early; the reason is printed above")
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def ordinary_clients(url: str, prefix: str) -> tuple[list[float], Counter[str]]:
    """Send the hooks; return their latencies in ms, and how many ended with which status."""
    latencies, outcomes = list[float](), Counter[str]()

    async def hook(name: str) -> str:
        try:
            async with asyncio.timeout(RESPONSE_WITHIN):
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
            outcomes[await hook(f"{prefix}x{number}x{count}")] += 1
            latencies.append(1000 * (time.perf_counter() - begun))

    await asyncio.gather(*map(client, range(CLIENTS)))
    return latencies, outcomes


async def measure(servers: Servers, files: int, runs: int) -> Figures:
    service, url = await serve(servers, files)
    await ordinary_clients(url, "warm")
    rows: dict[str, list[float]] = {}
    failed = Counter[str]()
    for run in range(runs):
        record(rows, "without", *await ordinary_clients(url, f"alone{run}"), failed)
        async with slow_clients(servers, url):
            record(rows, "with", *await ordinary_clients(url, f"beside{run}"), failed)
            rows.setdefault("with: open files of the service", []).append(psutil.Process(service.pid).num_fds())
    figures = {what: round(statistics.median(values), 2) for what, values in rows.items()}
    figures["p99, with / without"] = round(figures["with: p99, ms"] / figures["without: p99, ms"], 2)
    return figures | failed


def record(
    rows: dict[str, list[float]], when: str, latencies: list[float], outcomes: Counter[str], failed: Counter[str]
) -> None:
    for percent in (50, 99):
        rows.setdefault(f"{when}: p{percent}, ms", []).append(percentile(latencies, percent))
    failed.update({f"{when}: hooks {how}": count for how, count in outcomes.items() if how != "200"})
    failed[f"{when}: hooks in total"] += outcomes.total()


async def serve(servers: Servers, files: int) -> tuple[Process, str]:
    _, mail_server = await servers.stub_mail_server()
    return await servers.serve("-c", SERVE.format(files=files), POSTROOM_STALWART_URL=mail_server)


async def run(files: int, runs: int, source: Path) -> Figures:
    async with Servers(BENCH / "servers", source=source) as servers:
        return await measure(servers, files, runs)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.slow_clients")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--files", type=int, default=1024, help="open files that the service is allowed (default: %(default)s)"
    )
    parser.add_argument("--runs", type=int, default=3, help="default: %(default)s")
    parser.add_argument(
        "--source", type=Path, default=ROOT, help="the checkout whose service is measured (default: this one)"
    )
    parser.add_argument("--slow-clients", metavar="URL", help="run only the slow clients, until killed")
    arguments = parser.parse_args()
    if arguments.slow_clients:
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        uvloop.run(run_slow_clients(arguments.slow_clients))
        return
    with exclusive():
        figures = asyncio.run(run(arguments.files, arguments.runs, arguments.source.resolve()))
    print_figures(
        ("20 ordinary clients, without and with slow ones", f"{arguments.files:,} files"),
        figures,
        as_json=arguments.json,
    )


if __name__ == "__main__":
    main()

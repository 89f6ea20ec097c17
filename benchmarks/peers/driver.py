"""The command line of every peer, and the clients of the measures, which are the same for all peers."""

import argparse
import asyncio
import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

PADDING = "x" * 120
HOUR = 3600.0
ACCEPTED_WITHIN = 10.0
"""Seconds. A client that waits longer counts the job as refused."""

BEST = "best"


class Peer(Protocol):
    async def open(self) -> None:
        """Connect as a client, and create what the peer needs in its database."""
        ...

    async def close(self) -> None: ...

    async def enqueue(self, key: str, due: float | None, seconds: float, padding: str) -> None:
        """Enqueue a job that takes `seconds`, to start at the Unix time `due`, or at once if that is None."""
        ...

    async def accept(self, key: str) -> None:
        """Enqueue a job for an hour from now. The accept rate counts these."""
        ...

    def work(self, best: bool) -> None:
        """Run one worker, with defaults or with the best documented setting. Does not return."""
        ...


class Client:
    """A peer that accepts jobs by its `enqueue`."""

    async def enqueue(self, key: str, due: float | None, seconds: float, padding: str) -> None:
        raise NotImplementedError

    async def accept(self, key: str) -> None:
        await self.enqueue(key, time.time() + HOUR, 0, PADDING)


def main(make: Callable[[], Peer]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    work = actions.add_parser("work", help="run a worker until it is killed, or until standard input is closed")
    work.add_argument("--setting", choices=("defaults", BEST), default="defaults")
    enqueue = actions.add_parser("enqueue", help="enqueue N jobs, and print when each is due")
    enqueue.add_argument("--n", type=int, required=True)
    enqueue.add_argument("--prefix", default="j")
    enqueue.add_argument("--first", type=float, default=None, help="seconds until the first is due (default: at once)")
    enqueue.add_argument(
        "--spread", type=float, default=0.0, help="seconds over which they come due, at random moments"
    )
    enqueue.add_argument("--seconds", type=float, default=0.0, help="seconds that each job takes")
    enqueue.add_argument("--together", type=int, default=1, help="number of clients")
    accept = actions.add_parser("accept", help="enqueue as many jobs as possible for some seconds")
    accept.add_argument("--clients", type=int, required=True)
    accept.add_argument("--seconds", type=float, required=True)
    load = actions.add_parser("load", help="enqueue jobs at a steady rate, whatever fails meanwhile")
    load.add_argument("--rate", type=float, required=True)
    load.add_argument("--seconds", type=float, required=True)
    load.add_argument("--takes", type=float, required=True, help="seconds that each job takes")
    load.add_argument(
        "--delay", type=float, required=True, help="jobs are due within this many seconds, at random moments"
    )
    arguments = parser.parse_args()
    if arguments.action == "work":
        end_with_parent()
        make().work(arguments.setting == BEST)
        return
    print(json.dumps(asyncio.run(_as_client(make(), arguments))))


async def _as_client(peer: Peer, arguments: argparse.Namespace) -> dict[str, Any]:
    await peer.open()
    try:
        return await {"enqueue": _enqueue, "accept": _accept, "load": _load}[arguments.action](peer, arguments)
    finally:
        await peer.close()


async def _enqueue(peer: Peer, arguments: argparse.Namespace) -> dict[str, Any]:
    chance = random.Random(arguments.n)
    begun = time.time()
    due: dict[str, float | None] = {}
    for number in range(arguments.n):
        at = None if arguments.first is None else begun + arguments.first + chance.random() * arguments.spread
        due[f"{arguments.prefix}{number}"] = at
    waiting = iter(due.items())

    async def client() -> None:
        for key, at in waiting:
            await peer.enqueue(key, at, arguments.seconds, "" if arguments.first is None else PADDING)

    await asyncio.gather(*(client() for _ in range(arguments.together)))
    return {"due": due, "took": time.time() - begun}


async def _accept(peer: Peer, arguments: argparse.Namespace) -> dict[str, Any]:
    latencies: list[float] = []

    async def client(index: int, until: float) -> int:
        number = 0
        while (begun := time.perf_counter()) < until:
            await peer.accept(f"a{os.getpid()}-{index}-{number}")
            latencies.append(time.perf_counter() - begun)
            number += 1
        return number

    await asyncio.gather(*(client(-1 - index, time.perf_counter() + 0.5) for index in range(arguments.clients)))
    latencies.clear()  # those calls opened the connections
    begun = time.perf_counter()
    counts = await asyncio.gather(*(client(index, begun + arguments.seconds) for index in range(arguments.clients)))
    return {"accepted": sum(counts), "seconds": time.perf_counter() - begun, "latencies": latencies}


async def _load(peer: Peer, arguments: argparse.Namespace) -> dict[str, Any]:
    accepted: list[str] = []
    refused = 0
    chance = random.Random(arguments.rate)

    async def enqueue(key: str, due: float) -> None:
        nonlocal refused
        try:
            async with asyncio.timeout(ACCEPTED_WITHIN):
                await peer.enqueue(key, due, arguments.takes, PADDING)
        except Exception:  # noqa: BLE001 — each peer raises its own errors; the job was refused
            refused += 1
        else:
            accepted.append(key)

    begun = time.time()
    tasks: list[asyncio.Task[None]] = []
    for number in range(int(arguments.rate * arguments.seconds)):
        await asyncio.sleep(max(0.0, begun + number / arguments.rate - time.time()))
        due = time.time() + chance.random() * arguments.delay
        tasks.append(asyncio.create_task(enqueue(f"s{number}", due)))
    await asyncio.gather(*tasks)
    return {"accepted": accepted, "refused": refused}


def end_with_parent() -> None:
    """Kill this process and its children when the process that started it has ended."""

    def watch() -> None:
        while os.read(0, 1024):
            pass
        os.killpg(os.getpgid(0), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()

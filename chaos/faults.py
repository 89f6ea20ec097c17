"""Injects the faults of a plan into a cluster at their times."""

import asyncio
import signal
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from chaos.cluster import Cluster
from chaos.history import History
from chaos.plan import LINKS, STALWART_FAULTS, Fault

Step = Callable[[], Awaitable[None]]


class Faults:
    def __init__(self, cluster: Cluster, history: History) -> None:
        self._cluster = cluster
        self._history = history

    async def run(self, faults: Sequence[Fault]) -> None:
        """Inject each fault at its time, or when the previous one of its lane is over; return when all are over."""
        started = asyncio.get_running_loop().time()
        lanes: dict[str, list[Fault]] = defaultdict(list)
        for fault in faults:
            lanes[fault.target].append(fault)
        tasks = [asyncio.create_task(self._run_lane(lane, started)) for lane in lanes.values()]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    async def _run_lane(self, lane: Sequence[Fault], started: float) -> None:
        for fault in lane:
            await asyncio.sleep(started + fault.at - asyncio.get_running_loop().time())
            self._history.record("fault", target=fault.target, kind=fault.kind, amount=fault.amount)
            begin, end = self._of(fault)
            await begin()
            await asyncio.sleep(fault.seconds)
            if end:
                await end()
            self._history.record("fault over", target=fault.target, kind=fault.kind)

    def _of(self, fault: Fault) -> tuple[Step, Step | None]:
        """The step that begins the fault, and the one that ends it."""
        cluster, name = self._cluster, fault.target
        match name, fault.kind:
            case "postgres", "restart" | "kill" | "fail-over" | "migrate" | "few-connections" | "restore-accounts":
                return self._of_postgres(fault)
            case "redis", "restart":
                return cluster.valkey.stop, cluster.start_valkey
            case "redis", "flushall":
                return cluster.flushall, None
            case _, "kill":
                return lambda: cluster.kill(name), lambda: cluster.spawn(name)
            case _, "stop":
                return self._signal(name, signal.SIGSTOP), self._signal(name, signal.SIGCONT)
            case _, "block-log":
                return lambda: cluster.block_log(name), lambda: cluster.unblock_log(name)
            case "stalwart", kind if kind in STALWART_FAULTS:
                probability = fault.amount or 1.0
                return (
                    lambda: cluster.stalwart.set_fault(kind=kind, probability=probability),
                    lambda: cluster.stalwart.set_fault(kind=kind, count=0),
                )
            case link, _ if link in LINKS:
                return self._of_a_link(fault)
            case _:
                raise ValueError(f"no such fault: {fault}")

    def _of_postgres(self, fault: Fault) -> tuple[Step, Step | None]:
        database = self._cluster.database
        steps: dict[str, tuple[Step, Step | None]] = {
            "restart": (database.shut_down, database.start_again),
            "kill": (database.kill, database.start_again),
            "fail-over": (database.cut_off_replica, database.fail_over_to_replica),
            "migrate": (database.migrate, None),
            "few-connections": (database.allow_few_connections, database.allow_all_connections),
            "restore-accounts": (lambda: database.restore_accounts(fault.amount), self._cluster.rebuild),
        }
        return steps[fault.kind]

    def _of_a_link(self, fault: Fault) -> tuple[Step, Step | None]:
        pass_on = self._on(fault, "pass_on")
        match fault.kind:
            case "latency":
                return self._on(fault, "delay", fault.amount), pass_on
            case "drip":
                return self._on(fault, "drip", fault.amount), pass_on
            case "black-hole":
                return self._on(fault, "black_hole"), pass_on
            case "cut-after":
                return self._on(fault, "cut_after", int(fault.amount)), pass_on
            case "respond":
                return self._on(fault, "respond", int(fault.amount)), pass_on
            case "drop":
                return self._on(fault, "drop"), None
            case "half-close":
                return self._on(fault, "half_close"), None
            case _:
                raise ValueError(f"no such fault: {fault}")

    def _on(self, fault: Fault, method: str, *arguments: Any) -> Step:
        return lambda: self._cluster.links[fault.target].do(method, *arguments)

    def _signal(self, name: str, number: signal.Signals) -> Step:
        async def send() -> None:
            self._cluster.signal(name, number)

        return send

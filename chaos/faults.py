"""The faults of a plan, done to a cluster at their times."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence

from chaos.cluster import Cluster
from chaos.load import History
from chaos.plan import LINKS, Fault


class Faults:
    def __init__(self, cluster: Cluster, history: History) -> None:
        self._cluster = cluster
        self._history = history

    async def run(self, faults: Sequence[Fault]) -> None:
        """Do each at its time; return when the last one is over."""
        started = asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as group:
            for fault in faults:
                await asyncio.sleep(started + fault.at - asyncio.get_running_loop().time())
                group.create_task(self._do(fault))

    async def _do(self, fault: Fault) -> None:
        self._history.record("fault", target=fault.target, kind=fault.kind, amount=fault.amount)
        begin, end = self._of(fault)
        await begin()
        await asyncio.sleep(fault.seconds)
        if end:
            await end()
        self._history.record("fault over", target=fault.target, kind=fault.kind)

    def _of(self, fault: Fault) -> tuple[Callable[[], Awaitable[None]], Callable[[], Awaitable[None]] | None]:
        """How it begins, and how it ends."""
        cluster, name = self._cluster, fault.target
        match name, fault.kind:
            case "postgres", "restart":
                return cluster.postgres.stop, cluster.start_postgres
            case "postgres", "kill":
                return cluster.kill_postgres, cluster.start_postgres
            case "redis", "restart":
                return cluster.valkey.stop, cluster.start_valkey
            case "redis", "flushall":
                return cluster.flushall, None
            case _, "kill":
                return lambda: cluster.kill(name), lambda: cluster.spawn(name)
            case _, "stop":
                return self._signal(name, signal.SIGSTOP), self._signal(name, signal.SIGCONT)
            case "stalwart", "refuse" | "hang" | "unavailable" | "reset-after":
                probability = fault.amount or 1.0
                return (
                    lambda: cluster.set_fault(kind=fault.kind, probability=probability),
                    lambda: cluster.set_fault(kind=fault.kind, count=0),
                )
            case link, _ if link in LINKS:
                return self._of_a_link(fault)
            case _:
                raise ValueError(f"no such fault: {fault}")

    def _of_a_link(self, fault: Fault) -> tuple[Callable[[], Awaitable[None]], Callable[[], Awaitable[None]] | None]:
        proxy = self._cluster.proxies[fault.target]
        match fault.kind:
            case "latency":
                return _soon(lambda: proxy.delay(fault.amount)), _soon(proxy.pass_on)
            case "black-hole":
                return _soon(proxy.black_hole), _soon(proxy.pass_on)
            case "cut-after":
                return _soon(lambda: proxy.cut_after(int(fault.amount))), _soon(proxy.pass_on)
            case "drop":
                return _soon(proxy.drop), None
            case "half-close":
                return _soon(proxy.half_close), None
            case _:
                raise ValueError(f"no such fault: {fault}")

    def _signal(self, name: str, number: signal.Signals) -> Callable[[], Awaitable[None]]:
        return _soon(lambda: self._cluster.signal(name, number))


def _soon(call: Callable[[], None]) -> Callable[[], Awaitable[None]]:
    async def awaited() -> None:
        call()

    return awaited

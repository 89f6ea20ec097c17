"""Subscriptions to changed states (RFC 8620 §7.1), within this process."""

import asyncio
from collections import defaultdict
from collections.abc import Generator, Mapping
from contextlib import contextmanager


class StateChanges:
    """Passes the states that a commit changed to all subscribers of the account."""

    def __init__(self) -> None:
        self._queues: defaultdict[int, set[asyncio.Queue[Mapping[str, str]]]] = defaultdict(set)

    @contextmanager
    def subscribe(self, account: int) -> Generator[asyncio.Queue[Mapping[str, str]]]:
        """A queue with `{type: state}` for each commit from now on. It is unbounded: the reader merges the entries, and
        a later state of a type replaces an earlier one."""
        queue: asyncio.Queue[Mapping[str, str]] = asyncio.Queue()
        self._queues[account].add(queue)
        try:
            yield queue
        finally:
            self._queues[account].discard(queue)
            if not self._queues[account]:
                del self._queues[account]

    def publish(self, account: int, states: Mapping[str, str]) -> None:
        for queue in self._queues.get(account, ()):
            queue.put_nowait(states)

"""Who is to hear of changed states (RFC 8620 §7.1), within this process."""

import asyncio
from collections import defaultdict
from collections.abc import Generator, Mapping
from contextlib import contextmanager


class StateChanges:
    """Hands the states that a commit changed to everyone who listens to the account."""

    def __init__(self) -> None:
        self._queues: defaultdict[int, set[asyncio.Queue[Mapping[str, str]]]] = defaultdict(set)

    @contextmanager
    def subscribe(self, account: int) -> Generator[asyncio.Queue[Mapping[str, str]]]:
        """A queue of `{type: state}`, one for each commit from now on. It has no bound: the reader joins what
        waits, a later state of a type in place of the former."""
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

"""The hooks of a plan, sent at their times to services in turn, and the history of what was asked and answered."""

import asyncio
import itertools
import json
import time
from collections.abc import Callable, Sequence
from typing import Any, TextIO

import httpx2

from chaos.plan import Hook

PATIENCE = 8.0
"""Seconds after which an answer is not waited for any more."""
PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Seconds before a hook without an answer, or told 503, is sent again; the last one is repeated."""

Event = dict[str, Any]


class History:
    """Events in the order in which they happened, each with the wall clock's `t`; written as JSON lines."""

    def __init__(self, file: TextIO, now: Callable[[], float] = time.time) -> None:
        self.events: list[Event] = []
        self._file = file
        self._now = now

    def record(self, event: str, **more: Any) -> None:
        each = {"t": round(self._now(), 4), "event": event} | more
        self.events.append(each)
        self._file.write(json.dumps(each) + "\n")


class Load:
    """`urls` are the services'; whoever gets no answer asks the next one, as behind a load balancer."""

    def __init__(self, urls: Sequence[str], key: str, history: History) -> None:
        self._urls = itertools.cycle(urls)
        self._history = history
        self._numbers = itertools.count(1)
        # A service that is killed leaves many connections behind; none is used for a second hook.
        limits = httpx2.Limits(max_connections=2000, max_keepalive_connections=0)
        headers = {"X-Postroom-Key": key}
        self._http = httpx2.AsyncClient(headers=headers, timeout=PATIENCE, limits=limits, trust_env=False)

    async def run(self, hooks: Sequence[Hook]) -> None:
        """Send all of them; return when each has an answer that stands."""
        started = asyncio.get_running_loop().time()
        try:
            async with asyncio.TaskGroup() as group:
                for hook in hooks:
                    await asyncio.sleep(started + hook.at - asyncio.get_running_loop().time())
                    group.create_task(self._until_answered(hook))
        finally:
            await self._http.aclose()

    async def _until_answered(self, hook: Hook) -> None:
        for pause in itertools.chain(PAUSES, itertools.repeat(PAUSES[-1])):
            if await self._send(hook) not in (None, 503):
                return
            await asyncio.sleep(pause)

    async def _send(self, hook: Hook) -> int | None:
        number, identity_id = next(self._numbers), str(hook.identity_id)
        url = next(self._urls)
        self._history.record("asked", number=number, identity_id=identity_id, email=hook.email, url=url)
        body = {"identity": {"id": identity_id, "traits": {"email": hook.email}}}
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await self._http.post(f"{url}/internal/mail/provision", json=body)
        except (httpx2.HTTPError, TimeoutError) as error:
            self._history.record("unanswered", number=number, error=type(error).__name__)
            return None
        self._history.record("answered", number=number, status=answer.status_code, body=_read(answer))
        return answer.status_code


def _read(answer: httpx2.Response) -> Any:
    """The body, or as text what is no JSON: that of a service that broke."""
    try:
        return answer.json()
    except ValueError:
        return answer.text

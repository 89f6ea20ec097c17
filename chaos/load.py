"""Sends the hooks of a plan at their times to the services in turn, as Kratos would, and records the responses.

`python -m chaos.load` does so in its own process: thousands of concurrent hooks must not slow the run down.
"""

import asyncio
import itertools
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2

from chaos.control import Child, obey
from chaos.history import History
from chaos.plan import Hook
from chaos.registrations import Registrations
from postroom_sandbox.kratos.webhook import KEY_HEADER, TRIES, seconds_until_retry

PATIENCE = 8.0
"""Seconds to wait for a response. Kratos waits 30 s, which is half of the short plan."""


class Load:
    """`urls` are those of the services; a hook without a response goes to the next one, as behind a load balancer."""

    def __init__(self, urls: Sequence[str], key: str, history: History, kratos: Registrations) -> None:
        self._urls = itertools.cycle(urls)
        self._history = history
        self._kratos = kratos
        self._numbers = itertools.count(1)
        # A killed service leaves broken connections behind, so none is used for a second hook.
        limits = httpx2.Limits(max_connections=2000, max_keepalive_connections=0)
        self._http = httpx2.AsyncClient(headers={KEY_HEADER: key}, timeout=PATIENCE, limits=limits, trust_env=False)

    async def run(self, hooks: Sequence[Hook]) -> None:
        """Send all hooks; return when each has its response or was dropped after three tries, as by Kratos."""
        started = asyncio.get_running_loop().time()
        try:
            async with asyncio.TaskGroup() as group:
                for hook in hooks:
                    await asyncio.sleep(started + hook.at - asyncio.get_running_loop().time())
                    identity_id = str(hook.identity_id)
                    # Before the hook, as Kratos does: the sweep finds the identity even if the hook is lost.
                    self._kratos.register(identity_id, hook.email)
                    self._history.record("registered", identity_id=identity_id, email=hook.email)
                    if not hook.lost:
                        group.create_task(self._until_answered(hook))
        finally:
            await self._http.aclose()

    async def _until_answered(self, hook: Hook) -> None:
        for attempt in range(1, TRIES + 1):
            status, retry_after = await self._send(hook)
            pause = seconds_until_retry(attempt, status, retry_after, datetime.now(UTC))
            if pause is None:
                return
            await asyncio.sleep(pause)

    async def _send(self, hook: Hook) -> tuple[int | None, str | None]:
        """The status and Retry-After; None without a response."""
        number, identity_id = next(self._numbers), str(hook.identity_id)
        url = next(self._urls)
        self._history.record("asked", number=number, identity_id=identity_id, email=hook.email, url=url)
        body = {"identity": {"id": identity_id, "traits": {"email": hook.email}}}
        try:
            async with asyncio.timeout(PATIENCE):
                response = await self._http.post(f"{url}/internal/mail/provision", json=body)
        except (httpx2.HTTPError, TimeoutError) as error:
            self._history.record("unanswered", number=number, error=type(error).__name__)
            return None, None
        self._history.record("answered", number=number, status=response.status_code, body=_read(response))
        return response.status_code, response.headers.get("retry-after")


def _read(response: httpx2.Response) -> Any:
    """The JSON body, or its text when a broken service sent no JSON."""
    try:
        return response.json()
    except ValueError:
        return response.text


class LoadProcess:
    """The process of the load; its history goes to `file`, and `kratos` is the folder of the stand-in's state."""

    def __init__(self, file: Path, kratos: Path, log: Path) -> None:
        self._child = Child("chaos.load", log)
        self._file = file
        self._kratos = kratos

    @property
    def pid(self) -> int:
        return self._child.pid

    async def start(self) -> None:
        """Return when it is ready to send: the times of faults and hooks start together."""
        await self._child.start()
        await self._child.ask("ready")

    async def run(self, urls: Sequence[str], key: str, hooks: Sequence[Hook]) -> None:
        """Call Load.run in the process. Raises ConfigurationError when the process ends before it returns."""
        sent = [[hook.at, str(hook.identity_id), hook.email, hook.lost] for hook in hooks]
        await self._child.ask("run", str(self._file), str(self._kratos), urls, key, sent)

    async def stop(self) -> None:
        await self._child.stop()


async def _run(file: str, folder: str, urls: list[str], key: str, sent: list[tuple[float, str, str, bool]]) -> None:
    hooks = [Hook(at, UUID(identity_id), email, lost) for at, identity_id, email, lost in sent]
    with closing(Registrations(Path(folder))) as kratos, closing(History(Path(file))) as history:
        await Load(urls, key, history, kratos).run(hooks)


if __name__ == "__main__":
    asyncio.run(obey({"ready": lambda: None, "run": _run}))

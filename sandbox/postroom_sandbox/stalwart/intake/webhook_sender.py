"""Sends the events of one webhook: the first at once, then at most one request in each `throttle` interval."""

import asyncio
import base64
import hmac
import json
import time
from collections.abc import Callable, Sequence

import httpx2

from postroom_sandbox.stalwart.intake.ingest_event import IngestEvent
from postroom_sandbox.stalwart.json_value import JSON


class WebhookSender:
    """Waiting events are in memory only and are lost with the process, as in Stalwart.

    `is_lost` decides about each request: True if a fault drops it.
    """

    def __init__(self, document: JSON, is_lost: Callable[[], bool]) -> None:
        self._document = document
        self._is_lost = is_lost
        self._queue = asyncio.Queue[Sequence[IngestEvent]]()

    def enqueue(self, event: IngestEvent) -> None:
        named = event.kind in self._document["events"]
        if named == (self._document["eventsPolicy"] == "include"):
            self._queue.put_nowait([event])

    async def run(self) -> None:
        seconds, throttle = self._document["timeout"] / 1000, self._document["throttle"] / 1000
        waiting: list[IngestEvent] = []
        next_at, timeout, request = 0.0, None, None
        async with (
            httpx2.AsyncClient(timeout=seconds, trust_env=False, follow_redirects=False) as client,
            asyncio.TaskGroup() as group,
        ):
            while True:
                waiting += self._not_expired(await self._receive(timeout))
                now, timeout = time.monotonic(), None
                if not waiting:
                    continue
                if now < next_at:
                    timeout = next_at - now
                    continue
                next_at = now + throttle
                # As in Stalwart, events during a request that takes longer than the throttle wait for the next event.
                if request is None or request.done():
                    request = group.create_task(self._send(client, waiting))
                    waiting = []

    async def _receive(self, within: float | None) -> Sequence[IngestEvent]:
        try:
            async with asyncio.timeout(within):
                return await self._queue.get()
        except TimeoutError:
            return ()

    def _not_expired(self, events: Sequence[IngestEvent]) -> list[IngestEvent]:
        oldest = time.monotonic() - self._document["discardAfter"] / 1000
        return [event for event in events if event.at >= oldest]

    async def _send(self, client: httpx2.AsyncClient, batch: Sequence[IngestEvent]) -> None:
        if not self._is_lost() and not await self._post(client, batch):
            self._queue.put_nowait(batch)

    async def _post(self, client: httpx2.AsyncClient, batch: Sequence[IngestEvent]) -> bool:
        body = json.dumps({"events": [event.as_json() for event in batch]}, separators=(",", ":")).encode()
        headers = dict(self._document["httpHeaders"]) | {"Content-Type": "application/json"}
        if key := self._document["signatureKey"].get("secret"):
            headers["X-Signature"] = base64.b64encode(hmac.digest(key.encode(), body, "sha256")).decode()
        try:
            response = await client.post(self._document["url"], content=body, headers=headers)
        except httpx2.HTTPError:
            return False
        return response.is_success

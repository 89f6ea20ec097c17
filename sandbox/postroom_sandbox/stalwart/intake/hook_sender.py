"""Sends the events of one web hook: the first at once, then at most one request in each `throttle`."""

import asyncio
import base64
import hmac
import json
import time
from collections.abc import Callable

import httpx2

from postroom_sandbox.stalwart.intake.ingestion import Ingestion
from postroom_sandbox.stalwart.json_value import JSON


class HookSender:
    """What waits is in memory only and lost with the process, as with the server.

    `is_lost` is asked about each request: True for one that a fault is to swallow. Not here is the server's
    habit of letting events that come during a request wait until the next one comes.
    """

    def __init__(self, document: JSON, is_lost: Callable[[], bool]) -> None:
        self._document = document
        self._is_lost = is_lost
        self._waiting: list[Ingestion] = []
        self._filled = asyncio.Event()

    def tell(self, event: Ingestion) -> None:
        named = event.kind in self._document["events"]
        if named == (self._document["eventsPolicy"] == "include"):
            self._waiting.append(event)
            self._filled.set()

    async def run(self) -> None:
        timeout = self._document["timeout"] / 1000
        async with httpx2.AsyncClient(timeout=timeout, trust_env=False, follow_redirects=False) as client:
            while True:
                await self._filled.wait()
                self._filled.clear()
                batch, self._waiting = self._fresh(), []
                if batch and not self._is_lost() and not await self._posted(client, batch):
                    self._waiting = batch + self._waiting
                    self._filled.set()
                await asyncio.sleep(self._document["throttle"] / 1000)

    def _fresh(self) -> list[Ingestion]:
        oldest = time.monotonic() - self._document["discardAfter"] / 1000
        return [event for event in self._waiting if event.at >= oldest]

    async def _posted(self, client: httpx2.AsyncClient, batch: list[Ingestion]) -> bool:
        body = json.dumps({"events": [event.told() for event in batch]}, separators=(",", ":")).encode()
        headers = dict(self._document["httpHeaders"]) | {"Content-Type": "application/json"}
        if key := self._document["signatureKey"].get("secret"):
            headers["X-Signature"] = base64.b64encode(hmac.digest(key.encode(), body, "sha256")).decode()
        try:
            answer = await client.post(self._document["url"], content=body, headers=headers)
        except httpx2.HTTPError:
            return False
        return answer.is_success

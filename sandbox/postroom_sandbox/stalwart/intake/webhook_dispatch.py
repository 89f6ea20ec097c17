"""Passes events to the webhooks that are active."""

import asyncio

from postroom_sandbox.stalwart.faults import Faults
from postroom_sandbox.stalwart.intake.ingest_event import IngestEvent, ingest_event
from postroom_sandbox.stalwart.intake.webhook_sender import WebhookSender
from postroom_sandbox.stalwart.intake.webhooks import Webhooks
from postroom_sandbox.stalwart.mail.email_store import Delivered


class WebhookDispatch:
    def __init__(self, webhooks: Webhooks, faults: Faults) -> None:
        self._webhooks = webhooks
        self._faults = faults
        self._running: dict[int, tuple[WebhookSender, asyncio.Task[None]]] = {}

    def reload(self) -> None:
        """Start new webhooks and stop removed ones. A running webhook keeps its address, key and throttle until a
        restart, even if they were changed, as in Stalwart."""
        enabled = self._webhooks.enabled()
        for number in self._running.keys() - enabled.keys():
            _, task = self._running.pop(number)
            task.cancel()
        for number in enabled.keys() - self._running.keys():
            sender = WebhookSender(enabled[number], lambda: self._faults.strikes("lose-hooks"))
            self._running[number] = sender, asyncio.create_task(sender.run())

    async def close(self) -> None:
        tasks = [task for _, task in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def delivered(self, message: Delivered) -> None:
        """Send the event, except after LMTP: the LMTP server sends it itself, because it knows the envelope. Nobody
        waits for mail that came in bulk."""
        if message.via not in ("lmtp", "bulk"):
            self.send(ingest_event(message))

    def send(self, event: IngestEvent) -> None:
        for sender, _ in self._running.values():
            sender.enqueue(event)

"""Which web hooks are in force, and the way of an event to each."""

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
        """Starts hooks that are new and ends those that are gone. One that runs keeps its address, key and
        throttle until the restart, as with the server, whatever was changed."""
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

    def delivered(self, came: Delivered) -> None:
        """Of what came by LMTP the one who took it in tells, for he knows the envelope."""
        if came.via != "lmtp":
            self.tell(ingest_event(came))

    def tell(self, event: IngestEvent) -> None:
        for sender, _ in self._running.values():
            sender.tell(event)

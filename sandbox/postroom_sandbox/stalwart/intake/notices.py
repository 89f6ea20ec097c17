"""Which web hooks are in force, and the way of an event to each."""

import asyncio

from postroom_sandbox.stalwart.faults import Faults
from postroom_sandbox.stalwart.intake.hook_sender import HookSender
from postroom_sandbox.stalwart.intake.ingestion import Ingestion, ingestion
from postroom_sandbox.stalwart.intake.web_hooks import WebHooks
from postroom_sandbox.stalwart.mail.mail_store import Delivered


class Notices:
    def __init__(self, web_hooks: WebHooks, faults: Faults) -> None:
        self._web_hooks = web_hooks
        self._faults = faults
        self._running: dict[int, tuple[HookSender, asyncio.Task[None]]] = {}

    def reload(self) -> None:
        """Starts hooks that are new and ends those that are gone. One that runs keeps its address, key and
        throttle until the restart, as with the server, whatever was changed."""
        enabled = self._web_hooks.enabled()
        for number in self._running.keys() - enabled.keys():
            _, task = self._running.pop(number)
            task.cancel()
        for number in enabled.keys() - self._running.keys():
            sender = HookSender(enabled[number], lambda: self._faults.strikes("lose-hooks"))
            self._running[number] = sender, asyncio.create_task(sender.run())

    async def close(self) -> None:
        tasks = [task for _, task in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def delivered(self, came: Delivered) -> None:
        """Of what came by LMTP the one who took it in tells, for he knows the envelope."""
        if came.via != "lmtp":
            self.tell(ingestion(came))

    def tell(self, event: Ingestion) -> None:
        for sender, _ in self._running.values():
            sender.tell(event)

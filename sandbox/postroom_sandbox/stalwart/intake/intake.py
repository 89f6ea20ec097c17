"""Constructs and runs the parts that accept mail and send notifications."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

from postroom_sandbox.stalwart.accounts import Accounts
from postroom_sandbox.stalwart.authentication import Authentication
from postroom_sandbox.stalwart.domains import Domains
from postroom_sandbox.stalwart.faults import Faults
from postroom_sandbox.stalwart.intake.actions import Actions
from postroom_sandbox.stalwart.intake.event_source import EventSource
from postroom_sandbox.stalwart.intake.ingest_event import ingest_event
from postroom_sandbox.stalwart.intake.lmtp import LmtpServer, Recipients
from postroom_sandbox.stalwart.intake.webhook_dispatch import WebhookDispatch
from postroom_sandbox.stalwart.intake.webhooks import Webhooks
from postroom_sandbox.stalwart.intake.welcome import welcome
from postroom_sandbox.stalwart.json_value import JSON
from postroom_sandbox.stalwart.mail import Mail
from postroom_sandbox.stalwart.mail.email_store import OverQuota
from postroom_sandbox.stalwart.object_type import ObjectType
from postroom_sandbox.stalwart.store import Store


class Intake:
    """`object_types` and `event_source` are its part of the HTTP API. The rest works while it is `running`.

    With `send_welcome`, each new mailbox of a person gets a welcome message.
    """

    def __init__(
        self,
        store: Store,
        mail: Mail,
        accounts: Accounts,
        domains: Domains,
        authentication: Authentication,
        faults: Faults,
        counts: Counter[str],
        hostname: str,
        lmtp_listener: socket.socket,
        *,
        send_welcome: bool,
    ) -> None:
        self._mail = mail
        self._accounts = accounts
        webhooks = Webhooks(store)
        self._webhook_dispatch = WebhookDispatch(webhooks, faults)
        actions = Actions(
            store, ReloadSettings=self._webhook_dispatch.reload, InvalidateCaches=authentication.forget_logins
        )
        self.object_types: list[ObjectType] = [webhooks, actions]
        self.event_source = EventSource(authentication, mail.state_changes, faults, counts)
        recipients = Recipients(domains, mail.store, faults, self._webhook_dispatch.send)
        self.lmtp = LmtpServer(lmtp_listener, recipients, hostname)
        mail.store.delivered.append(self._webhook_dispatch.delivered)
        if send_welcome:
            accounts.created.append(self._send_welcome)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        self._webhook_dispatch.reload()
        queue = asyncio.create_task(self._send_submissions())
        try:
            async with self.lmtp.serving():
                yield
        finally:
            queue.cancel()
            await asyncio.gather(queue, return_exceptions=True)
            await self._webhook_dispatch.close()

    async def _send_submissions(self) -> None:
        submissions = self._mail.submissions
        while True:
            submissions.queued.clear()
            now = datetime.now(UTC)
            due = submissions.send_due(now)
            with suppress(TimeoutError):
                async with asyncio.timeout(None if due is None else (due - now).total_seconds()):
                    await submissions.queued.wait()

    def _send_welcome(self, account: int, document: JSON) -> None:
        """Deliver it to accounts that Postroom created for people: they have its mark, a disabled alias."""
        if all(alias["enabled"] for alias in document["aliases"].values()):
            return
        address = self._accounts.addresses(account)[0]
        message = welcome(address, document["description"] or "")
        with suppress(OverQuota):
            delivered = self._mail.store.deliver(account, message, via="lmtp", recipient=address)
            sender = f"postmaster@{address.rpartition('@')[2]}"
            self._webhook_dispatch.send(ingest_event(delivered, sender=sender, recipient=address))

"""LMTP (RFC 2033) on loopback, as at Stalwart's own LMTP port: without a login, ten messages a session."""

import asyncio
import re
import secrets
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from postroom_sandbox.stalwart.domains import Domains
from postroom_sandbox.stalwart.faults import Faults
from postroom_sandbox.stalwart.intake.ingest_event import IngestEvent, ingest_event
from postroom_sandbox.stalwart.mail.email_store import Discarded, EmailStore, OverQuota

_MAX_MESSAGES = 10
_MAX_SIZE = 104_857_600  # bytes
_TOO_MANY = "452 4.4.5 Maximum number of messages per session exceeded."
_UNKNOWN = "550 5.1.2 Mailbox does not exist."
_NOT_LOCAL = "550 5.1.2 Relay not allowed."
_FAULT = "451 4.3.0 A fault that was switched on at the stand-in."
_FULL = "451 4.3.5 Unable to accept message at this time."
_SPAM = re.compile(rb"^x-spam-status:[ \t]*yes", re.IGNORECASE | re.MULTILINE)


class _Connection(LMTP):
    """One session. `sessions` holds all of them, so that they can be aborted at the end of the process."""

    def __init__(self, recipients: "Recipients", hostname: str, sessions: "set[_Connection]") -> None:
        super().__init__(
            recipients,
            data_size_limit=_MAX_SIZE,
            enable_SMTPUTF8=True,
            hostname=hostname,
            ident="Postroom's stand-in for Stalwart",
            loop=asyncio.get_running_loop(),
        )
        self.messages = 0
        self._sessions = sessions

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._sessions.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._sessions.discard(self)
        super().connection_lost(error)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd finds the commands by these names
        if self.messages >= _MAX_MESSAGES:
            await self.push(_TOO_MANY)
        else:
            await super().smtp_DATA(arg)

    def cut(self) -> None:
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()


class Recipients:
    """Accepts recipients and delivers messages. aiosmtpd calls the methods `handle_…` for the commands of a session."""

    def __init__(
        self, domains: Domains, mail: EmailStore, faults: Faults, notify: Callable[[IngestEvent], None]
    ) -> None:
        self._domains = domains
        self._mail = mail
        self._faults = faults
        self._notify = notify

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self._domains.number(address.rpartition("@")[2].lower()) is None:
            return _NOT_LOCAL
        if self._mail.account_of(address) is None:
            return _UNKNOWN
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: _Connection, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """One reply for each recipient (RFC 2033 §4.2)."""
        server.messages += 1
        content = envelope.content
        if not isinstance(content, bytes):
            raise TypeError("aiosmtpd must not decode messages")
        replies = [
            await self._delivered(server, envelope.mail_from or "", address, content) for address in envelope.rcpt_tos
        ]
        return "\r\n".join(replies)

    async def _delivered(self, server: _Connection, sender: str, address: str, content: bytes) -> str:
        unanswered = False
        for fault in self._faults.for_mail_to(address.lower()):
            match fault.kind:
                case "slow":
                    await asyncio.sleep(fault.delay_ms / 1000)
                case "hang":
                    await self._faults.lifted(fault)
                case "reset-after":
                    unanswered = True
                case "full":
                    return _FULL
                case _:
                    return _FAULT
        reply = self._deliver(sender, address, content)
        if unanswered:
            server.cut()
        return reply

    def _deliver(self, sender: str, address: str, content: bytes) -> str:
        account = self._mail.account_of(address)
        spam = _SPAM.search(content.partition(b"\r\n\r\n")[0]) is not None
        try:
            if account is None:
                return _UNKNOWN  # it was destroyed between RCPT and DATA
            role = "junk" if spam else "inbox"
            delivered = self._mail.deliver(account, content, mailbox_role=role, via="lmtp", recipient=address)
        except (Discarded, OverQuota):  # what is over quota stays in Stalwart's queue, which the stand-in has not
            return _queued()
        except LookupError:
            return _UNKNOWN
        self._notify(ingest_event(delivered, spam=spam, sender=sender, recipient=address))
        return _queued()


def _queued() -> str:
    return f"250 2.0.0 Message queued with id {secrets.token_hex(8)}."


class LmtpServer:
    """Accepts mail at `listener`, which listens on loopback."""

    def __init__(self, listener: socket.socket, recipients: Recipients, hostname: str) -> None:
        self._listener = listener
        self._recipients = recipients
        self._hostname = hostname
        self._open: set[_Connection] = set()

    @property
    def address(self) -> str:
        host, port = self._listener.getsockname()
        return f"{host}:{port}"

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[None]:
        connection = partial(_Connection, self._recipients, self._hostname, self._open)
        server = await asyncio.get_running_loop().create_server(connection, sock=self._listener)
        try:
            yield
        finally:
            server.close()
            for session in list(self._open):
                session.cut()  # a fault may keep it open

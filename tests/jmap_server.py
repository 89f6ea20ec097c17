"""Any mail server with JMAP and some people, as its tests need it."""

import asyncio
import smtplib
from collections.abc import Sequence
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class MailPerson:
    email: str
    account_id: str
    authorization: str


@dataclass(frozen=True)
class JmapServer:
    """`people`: two whose mail tests may change, and one to send to. `session_path` is the path of its session, without
    a redirect; `lmtp` is host and port. `lost_state` is a state from which it cannot calculate changes."""

    name: str
    url: str
    session_path: str
    people: Sequence[MailPerson]
    lmtp: tuple[str, int] | None
    lost_state: str

    async def deliver(self, message: bytes, *recipients: str, sender: str = "stranger@example.net") -> None:
        """Deliver by LMTP: the message is in the mailboxes when this returns."""
        if self.lmtp is None:
            pytest.skip(f"NOT TESTED: it is not said where this {self.name} takes mail (STALWART_LMTP=host:port)")
        await asyncio.to_thread(_hand_over, self.lmtp, sender, recipients, message)


def _hand_over(lmtp: tuple[str, int], sender: str, recipients: Sequence[str], message: bytes) -> None:
    with smtplib.LMTP(*lmtp) as connection:
        refused = connection.sendmail(sender, recipients, message)
    assert not refused, refused


def letter(subject: str, text: str = "Hello.", *, sender: str = "stranger@example.net", more: str = "") -> bytes:
    """A message with CRLF, as Cyrus wants it. `more` are header lines, each with its CRLF."""
    lines = [
        f"From: Someone <{sender}>",
        "To: somebody@example.org",
        f"Subject: {subject}",
        "Date: Sun, 1 Mar 2026 12:00:00 +0000",
        f"Message-ID: <{subject.encode().hex()[:60]}@example.net>",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
    ]
    return ("\r\n".join(lines) + f"\r\n{more}\r\n{text}\r\n").encode()

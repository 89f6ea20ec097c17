"""The set of compose.yaml, started natively from the same files: a person registers in Chromium, through the proxy, and
reads a mail that arrives. Kratos, Centrifugo, Caddy, PostgreSQL and Valkey are real."""

import asyncio
import smtplib
from collections.abc import AsyncIterator
from email.message import EmailMessage
from uuid import uuid4

import pytest
from playwright.async_api import Browser, expect

from built_web import require_interface
from chromium import chromium
from mail_page import mail_page
from native_set import WEB_HOST, NativeSet, running_set


@pytest.fixture(scope="module")
async def up(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[NativeSet]:
    require_interface()
    async with running_set(tmp_path_factory.mktemp("compose")) as up:
        yield up


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium(f"--host-resolver-rules=MAP {WEB_HOST} 127.0.0.1") as browser:
        yield browser


def deliver(up: NativeSet, to: str, subject: str, text: str) -> None:
    """As another mail server does."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Bob <bob@example.net>", to, subject
    mail["Message-ID"] = f"<{uuid4()}@example.net>"
    mail.set_content(text)
    with smtplib.LMTP(*up.lmtp, local_hostname="tests", timeout=30) as session:
        session.send_message(mail)


async def test_a_person_registers_through_the_proxy_and_reads_a_mail_that_arrives(
    up: NativeSet, browser: Browser
) -> None:
    async with mail_page(up, browser, f"alice.{uuid4().hex[:12]}", ignore_https_errors=True) as alice:
        sockets: list[str] = []
        alice.page.on("websocket", lambda socket: sockets.append(socket.url))
        await alice.sign_up("Alice Brandt")
        await alice.is_at("/mail")
        await expect(alice.button("Live")).to_be_visible()
        await asyncio.to_thread(deliver, up, alice.email, "Pallet 3", "It stands in bay 7.")
        await alice.row("Pallet 3").click()
        await expect(alice.message("It stands in bay 7.")).to_be_visible()
        assert len(alice.documents) == 1, "nothing was reloaded"
        assert sockets == [f"{up.url.replace('https', 'wss')}/connection/websocket"], "the event came by Centrifugo"

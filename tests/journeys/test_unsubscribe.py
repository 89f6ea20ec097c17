"""A mailing list is left by one press, or by a page or a mail that is shown first; and senders who look like others."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from playwright.async_api import Browser, expect

from certificate import certificate
from mail_page import MailPage, mail_page
from newcomer import newcomer
from trial import Trial, running_trial

OURS = "mail.example.org"
SIGNATURE = "v=1; a=rsa-sha256; d={d}; s=mail; h={h}; bh=eA==; b=YWJjZGVmZ2hpamts"
BOTH = "From:Subject:List-Unsubscribe:List-Unsubscribe-Post"


@dataclass(frozen=True)
class Listed:
    """A trial, and the server of a list with what it was asked."""

    up: Trial
    port: int
    requests: list[str]


@pytest.fixture(scope="module")
async def listed(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Listed]:
    pem = certificate(tmp_path_factory.mktemp("list"), "list.localhost")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)
    requests: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        requests.append(head + (await reader.readexactly(26)).decode())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    settings = {
        "POSTROOM_PACE": "0",
        # A list's host has a dot: "localhost" with one names the same.
        "POSTROOM_TRIAL_LIST_SERVER": f"list.localhost:{port}={pem}",
        # Without a URL on loopback that is refused; the trial knows its own later.
        "POSTROOM_PUBLIC_URL": "http://localhost",
    }
    async with running_trial(tmp_path_factory.mktemp("trial"), **settings) as up:
        yield Listed(up, port, requests)
    server.close()


def letter(to: str, subject: str, sender: str, *fields: str, html: str = "Hello") -> bytes:
    """As the mail server stores it: with its own results on top."""
    domain = sender.rstrip(">").rpartition("@")[2]
    results = f"Authentication-Results: {OURS}; dkim=pass header.d={domain} header.s=mail; dmarc=pass"
    usual = [f"From: {sender}", f"To: {to}", f"Subject: {subject}", "Date: Thu, 26 Nov 2026 09:00:00 +0000"]
    more = [f"Message-ID: <{subject.replace(' ', '-')}@{domain}>", "Content-Type: text/html; charset=utf-8"]
    return "\r\n".join([results, *fields, *usual, *more, "", html, ""]).encode()


def newsletter(to: str, subject: str, port: int, signed: str = BOTH) -> bytes:
    return letter(
        to,
        subject,
        "Harbour Ledger <weekly@ledger.example.net>",
        f"DKIM-Signature: {SIGNATURE.format(d='ledger.example.net', h=signed)}",
        f"List-Unsubscribe: <https://list.localhost:{port}/leave?t=secret>, <mailto:leave@example.net?subject=leave>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
    )


async def open_message(alice: MailPage, subject: str) -> None:
    await alice.row(subject).click()
    await expect(alice.page.get_by_role("heading", name=subject)).to_be_visible()


async def test_a_list_is_left_by_one_press_and_else_by_a_mail_that_is_shown_first(
    listed: Listed, browser: Browser
) -> None:
    up, port = listed.up, listed.port
    async with newcomer(up.environment, "alice") as owner, mail_page(up, browser, "alice") as page:
        person = await owner.mail()
        (junk,) = await person.query("Mailbox", filter={"role": "junk"})
        await person.add(newsletter(page.email, "Week one", port))
        await person.add(newsletter(page.email, "Week two", port, signed="From"))
        await person.add(newsletter(page.email, "Spam offer", port), junk)
        await page.sign_in()
        leave = page.button("Unsubscribe from Harbour Ledger")
        await open_message(page, "Week one")
        await leave.click()
        await expect(page.text("Harbour Ledger was asked to take you off the list.")).to_be_visible()
        [request] = listed.requests
        assert request.startswith("POST /leave?t=secret HTTP/1.1\r\n")
        assert request.endswith("\r\n\r\nList-Unsubscribe=One-Click")
        assert "cookie" not in request.lower()
        # Nobody confirmed the headers: a mail does it, which one sees before.
        await open_message(page, "Week two")
        await leave.click()
        dialog = page.page.get_by_role("dialog", name="Unsubscribe from Harbour Ledger?")
        await expect(dialog.get_by_text("no confirmed signature covers")).to_be_visible()
        await expect(dialog.get_by_text(f"https://list.localhost:{port}/leave?t=secret")).to_be_visible()
        await page.expect_no_violations()
        await dialog.get_by_role("button", name="Write a message").click()
        await expect(page.page.get_by_role("textbox", name="Subject")).to_have_value("leave")
        assert len(listed.requests) == 1
        await page.open("/mail/junk")
        await open_message(page, "Spam offer")
        await expect(page.button("Reply").first).to_be_visible()
        await expect(leave).to_be_hidden()


async def test_a_sender_who_looks_like_a_known_one_is_shown_with_a_warning(up: Trial, browser: Browser) -> None:
    async with newcomer(up.environment, "bert.warned") as owner, mail_page(up, browser, "bert.warned") as page:
        person = await owner.mail()
        html = '<p>Pay at <a href="https://evil.example/pay">https://www.papierwerk.de/pay</a></p>'
        for subject, sender, more in (
            ("New bank account", "Mara Lindqvist <mara@papierwerck.de>", "Hello"),
            ("Your password", "PayPal <service@xn--l-7sba6dbr.com>", "Hello"),
            ("Please pay", "Tom Fox <tom@fox.example>", html),
            ("Harmless", "Mara Lindqvist <mara@papierwerk.de>", "Hello"),
        ):
            await person.add(letter(page.email, subject, sender, html=more))
        known = {"senders": {"day": 1, "known": [["mara@papierwerk.de", "Mara Lindqvist", 1, 20783]]}}
        stored = await owner.http.put("/api/settings", json=known, headers={"If-None-Match": "*"})
        assert stored.status_code == 204, stored.text
        await page.sign_in()
        for subject, title in (
            ("New bank account", "This address is almost one that you know"),
            ("Your password", "This address imitates another one"),
            ("Please pay", "A link leads elsewhere than it says"),
        ):
            await open_message(page, subject)
            await expect(page.text(title)).to_be_visible()
            await page.expect_no_violations()
        await open_message(page, "Harmless")
        await expect(page.button("Reply").first).to_be_visible()
        await expect(page.button("I know this sender")).to_be_hidden()
        # What the person knows is not told again.
        await open_message(page, "New bank account")
        await page.button("I know this sender").click()
        await expect(page.text("This address is almost one that you know")).to_be_hidden()

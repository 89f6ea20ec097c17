"""The set of compose.yaml, started natively from the same files: a person registers in Chromium, through the proxy, and
reads a mail that arrives. Kratos, Centrifugo, Caddy, PostgreSQL and Valkey are real."""

import asyncio
import smtplib
import ssl
from collections.abc import AsyncIterator
from email.message import EmailMessage
from uuid import uuid4

import httpx2
import pytest
from playwright.async_api import Browser, expect

from built_web import require_interface
from chromium import chromium
from go_program import may_build
from mail_page import mail_page
from native_set import WEB_HOST, NativeSet, native_set

pytestmark = may_build


@pytest.fixture(scope="module")
async def up(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[NativeSet]:
    """In the order of docs/how-to/install.md: Stalwart with its domain, what Postroom needs of it, and the rest."""
    require_interface()
    async with native_set(tmp_path_factory.mktemp("compose")) as found:
        await found.run("setup", stdin=found.admin[1])
        await found.up()
        yield found


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium(f"--host-resolver-rules=MAP {WEB_HOST} 127.0.0.1") as browser:
        yield browser


async def answer_to(up: NativeSet, path: str) -> tuple[int, str]:
    """The status and the head of the proxy's answer. It proves to be of its own authority, and gets the path letter by
    letter."""
    trusted = ssl.create_default_context(cafile=up.authority)
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", up.port("proxy", 443), ssl=trusted, server_hostname=WEB_HOST
    )
    host = up.url.removeprefix("https://")
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    writer.close()
    return int(head.split()[1]), head.lower()


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
        await expect(alice.text("Live")).to_be_visible()
        await asyncio.to_thread(deliver, up, alice.email, "Pallet 3", "It stands in bay 7.")
        await alice.row("Pallet 3").click()
        await expect(alice.message("It stands in bay 7.")).to_be_visible()
        assert len(alice.documents) == 1, "nothing was reloaded"
        assert sockets == [f"{up.url.replace('https', 'wss')}/connection/websocket"], "the event came by Centrifugo"


@pytest.mark.parametrize(
    "path",
    [
        "/metrics",
        "/internal/mail/provision",
        "/internal/mail/stalwart",
        "/%69nternal/mail/provision",
        "//internal/mail/provision",
        "/mail/../internal/mail/provision",
        "/INTERNAL/mail/provision",
        "/.ory/kratos/public/admin/identities",
        "/admin/identities",
        "/connection/../internal/mail/provision",
        "/api/publish",
    ],
)
async def test_what_is_not_for_browsers_is_not_reachable_through_the_proxy(up: NativeSet, path: str) -> None:
    assert (await answer_to(up, path))[0] == 404


async def test_what_postroom_answers_gets_through_the_proxy_which_asks_for_https_from_now_on(up: NativeSet) -> None:
    status, head = await answer_to(up, "/health/ready")
    assert status == 200
    assert "strict-transport-security: max-age=31536000" in head


async def test_plain_http_leads_to_https(up: NativeSet) -> None:
    async with httpx2.AsyncClient(trust_env=False, timeout=10) as http:
        answer = await http.get(f"http://127.0.0.1:{up.port('proxy', 80)}/sign-in", headers={"Host": WEB_HOST})
    assert (answer.status_code, answer.headers["location"]) == (308, f"https://{WEB_HOST}/sign-in")


async def test_no_service_logs_an_error(up: NativeSet) -> None:
    for name in ("postroom", "work"):
        log = up.log(name).read_text()
        assert "Traceback" not in log
        assert [line for line in log.splitlines() if '"level":"error"' in line.replace(" ", "")] == []


async def test_check_of_postroom_finds_nothing_wrong(up: NativeSet) -> None:
    """As `docker compose exec postroom postroom check`."""
    output = await up.execute("postroom", "postroom", "check", "--json")
    assert '"state": "error"' not in output, output

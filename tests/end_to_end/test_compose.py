"""The set of compose.yaml, started natively from the same files, as programs meet it at its proxy."""

import asyncio
import ssl
from collections.abc import AsyncIterator

import httpx2
import pytest

from native_set import WEB_HOST, NativeSet, running_set


@pytest.fixture(scope="module")
async def up(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[NativeSet]:
    async with running_set(tmp_path_factory.mktemp("compose")) as up:
        yield up


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


async def test_check_of_postroom_finds_nothing_wrong(up: NativeSet) -> None:
    """As `docker compose exec postroom postroom check`."""
    output = await up.execute("postroom", "postroom", "check", "--json")
    assert '"state": "error"' not in output, output

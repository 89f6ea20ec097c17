"""The set of compose.yaml, started natively from the same files, as programs meet it at its proxy."""

import asyncio
import ssl
from collections.abc import AsyncIterator

import httpx2
import pytest
from redis.asyncio import Redis

from kratos_browser import value_of
from native_set import WEB_HOST, NativeSet, running_set
from postroom.kratos.public_api import PATH
from postroom.queue.guesses import PREFIX


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


async def test_metrics_are_read_by_the_names_of_the_services_and_by_no_other(up: NativeSet) -> None:
    token = (up.folder / ".compose/secrets/postroom/metrics-token").read_text()
    async with httpx2.AsyncClient(trust_env=False, timeout=10) as http:
        for name, port in (("postroom", 3001), ("work", 3002)):
            for host, status in ((f"{name}:{port}", 200), ("127.0.0.1", 200), ("evil.example", 421)):
                headers = {"Host": host, "Authorization": f"Bearer {token}"}
                answer = await http.get(f"http://127.0.0.1:{up.port(name, port)}/metrics", headers=headers)
                assert answer.status_code == status, host


async def test_wrong_passwords_through_the_proxy_are_counted_for_whom_it_serves(up: NativeSet) -> None:
    trusted = ssl.create_default_context(cafile=up.authority)
    headers = {"Host": up.url.removeprefix("https://"), "Origin": up.url, "Accept": "application/json"}
    here = f"https://127.0.0.1:{up.port('proxy', 443)}{PATH}/self-service/login"
    async with httpx2.AsyncClient(trust_env=False, timeout=10, verify=trusted, headers=headers) as http:
        sni = {"sni_hostname": WEB_HOST}
        flow = (await http.get(f"{here}/browser", extensions=sni)).raise_for_status().json()
        form = {"method": "password", "identifier": "ada@example.org", "csrf_token": value_of(flow, "csrf_token")}
        statuses = [
            (
                await http.post(f"{here}?flow={flow['id']}", data=form | {"password": "wrong"}, extensions=sni)
            ).status_code
            for _ in range(11)
        ]
    assert statuses == [400] * 10 + [429]
    url = (up.folder / ".compose/secrets/postroom/redis-url").read_text().strip()
    async with Redis.from_url(url) as redis:
        assert await redis.zcard(f"{PREFIX}:client:127.0.0.1") == 10


async def test_check_of_postroom_finds_nothing_wrong(up: NativeSet) -> None:
    """As `docker compose exec postroom postroom check`."""
    output = await up.execute("postroom", "postroom", "check", "--json")
    assert '"state": "error"' not in output, output

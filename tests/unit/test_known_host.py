"""Which host names a service answers to."""

import httpx2
import pytest
from starlette.responses import PlainTextResponse

from postroom.api.known_host import KnownHost
from postroom.composition.process import known_hosts
from postroom.settings.environment import load

HOOK = "/internal/mail/provision"
NEEDED = {
    "POSTROOM_DATABASE_URL": "postgresql://postroom@127.0.0.1/postroom",
    "POSTROOM_STALWART_URL": "http://stalwart:8080",
    "POSTROOM_STALWART_API_KEY": "API_1",
    "POSTROOM_WEBHOOK_KEY": "0123456789abcdef",
    "POSTROOM_DOMAINS": "example.org",
}


async def status(host: str, path: str = "/metrics") -> int:
    names = known_hosts(
        load(
            NEEDED
            | {
                "POSTROOM_PUBLIC_URL": "https://Mail.example.org.:8443/",
                "POSTROOM_STALWART_WEBHOOK_URL": "http://postroom:3001/internal/mail/stalwart",
                "POSTROOM_HOSTS": "work, Autoconfig.example.org, bücher.example",
            }
        )
    )
    app = KnownHost(PlainTextResponse("ours"), names=names, with_own_key=[HOOK])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://127.0.0.1") as http:
        return (await http.get(path, headers={"Host": host})).status_code


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.0.0.1:3001", "10.0.0.5:3001", "[::1]", "[::1]:3001", "[2001:db8::5]:3001"),
        *("localhost", "LOCALHOST:3001"),
        *(
            "mail.example.org",
            "MAIL.example.org:443",
            "mail.example.org.",
            "postroom:3001",
            "work:3002",
            "autoconfig.example.org",
        ),
        "xn--bcher-kva.example",
        "",  # HTTP/1.0, such as the probe of a load balancer
    ],
)
async def test_addresses_localhost_and_names_of_ours_are_answered(host: str) -> None:
    assert await status(host) == 200


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:3001", "localhost.evil.example", "127.0.0.1.evil.example", "evil.localhost"),
        *("mail.example.org.evil.example", "example.org", "stalwart", "[evil.example]", "[", "::1", "*", "x y"),
        "mail.example.org, evil.example",
    ],
)
async def test_other_names_are_misdirected_but_for_paths_with_their_own_key(host: str) -> None:
    assert [await status(host), await status(host, HOOK), await status(host, HOOK + "/")] == [421, 200, 421]

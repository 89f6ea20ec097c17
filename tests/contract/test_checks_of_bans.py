"""The checks that keep us from being banned, and tokens from outliving an app password: on the stand-in, or on a real
Stalwart (conftest.py)."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, ip_address
from typing import Any

import httpx2
import pytest

from eventually import eventually
from postroom import settings
from postroom.checks.allowed_ip import allowed_ip, fix_allowed_ip
from postroom.checks.oauth import oauth
from postroom.composition.parts import Parts, connected
from postroom.stalwart.app_passwords import _WITHOUT
from postroom.stalwart.own_address import OwnAddress
from postroom.stalwart.registry_client import StalwartClient as Client
from stalwart_allowed_ips import disallow
from stalwart_client import StalwartClient, unique
from stalwart_oauth import OPEN, registered_clients_only, set_oauth

real = pytest.mark.skipif(
    "STALWART_URL" not in os.environ, reason="NOT TESTED: the stand-in bans nobody and has no OAuth; set STALWART_URL"
)


@pytest.fixture
async def address(admin: StalwartClient) -> AsyncIterator[OwnAddress]:
    """An address that Stalwart may ban and that no other test uses."""
    ours = IPv4Address(int(IPv4Address("127.64.0.0")) + int(unique().rpartition("-")[2][:5], 16))
    yield OwnAddress(ours, ip_address("127.0.0.1"))
    await disallow(admin, str(ours))


def seen(address: OwnAddress) -> Callable[[str], Any]:
    async def asked(url: str) -> OwnAddress:
        return address

    return asked


async def test_check_demands_our_ip_address_in_the_allowlist_until_it_is_there(
    parts: Parts, administrator: Client, address: OwnAddress
) -> None:
    async def state() -> str:
        finding = await allowed_ip(parts, administrator, asked=seen(address))
        assert finding
        return finding.state

    assert await state() == "error"
    done = await fix_allowed_ip(parts, administrator, dry_run=True, asked=seen(address))
    assert done
    assert done.details.startswith(f"would be done: {address.ours}")
    assert await state() == "error"
    done = await fix_allowed_ip(parts, administrator, dry_run=False, asked=seen(address))
    assert done
    assert done.details.startswith(f"done: {address.ours}")
    assert await state() == "ok"
    assert await fix_allowed_ip(parts, administrator, dry_run=False, asked=seen(address)) is None


async def test_a_key_that_may_not_read_says_so(
    environ: dict[str, str], admin: StalwartClient, address: OwnAddress
) -> None:
    key = await admin.key_with(["authenticate"])
    async with connected(settings.load(environ | {"POSTROOM_STALWART_API_KEY": key})) as parts:
        found = [await allowed_ip(parts, None, asked=seen(address)), await oauth(parts, None)]
        done = await fix_allowed_ip(parts, None, dry_run=False, asked=seen(address))
    assert [(each.part, each.state) for each in found if each] == [("allowed ip", "warning"), ("oauth", "warning")]
    lacking = [each.details.rpartition(" lacks ")[2] for each in found if each]
    assert lacking == ["sysAllowedIpGet", "sysOidcProviderGet"]
    assert done
    assert (done.state, "--admin" in done.fix) == ("error", True)


async def test_tokens_for_any_client_are_reported(parts: Parts, admin: StalwartClient, administrator: Client) -> None:
    async with registered_clients_only(admin):
        found = await oauth(parts, administrator)
        assert found
        assert found.state == "ok"
        for values in (OPEN, {"requireClientRegistration": True, "anonymousClientRegistration": True}):
            await set_oauth(admin, values)
            found = await oauth(parts, administrator)
            assert found
            assert found.state == "warning"


# The assumptions behind these checks, on a real Stalwart


async def hit(admin: StalwartClient, address: OwnAddress, path: str) -> int | None:
    """The status of the response; None without a response."""
    transport = httpx2.AsyncHTTPTransport(local_address=str(address.ours))
    async with httpx2.AsyncClient(base_url=admin.url, transport=transport) as http:
        try:
            return (await http.get(path)).status_code
        except httpx2.HTTPError:
            return None


@real
async def test_ip_address_is_banned_after_one_scanner_path_until_it_is_allowed(
    parts: Parts, admin: StalwartClient, administrator: Client, address: OwnAddress
) -> None:
    assert await hit(admin, address, "/x/wordpress") == 404
    await eventually(lambda: _is_banned(admin, address), "banned")
    await fix_allowed_ip(parts, administrator, dry_run=False, asked=seen(address))
    for _ in range(3):
        assert await hit(admin, address, "/x/wordpress") == 404


async def _is_banned(admin: StalwartClient, address: OwnAddress) -> bool:
    return await hit(admin, address, "/healthz/live") is None


@asynccontextmanager
async def thief(admin: StalwartClient) -> AsyncIterator[tuple[httpx2.AsyncClient, dict[str, str]]]:
    """A person who found a phone, and so knows an address and its app password."""
    name = unique("eve")
    account = await admin.create(name)
    made = await admin.try_create("AppPassword", account=account, description="phone", permissions=_WITHOUT)
    login = {"accountName": f"{name}@example.org", "accountSecret": made["created"]["secret"]}
    async with httpx2.AsyncClient(base_url=admin.url) as http:
        yield http, login


async def tokens(http: httpx2.AsyncClient, login: dict[str, str]) -> list[int]:
    """The statuses with which each way to a token ends: with a code, by registering a client, and with a device
    code."""
    client = {"clientId": "x", "redirectUri": "https://thief.test/"}
    by_code = await http.post("/api/auth", json={"type": "authCode", **client, **login})
    registered = await http.post("/auth/register", json={"redirect_uris": ["https://thief.test/"]})
    asked = (await http.post("/auth/device", data={"client_id": "x"})).json()
    await http.post("/api/auth", json={"type": "authDevice", "code": asked["user_code"], **login})
    grant = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "client_id": "x"}
    by_device = await http.post("/auth/token", data={**grant, "device_code": asked["device_code"]})
    return [by_code.status_code, registered.status_code, by_device.status_code]


@real
async def test_an_app_password_becomes_no_token_once_oauth_is_for_registered_clients_only(
    admin: StalwartClient,
) -> None:
    await set_oauth(admin, OPEN)
    async with thief(admin) as (http, login):
        assert await tokens(http, login) == [200, 201, 200], "the default of the server"
        async with registered_clients_only(admin):
            assert await tokens(http, login) == [401, 401, 400]

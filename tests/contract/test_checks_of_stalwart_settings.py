"""The checks of Stalwart's settings: they keep us from being banned, tokens from outliving an app password, and people
from a small quota of uploads. On the stand-in, or on a real Stalwart (conftest.py)."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, ip_address
from typing import Any

import httpx2
import pytest

from eventually import eventually
from mail_person import Person
from postroom.checks.allowed_ip import allowed_ip, fix_allowed_ip
from postroom.checks.authserv_id import authserv_id
from postroom.checks.oauth import oauth
from postroom.checks.upload_quota import fix_upload_quota, upload_quota_of_people
from postroom.composition.parts import Parts, connected
from postroom.settings.environment import load
from postroom.stalwart.app_passwords import _WITHOUT
from postroom.stalwart.own_address import OwnAddress
from postroom.stalwart.registry_client import StalwartClient as Client
from postroom.stalwart.upload_quota import BYTES, FILES
from stalwart_client import StalwartClient, unique
from stalwart_settings import CLIENTS, OPEN, REGISTERED_ONLY, SMALL, UPLOADS, change, changed, disallow, values

MEGABYTE = 1_000_000

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
    async with connected(load(environ | {"POSTROOM_STALWART_API_KEY": key})) as parts:
        found = [await allowed_ip(parts, None, asked=seen(address)), await oauth(parts, None)]
        done = await fix_allowed_ip(parts, None, dry_run=False, asked=seen(address))
    assert [(each.part, each.state) for each in found if each] == [("allowed ip", "warning"), ("oauth", "warning")]
    lacking = [each.details.rpartition(" lacks ")[2] for each in found if each]
    assert lacking == ["sysAllowedIpGet", "sysOidcProviderGet"]
    assert done
    assert (done.state, "--admin" in done.fix) == ("error", True)


async def test_tokens_for_any_client_are_reported(parts: Parts, admin: StalwartClient, administrator: Client) -> None:
    async with changed(admin, CLIENTS, REGISTERED_ONLY):
        found = await oauth(parts, administrator)
        assert found
        assert found.state == "ok"
        for loose in (OPEN, REGISTERED_ONLY | {"anonymousClientRegistration": True}):
            await change(admin, CLIENTS, loose)
            found = await oauth(parts, administrator)
            assert found
            assert found.state == "warning"


# The quota of uploads


@pytest.fixture
async def at_default(admin: StalwartClient) -> AsyncIterator[None]:
    async with changed(admin, UPLOADS, SMALL):
        yield


async def test_more_than_an_hours_worth_is_reported_as_that_until_the_quota_is_raised(
    parts: Parts, administrator: Client, through: Person, at_default: None
) -> None:
    """Not as a busy server: otherwise nobody would find out which limit to raise."""
    path = f"/jmap/upload/{through.account}/"
    for _ in range(2):
        answer = await through.http.post(path, content=bytes(24 * MEGABYTE))
        assert answer.status_code == 200
    for content in (bytes(24 * MEGABYTE), b"x"):
        answer = await through.http.post(path, content=content)
        problem = answer.json()
        assert (answer.status_code, problem["code"], problem["success"]) == (429, "upload_quota", False)
        assert 0 < int(answer.headers["retry-after"]) <= 3600
    answer = await through.call("Blob/upload", create={"a": {"data": [{"data:asText": "x"}]}})
    assert answer["notCreated"]["a"]["type"] == "overQuota"
    await fix_upload_quota(parts, administrator, dry_run=False)
    assert (await through.http.post(path, content=b"x")).status_code == 200


async def test_a_small_quota_is_reported_and_raised(
    parts: Parts, admin: StalwartClient, administrator: Client, at_default: None
) -> None:
    async def state() -> tuple[str, str]:
        finding = await upload_quota_of_people(parts, administrator)
        return finding.state, finding.details

    assert (await state())[0] == "warning"
    assert "1,000 files or 50 MB within 60 min" in (await state())[1]
    done = await fix_upload_quota(parts, administrator, dry_run=True)
    assert done
    assert done.details == "would be done: the upload quota raised to 10,000 files or 1,000 MB"
    assert await values(admin, UPLOADS, *SMALL) == SMALL
    done = await fix_upload_quota(parts, administrator, dry_run=False)
    assert done
    assert done.details.startswith("done: the upload quota raised")
    assert await values(admin, UPLOADS, *SMALL) == {"maxUploadCount": FILES, "uploadQuota": BYTES}
    assert (await state())[0] == "ok"
    assert await fix_upload_quota(parts, administrator, dry_run=False) is None


async def test_larger_upload_quota_is_left_unchanged(
    parts: Parts, admin: StalwartClient, administrator: Client, at_default: None
) -> None:
    await change(admin, UPLOADS, {"uploadQuota": 2 * BYTES})
    assert await fix_upload_quota(parts, administrator, dry_run=False)
    assert await values(admin, UPLOADS, *SMALL) == {"maxUploadCount": FILES, "uploadQuota": 2 * BYTES}


@pytest.mark.parametrize("held", [["authenticate"], ["authenticate", "sysJmapGet"]])
async def test_upload_quota_check_reports_the_permissions_that_the_key_lacks(
    environ: dict[str, str], admin: StalwartClient, at_default: None, held: list[str]
) -> None:
    key = await admin.key_with(held)
    async with connected(load(environ | {"POSTROOM_STALWART_API_KEY": key})) as parts:
        found = await upload_quota_of_people(parts, None)
        done = await fix_upload_quota(parts, None, dry_run=False)
    assert found.state == "warning"
    assert ("lacks sysJmapGet" in found.details) == ("sysJmapGet" not in held)
    assert done
    assert (done.state, "sysJmapUpdate" in done.details, "--admin" in done.fix) == ("error", True, True)


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
    await change(admin, CLIENTS, OPEN)
    async with thief(admin) as (http, login):
        assert await tokens(http, login) == [200, 201, 200], "the default of the server"
        async with changed(admin, CLIENTS, REGISTERED_ONLY):
            assert await tokens(http, login) == [401, 401, 400]


@pytest.mark.parametrize("held", [["authenticate"], ["authenticate", "sysSystemSettingsGet"]])
async def test_authserv_id_is_compared_with_the_host_name_if_the_key_may_read_it(
    environ: dict[str, str], admin: StalwartClient, held: list[str]
) -> None:
    (name,) = (await values(admin, "SystemSettings", "defaultHostname")).values()
    more = {"POSTROOM_STALWART_API_KEY": await admin.key_with(held)}
    for ours, state in ((name, "ok"), (f"other.{name}", "warning")):
        async with connected(load(environ | more | {"POSTROOM_AUTHSERV_ID": ours})) as parts:
            found = await authserv_id(parts, None)
        assert found
        is_visible = len(held) == 2
        assert (found.state, "not checked" in found.details) == (state if is_visible else "warning", not is_visible)

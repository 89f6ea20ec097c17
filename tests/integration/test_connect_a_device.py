"""`/api/devices` and `/api/mail-settings` on the stand-in for Stalwart, as used by a browser or a mail program."""

import base64
import plistlib
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from fastapi import FastAPI

from mail_fakes import FakeAccounts, its_own
from postroom.api.devices import devices_routes
from postroom.api.mail_settings import autoconfig_routes, mail_settings_routes
from postroom.api.visitor import fresh_login_only, receive_visitors, visitor_of
from postroom.devices.app_passwords import WEBMAIL
from postroom.devices.devices import Devices
from postroom.devices.servers import mail_servers
from postroom.domain.person import Person
from postroom.errors import NoSession
from postroom.mailboxes.ports import MailAccount
from postroom.people.ports import Visitor
from postroom.postgres.connection import Pool
from postroom.postgres.mail_credentials import PostgresMailCredentials
from postroom.stalwart.app_passwords import StalwartAppPasswords, by_key
from postroom.stalwart.impersonation import basic
from postroom.stalwart.password_cipher import PasswordCipher
from postroom.stalwart.registry import StalwartRegistry
from postroom.stalwart.registry_client import StalwartClient
from postroom.stalwart.stored_passwords import StoredPasswords
from stalwart_client import StalwartClient as Admin
from stalwart_client import unique
from stalwart_stand_in import StalwartStandIn, admin_of, stalwart_stand_in

DOMAINS = ["example.org", "example.net"]
KEY = base64.b64encode(b"k" * 32).decode()


class NamedPeople:
    """The header `X-Person` names the person of a session, whose login is `X-Logged-In` minutes old; the cached session
    has an older one."""

    async def identify(self, method: str, headers: Mapping[str, str], *, refresh: bool = False) -> Visitor:
        if "x-person" not in headers:
            raise NoSession("log in")
        identity_id = UUID(headers["x-person"])
        minutes = float(headers.get("x-logged-in", 0)) + 60 * (not refresh)
        return Visitor(Person(identity_id, authenticated_at=datetime.now(UTC) - timedelta(minutes=minutes)))


class World:
    def __init__(self, person: MailAccount, neighbour: MailAccount, kept: StoredPasswords, app: FastAPI) -> None:
        self.person = person
        self.neighbour = neighbour
        self.kept = kept
        self.app = app

    def browser(self, who: MailAccount | None = None, **headers: str) -> httpx2.AsyncClient:
        if who:
            headers["X-Person"] = str(who.identity_id)
        transport = httpx2.ASGITransport(app=self.app)
        return httpx2.AsyncClient(transport=transport, base_url="https://mail.example.org", headers=headers)

    async def connect(self, name: str = "My phone", who: MailAccount | None = None, **more: Any) -> httpx2.Response:
        async with self.browser(who or self.person) as browser:
            return await browser.post("/api/devices", json={"name": name, **more})

    async def devices(self, who: MailAccount | None = None) -> list[dict[str, Any]]:
        async with self.browser(who or self.person) as browser:
            answer = await browser.get("/api/devices")
        assert answer.status_code == 200, answer.text
        return answer.json()["devices"]


async def a_person(admin: Admin) -> MailAccount:
    name = unique()
    return MailAccount(uuid4(), f"{name}@example.org", await admin.create(name))


def an_app(devices: Devices) -> FastAPI:
    servers, visiting = mail_servers("http://10.0.0.1", "imap.example.org", None), visitor_of(NamedPeople())
    fresh = fresh_login_only(NamedPeople(), now=lambda: datetime.now(UTC), return_to=None)
    app = FastAPI()
    receive_visitors(app)
    app.router.routes += devices_routes(devices, servers, visiting, fresh)
    app.router.routes += mail_settings_routes(devices, servers, visiting)
    app.router.routes += autoconfig_routes(DOMAINS, servers)
    return app


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StalwartStandIn]:
    async with stalwart_stand_in(tmp_path_factory.mktemp("devices")) as server:
        yield server


@pytest.fixture
async def world(server: StalwartStandIn, pool: Pool) -> AsyncIterator[World]:
    async with admin_of(server) as admin:
        person, neighbour = await a_person(admin), await a_person(admin)
    client = StalwartClient(server.url, basic(*server.admin))
    app_passwords = StalwartAppPasswords(StalwartRegistry(client, mark_domain="example.org"), by_key(client, its_own))
    credentials = PostgresMailCredentials(pool)
    kept = StoredPasswords(app_passwords, credentials, PasswordCipher(KEY))
    yield World(person, neighbour, kept, an_app(Devices(FakeAccounts(person, neighbour), app_passwords, credentials)))
    await client.aclose()


async def logs_in(stalwart: StalwartStandIn, email: str, secret: str) -> bool:
    async with httpx2.AsyncClient(base_url=stalwart.url) as http:
        return (await http.get("/jmap/session", auth=(email, secret))).status_code == 200


async def test_device_logs_in_with_its_shown_settings_until_it_is_disconnected(
    world: World, server: StalwartStandIn
) -> None:
    answer = await world.connect(expires_in_days=30)
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    device = answer.json()
    assert await logs_in(server, device["settings"]["imap"]["username"], device["secret"])
    shown = {name: device[name] for name in ("id", "name", "created_at", "expires_at")}
    assert await world.devices() == [shown]
    async with world.browser(world.person) as browser:
        assert (await browser.delete(f"/api/devices/{device['id']}")).status_code == 204
        again = await browser.delete(f"/api/devices/{device['id']}")
    assert (again.status_code, again.json()["type"]) == (404, "urn:postroom:problem:unknown")
    assert not await logs_in(server, world.person.email, device["secret"])
    assert await world.devices() == []


async def test_person_can_neither_list_nor_disconnect_the_devices_of_another(world: World) -> None:
    device = (await world.connect()).json()
    assert await world.devices(world.neighbour) == []
    async with world.browser(world.neighbour) as browser:
        assert (await browser.delete(f"/api/devices/{device['id']}")).status_code == 404
    assert len(await world.devices()) == 1


async def test_connecting_a_device_needs_a_fresh_login_but_listing_or_disconnecting_does_not(world: World) -> None:
    device = (await world.connect()).json()
    async with world.browser(world.person, **{"X-Logged-In": "16"}) as browser:
        answer = await browser.post("/api/devices", json={"name": "My phone"})
        assert (answer.status_code, answer.json()["code"]) == (403, "fresh_login_required")
        assert len((await browser.get("/api/devices")).json()["devices"]) == 1
        assert (await browser.delete(f"/api/devices/{device['id']}")).status_code == 204


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"name": 5}, 400),
        ({"name": "phone", "expires_in_days": 0}, 400),
        ({"name": "phone", "expires_in_days": 1e9}, 400),
        ({"name": "phone", "expires_in_days": "7"}, 400),
        ({"name": "phone", "permissions": {"@type": "Inherit"}}, 400),
        ({"name": ""}, 422),
        ({"name": WEBMAIL}, 422),
        ({"name": "x" * 20_000}, 413),
    ],
)
async def test_invalid_device_is_rejected(world: World, body: dict[str, Any], status: int) -> None:
    async with world.browser(world.person) as browser:
        assert (await browser.post("/api/devices", json=body)).status_code == status
    assert await world.devices() == []


async def test_person_gets_mail_settings_in_each_format_without_a_password(world: World) -> None:
    async with world.browser(world.person) as browser:
        settings = await browser.get("/api/mail-settings")
        code = await browser.get("/api/mail-settings/qr.svg")
        profile = await browser.get("/api/mail-settings/apple.mobileconfig")
    server = {"port": 993, "security": "tls", "username": world.person.email}
    assert settings.json()["imap"] == {"host": "imap.example.org", **server}
    assert settings.json()["smtp"] == {"host": "10.0.0.1", **server, "port": 465}
    assert code.headers["content-type"].startswith("image/svg+xml")
    assert profile.headers["content-type"].startswith("application/x-apple-aspen-config")
    assert plistlib.loads(profile.content)["PayloadContent"][0]["EmailAddress"] == world.person.email
    assert {answer.headers["cache-control"] for answer in (settings, code, profile)} == {"no-store"}


WELL_KNOWN = "/.well-known/autoconfig/mail/config-v1.1.xml"
BY_SUBDOMAIN = "/mail/config-v1.1.xml"


async def autoconfig_of(world: World, path: str, host: str, address: str | None = None) -> httpx2.Response:
    parameters = {} if address is None else {"emailaddress": address}
    async with world.browser() as program:
        return await program.get(path, params=parameters, headers={"Host": host})


@pytest.mark.parametrize(
    ("path", "host", "address", "domain"),
    [
        (WELL_KNOWN, "example.org", None, "example.org"),
        (WELL_KNOWN, "EXAMPLE.net:443", None, "example.net"),
        (BY_SUBDOMAIN, "autoconfig.example.net", "bob@example.net", "example.net"),
        (BY_SUBDOMAIN, "mail.elsewhere.org", "Bob@Example.ORG", "example.org"),
        (BY_SUBDOMAIN, "autoconfig.example.org", "", "example.org"),
    ],
)
async def test_autoconfig_returns_the_servers_of_a_served_domain(
    world: World, path: str, host: str, address: str | None, domain: str
) -> None:
    answer = await autoconfig_of(world, path, host, address)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/xml")
    assert f"<domain>{domain}</domain>" in answer.text
    assert [each for each in DOMAINS if f"<domain>{each}</domain>" in answer.text] == [domain]


async def test_autoconfig_does_not_reveal_which_addresses_exist(world: World) -> None:
    addresses = [world.person.email, "nobody@example.org", "%@example.org", "<x>&@example.org"]
    answers = [await autoconfig_of(world, BY_SUBDOMAIN, "example.org", address) for address in addresses]
    assert len({answer.content for answer in answers}) == 1


@pytest.mark.parametrize("address", ["bob@elsewhere.org", "bob@", "@", "bob", "bob@example.org.", "b\0b@x"])
async def test_autoconfig_answers_404_for_domains_that_are_not_served(world: World, address: str) -> None:
    answer = await autoconfig_of(world, BY_SUBDOMAIN, "mail.elsewhere.org", address)
    assert answer.status_code == (200 if address.endswith("example.org.") else 404)

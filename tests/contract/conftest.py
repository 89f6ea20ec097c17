"""The server on which the rules of Stalwart are tested: the stand-in, or a real Stalwart 0.16 if STALWART_URL and
STALWART_ADMIN=login:password name one. It should be a server for tests: domains, roles and accounts are left behind."""

import os
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio

from gateway_trial import ANN, GatewayTrial, gateway
from incoming_mail import Lmtp
from kratos_browser import Browser, browser_at
from kratos_servers import SERVERS, Kratos
from mail_person import PASSWORD, Person, person
from parts import environment
from postroom.composition.parts import Parts, connected
from postroom.mailboxes.ports import MailAccount
from postroom.settings.environment import load
from postroom.stalwart.registry_client import StalwartClient as Client
from postroom_sandbox.loopback import LOOPBACK
from servers import Database
from stalwart_client import StalwartClient
from stalwart_mail import lmtp_of
from stalwart_stand_in import stalwart_stand_in


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def admin(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StalwartClient]:
    """The operator, who may do everything."""
    async with AsyncExitStack() as stack:
        if url := os.environ.get("STALWART_URL"):
            login, _, password = os.environ["STALWART_ADMIN"].partition(":")
            client = StalwartClient(url, (login, password))
        else:
            folder: Path = tmp_path_factory.mktemp("stand-in")
            server = await stack.enter_async_context(stalwart_stand_in(folder))
            client = StalwartClient(server.url, server.admin)
        await stack.enter_async_context(client.http)
        client.domain = await client.ensure_domain("example.org")
        client.other_domain = await client.ensure_domain("example.net")
        yield client


USING = [
    f"urn:ietf:params:jmap:{name}"
    for name in ("core", "mail", "submission", "vacationresponse", "blob", "quota", "sieve", "contacts")
]


@pytest_asyncio.fixture(loop_scope="session")
async def straight(admin: StalwartClient) -> AsyncIterator[Person]:
    """A person with their own login at the mail server."""
    async with person(admin) as ann:
        yield Person(ann.http, ann.account, ann.address, USING)


@pytest_asyncio.fixture(loop_scope="session")
async def ben(admin: StalwartClient) -> AsyncIterator[Person]:
    """Somebody to write to."""
    async with person(admin, description="Ben Example") as ben:
        yield ben


@pytest_asyncio.fixture(loop_scope="session")
async def master(admin: StalwartClient) -> str:
    """The address of an account that may impersonate, whose password is PASSWORD."""
    credentials = {"0": {"@type": "Password", "secret": PASSWORD}}
    return (await admin.create_with(("authenticate", "impersonate"), credentials=credentials))[1]


@pytest_asyncio.fixture(loop_scope="session")
async def trial(straight: Person) -> AsyncIterator[GatewayTrial]:
    """A gateway whose Ann is the same person."""
    async with gateway(str(straight.http.base_url)) as trial:
        identity_id = trial.people.people[ANN["Cookie"]].identity_id
        trial.accounts.accounts[identity_id] = MailAccount(identity_id, straight.address, straight.account)
        login = b64encode(f"{straight.address}:{PASSWORD}".encode()).decode()
        trial.authorization.headers[straight.account] = f"Basic {login}"
        yield trial


@pytest_asyncio.fixture(loop_scope="session")
async def through(straight: Person, trial: GatewayTrial) -> AsyncIterator[Person]:
    async with httpx2.AsyncClient(base_url=trial.http.base_url, headers=ANN, timeout=30) as http:
        yield Person(http, straight.account, straight.address, USING)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def lmtp(admin: StalwartClient) -> Lmtp:
    where = await lmtp_of(admin)
    if where is None:
        pytest.skip("STALWART_LMTP=host:port is not set: where does this server take mail?")
    return where


@pytest.fixture(params=[pytest.param("straight", marks=pytest.mark.stand_in), "through"])
def ann(request: pytest.FixtureRequest) -> Person:
    """The person, directly at the mail server and through the gateway."""
    return request.getfixturevalue(request.param)


@pytest.fixture
async def administrator(admin: StalwartClient) -> AsyncIterator[Client]:
    login = os.environ.get("STALWART_ADMIN", "admin:pw")
    client = Client(admin.url, "Basic " + b64encode(login.encode()).decode())
    yield client
    await client.aclose()


@pytest.fixture
def environ(database: Database, admin: StalwartClient) -> dict[str, str]:
    """The environment of `postroom check`, with an API key that the server does not know."""
    more = {
        "stalwart_url": admin.url,
        "stalwart_api_key": "API_of-nobody",
        "kratos_public_url": "http://127.0.0.1:9",
        "mail_master": "master@example.org:secret",
    }
    return environment(database, None, None, **more)


@pytest.fixture
async def parts(environ: dict[str, str]) -> AsyncIterator[Parts]:
    async with connected(load(environ)) as parts:
        yield parts


@pytest.fixture(scope="module")
async def kratos(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Kratos]:
    """The Kratos that the parameter names. Its webhook reaches nobody."""
    server, folder = SERVERS[request.param], tmp_path_factory.mktemp("kratos")
    hook_url = f"http://{LOOPBACK}:9/internal/mail/provision"
    async with server(folder, hook_url=hook_url, hook_key="key of the hook") as running:
        yield running


@pytest.fixture
async def browser(kratos: Kratos) -> AsyncIterator[Browser]:
    async with browser_at(kratos) as browser:
        yield browser

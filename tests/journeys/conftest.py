"""One browser and one trial for all journeys, each with persons of its own; one real Kratos, with every method, for all
tests of the account pages."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from account_pages import Site, account_site
from account_person import AccountPerson, person_at
from built_web import require_interface
from chromium import chromium
from oidc_provider import OidcProvider, oidc_provider
from trial import Trial, running_trial


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
async def up(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Trial]:
    """A module that pauses it or makes it fail has a trial of its own."""
    require_interface()
    async with running_trial(tmp_path_factory.mktemp("trial"), POSTROOM_PACE="0") as up:
        yield up


@pytest.fixture(scope="session")
async def provider() -> AsyncIterator[OidcProvider]:
    async with oidc_provider() as provider:
        yield provider


@pytest.fixture(scope="session")
async def site(provider: OidcProvider, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with account_site(tmp_path_factory.mktemp("site"), provider) as site:
        yield site


@pytest.fixture
async def person(site: Site, browser: Browser) -> AsyncIterator[AccountPerson]:
    async with person_at(site, browser) as person:
        yield person

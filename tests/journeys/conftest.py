"""One browser for all journeys; a trial with the interface for each module; one real Kratos, with every method, for all
tests of the account pages."""

from collections.abc import AsyncIterator, Mapping

import pytest
from playwright.async_api import Browser

from account_pages import Site, account_site
from account_person import AccountPerson, person_at
from built_web import require_interface
from chromium import chromium
from oidc_provider import OidcProvider, oidc_provider
from trial import Trial, trial


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
async def up(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Trial]:
    """A trial with the interface, with the SETTINGS of the module."""
    require_interface()
    settings: Mapping[str, str] = getattr(request.module, "SETTINGS", {})
    async with trial(tmp_path_factory.mktemp("trial"), **settings) as started:
        await started.up()
        yield started


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

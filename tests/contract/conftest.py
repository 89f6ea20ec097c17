"""Whom the rules of Stalwart are asked of: the stand-in, or a real Stalwart 0.16 where STALWART_URL and
STALWART_ADMIN=login:password name one (made for tests: domains, roles and accounts are left behind)."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from stalwart_client import StalwartClient
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

"""Cyrus as a mail server with some people on it, for tests that run on other servers, too."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import NoReturn

import pytest

from cyrus_server import CyrusMissing, CyrusServer, cyrus_server
from jmap_server import JmapServer, MailPerson


@pytest.fixture(scope="session")
async def cyrus() -> AsyncIterator[JmapServer]:
    """The people of the whole run: what they have in their mailboxes is any test's. Where there is no Cyrus the test
    is skipped, and fails in CI unless that was agreed to."""
    async with AsyncExitStack() as stack:
        try:
            server = await stack.enter_async_context(cyrus_server())
        except CyrusMissing as missing:
            _skip(f"NOT TESTED against the real Cyrus: {missing}")
        yield _mail_of(server)


def _mail_of(server: CyrusServer) -> JmapServer:
    people = [MailPerson(each.email, each.name, each.authorization) for each in server.logins]
    return JmapServer("Cyrus", server.url, "/jmap/", people, server.lmtp, lost_state="lost")


def _skip(reason: str) -> NoReturn:
    agreed = os.environ.get("POSTROOM_TESTS_WITHOUT_CYRUS") == "1"
    if os.environ.get("CI") == "true" and not agreed:
        pytest.fail(f"{reason}. Set POSTROOM_TESTS_WITHOUT_CYRUS=1 to do without it.", pytrace=False)
    pytest.skip(reason)

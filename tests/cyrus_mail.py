"""Cyrus as a mail server with some people, for tests that also run on other servers."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from cyrus_server import CyrusServer, cyrus_server
from jmap_server import JmapServer, MailPerson
from tests.missing import Missing, skip_without


@pytest.fixture(scope="session")
async def cyrus() -> AsyncIterator[JmapServer]:
    """The people of all tests, which share their mailboxes. Without Cyrus the test is skipped; in CI it fails, unless
    CI does without Cyrus."""
    async with AsyncExitStack() as stack:
        try:
            server = await stack.enter_async_context(cyrus_server())
        except Missing as missing:
            skip_without("Cyrus", missing)
        yield _mail_of(server)


def _mail_of(server: CyrusServer) -> JmapServer:
    people = [MailPerson(each.email, each.name, each.authorization) for each in server.logins]
    return JmapServer("Cyrus", server.url, "/jmap/", people, server.lmtp, lost_state="lost")

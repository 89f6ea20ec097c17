"""Cyrus as a mail server with some people on it, for tests that run on other servers, too."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from cyrus_server import CyrusServer, cyrus_server
from jmap_server import JmapServer, MailPerson
from tests.go_program import Missing, skip_without


@pytest.fixture(scope="session")
async def cyrus() -> AsyncIterator[JmapServer]:
    """The people of the whole run: what they have in their mailboxes is any test's. Where there is no Cyrus the test
    is skipped, and fails in CI unless that was agreed to."""
    async with AsyncExitStack() as stack:
        try:
            server = await stack.enter_async_context(cyrus_server())
        except Missing as missing:
            skip_without("Cyrus", missing)
        yield _mail_of(server)


def _mail_of(server: CyrusServer) -> JmapServer:
    people = [MailPerson(each.email, each.name, each.authorization) for each in server.logins]
    return JmapServer("Cyrus", server.url, "/jmap/", people, server.lmtp, lost_state="lost")

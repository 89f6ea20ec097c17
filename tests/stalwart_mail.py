"""Stalwart or its stand-in as a mail server with some people, for tests that also run on other servers.

tests/contract/conftest.py selects it. The LMTP of a real one is at STALWART_LMTP=host:port.
"""

import os
from base64 import b64encode

import httpx2
import pytest

from jmap_server import JmapServer, MailPerson
from stalwart_client import StalwartClient, unique

PASSWORD = "seven-green-ladders-climb-41"
# A future change, in Stalwart's spelling.
LOST_STATE = "s777777j"


@pytest.fixture(scope="session")
async def stalwart_mail(admin: StalwartClient) -> JmapServer:
    """The people of all tests."""
    people = [await _person(admin) for _ in range(3)]
    return JmapServer("Stalwart", admin.url, "/jmap/session", people, await lmtp_of(admin), LOST_STATE)


async def _person(admin: StalwartClient) -> MailPerson:
    name = unique()
    account_id = await admin.create(name, credentials={"0": {"@type": "Password", "secret": PASSWORD}})
    authorization = "Basic " + b64encode(f"{name}@example.org:{PASSWORD}".encode()).decode()
    person = MailPerson(f"{name}@example.org", account_id, authorization)
    # An account has no mailboxes before its first request.
    body = {
        "using": ["urn:ietf:params:jmap:mail"],
        "methodCalls": [["Mailbox/get", {"accountId": account_id, "ids": None}, "0"]],
    }
    async with httpx2.AsyncClient(base_url=admin.url, trust_env=False) as http:
        answer = await http.post("/jmap/", json=body, headers={"Authorization": authorization})
    answer.raise_for_status()
    return person


async def lmtp_of(admin: StalwartClient) -> tuple[str, int] | None:
    """Host and port; None if nobody said where this server takes mail."""
    stated = os.environ.get("STALWART_LMTP")
    if stated is None and "STALWART_URL" in os.environ:
        return None
    if stated is None:
        stated = (await admin.http.get("/_sandbox/state")).raise_for_status().json()["lmtp"]
    host, _, port = stated.rpartition(":")
    return host, int(port)

"""What a person does through the gateway, as it is done without one: on the stand-in, or on a real server
(conftest.py)."""

from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from gateway_trial import ANN, gateway
from mail_person import PASSWORD, Person, person
from postroom.mail.ports import MailAccount
from stalwart_client import StalwartClient

USING = [
    f"urn:ietf:params:jmap:{name}"
    for name in ("core", "mail", "submission", "vacationresponse", "blob", "quota", "sieve")
]


@pytest_asyncio.fixture(loop_scope="session")
async def straight(admin: StalwartClient) -> AsyncIterator[Person]:
    async with person(admin) as ann:
        yield Person(ann.http, ann.account, ann.address, USING)


@pytest_asyncio.fixture(loop_scope="session")
async def through(straight: Person) -> AsyncIterator[Person]:
    """The same person."""
    url = str(straight.http.base_url)
    async with gateway(url) as trial, httpx2.AsyncClient(base_url=trial.http.base_url, headers=ANN, timeout=30) as http:
        identity_id = trial.people.people[ANN["Cookie"]].identity_id
        trial.accounts.accounts[identity_id] = MailAccount(identity_id, straight.address, straight.account)
        login = b64encode(f"{straight.address}:{PASSWORD}".encode()).decode()
        trial.authorization.headers[straight.account] = f"Basic {login}"
        yield Person(http, straight.account, straight.address, USING)


@pytest.fixture(params=["straight", "through"])
def ann(request: pytest.FixtureRequest) -> Person:
    """Either way."""
    return request.getfixturevalue(request.param)


async def test_a_text_of_many_commas_is_saved(ann: Person) -> None:
    """What stands in a text is no part of the request."""
    text = ',{["\\' * 30_000 + ",{[" * 120_000
    body: dict[str, Any] = {"bodyValues": {"t": {"value": text}}, "textBody": [{"partId": "t", "type": "text/plain"}]}
    made = await ann.create("Email", mailboxIds={"d": True}, **body)
    assert "id" in made, made
    found = await ann.get("Email", made["id"], properties=["bodyValues"], fetchTextBodyValues=True)
    ((_, value),) = found["bodyValues"].items()
    assert value["value"] == text

"""Stalwart serves four requests of an account at a time, whoever sends them: another client of the person may use all
four places. On the stand-in, or on a real server (conftest.py)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx2
import pytest

from eventually import eventually
from gateway_trial import ANN, GatewayTrial, gateway, kind
from jmap_server import JmapServer, MailPerson
from postroom.gateway.client_connection import first_of
from postroom.gateway.limits import GatewayLimits
from postroom.jmap.mail_changes import JmapMail
from postroom.mailboxes.ports import MailAccount

T = TypeVar("T")
PLACES = 4
A_MOMENT = 1.0
"""Seconds: long enough for a request that does not wait for a place to fail, and much shorter than a request may
wait."""


@dataclass
class Crowd:
    """Setting `free` releases the places that another client holds."""

    trial: GatewayTrial
    account: MailAccount
    free: asyncio.Event

    async def once_there_is_a_place(self, asking: Awaitable[T]) -> T:
        task = asyncio.ensure_future(asking)
        done, _ = await asyncio.wait({task}, timeout=A_MOMENT)
        assert not done, task
        self.free.set()
        return await task


@asynccontextmanager
async def holding_all_places(server: JmapServer, person: MailPerson) -> AsyncIterator[asyncio.Event]:
    """Hold them with incomplete requests until the event is set. Stalwart counts a request once it has read the
    head."""
    free = asyncio.Event()
    where = urlsplit(server.url)
    fields = [f"Host: {where.netloc}", f"Authorization: {person.authorization}", "Content-Length: 9"]
    head = "\r\n".join(["POST /jmap/ HTTP/1.1", *fields, "", ""])

    async def hold() -> None:
        while not free.is_set():
            reader, writer = await asyncio.open_connection(where.hostname, where.port)
            writer.write(head.encode())
            # The request may be answered at once: the one that checks whether all places are taken may have had this
            # place.
            await first_of(free.wait(), reader.read())
            writer.close()

    async def is_full() -> bool:
        headers = {"Authorization": person.authorization}
        return (await http.get("/jmap/session", headers=headers)).status_code == 400

    async with httpx2.AsyncClient(base_url=server.url, trust_env=False) as http, asyncio.TaskGroup() as group:
        for _ in range(PLACES):
            group.create_task(hold())
        await eventually(is_full, "all places are taken")
        yield free
        free.set()


@asynccontextmanager
async def a_crowd(server: JmapServer, limits: GatewayLimits | None = None) -> AsyncIterator[Crowd]:
    person = server.people[0]
    async with gateway(server.url, limits=limits) as trial:
        identity_id = trial.people.people[ANN["Cookie"]].identity_id
        account = MailAccount(identity_id, person.email, person.account_id)
        trial.accounts.accounts[identity_id] = account
        trial.authorization.headers[person.account_id] = person.authorization
        async with holding_all_places(server, person) as free:
            yield Crowd(trial, account, free)


@pytest.fixture
async def crowd(stalwart_mail: JmapServer) -> AsyncIterator[Crowd]:
    async with a_crowd(stalwart_mail) as crowd:
        yield crowd


def query(crowd: Crowd) -> list[Any]:
    return ["Email/query", {"accountId": crowd.account.account_id}, "0"]


async def test_call_waits_while_its_account_is_at_the_concurrency_limit(crowd: Crowd) -> None:
    answer = await crowd.once_there_is_a_place(crowd.trial.call(query(crowd)))
    assert answer.status_code == 200
    assert answer.json()["methodResponses"][0][0] == "Email/query"


async def test_upload_waits_while_its_account_is_at_the_concurrency_limit(crowd: Crowd) -> None:
    path = f"/jmap/upload/{crowd.account.account_id}/"
    uploading = crowd.trial.http.post(path, content=b"x", headers=ANN)
    assert (await crowd.once_there_is_a_place(uploading)).status_code == 200


async def test_our_own_poll_for_new_mail_waits_for_a_slot(crowd: Crowd, stalwart_mail: JmapServer) -> None:
    mail = JmapMail(stalwart_mail.url, crowd.trial.authorization)
    try:
        assert await crowd.once_there_is_a_place(mail.current_state(crowd.account))
    finally:
        await mail.aclose()


async def test_a_request_for_which_no_slot_becomes_free_gets_the_limit(stalwart_mail: JmapServer) -> None:
    async with a_crowd(stalwart_mail, GatewayLimits(queue_seconds=A_MOMENT)) as crowd:
        answer = await crowd.trial.call(query(crowd))
    assert (kind(answer), answer.json()["limit"]) == ((400, "limit"), "maxConcurrentRequests")
    assert "send it again" in answer.json()["detail"]

"""The event source of the mail server, through the gateway."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from eventually import eventually
from gateway_trial import ANN, BEN, GatewayTrial, gateway, kind
from postroom.errors import KratosUnavailable, NoSession
from postroom.gateway.limits import GatewayLimits
from scripted_upstream import Asked, ScriptedUpstream, http_answer

PATH = "/jmap/eventsource/?types=Email&closeafter=no&ping=60"
OWN = b'event: state\ndata: {"@type":"StateChange","changed":{"b":{"Email":"1"}}}\n\n'
FOREIGN = OWN.replace(b'"b"', b'"c"')


class EventSource:
    """`send` writes to the open stream."""

    def __init__(self, server: ScriptedUpstream) -> None:
        self._writer: asyncio.StreamWriter | None = None
        self.ended = asyncio.Event()
        server.will(self._serve)

    async def _serve(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        del asked
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\nconnection: close\r\n\r\n")
        self._writer = writer
        await self.ended.wait()
        writer.close()

    def send(self, event: bytes) -> None:
        assert self._writer
        self._writer.write(event)


async def test_gateway_streams_only_own_events_and_without_delay(server: ScriptedUpstream, trial: GatewayTrial) -> None:
    source = EventSource(server)
    async with trial.http.stream("GET", PATH, headers=ANN | {"Last-Event-ID": "46"}) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["x-accel-buffering"] == "no"
        assert "no-store" in answer.headers["cache-control"]
        assert "content-length" not in answer.headers
        chunks = answer.aiter_raw()
        for _ in range(2):
            source.send(FOREIGN + OWN)
            assert await asyncio.wait_for(anext(chunks), 5) == OWN
        source.ended.set()
        assert [chunk async for chunk in chunks] == []
    assert (server.asked[0].target, server.asked[0].header("last-event-id")) == (PATH, "46")


async def test_event_stream_ends_at_logout_but_not_in_an_outage_of_kratos_or_postgresql(
    server: ScriptedUpstream, impatient: GatewayTrial
) -> None:
    source = EventSource(server)
    async with impatient.http.stream("GET", PATH, headers=ANN) as answer:
        impatient.people.errors[ANN["Cookie"]] = KratosUnavailable("away")
        asked = impatient.people.asked
        await eventually(lambda: impatient.people.asked > asked + 2, "the session was checked repeatedly")
        impatient.people.errors.clear()
        impatient.accounts.unavailable = True
        impatient.now += timedelta(minutes=1)
        asked = impatient.accounts.asked
        await eventually(lambda: impatient.accounts.asked > asked + 2, "the account was checked repeatedly")
        source.send(OWN)
        chunks = answer.aiter_raw()
        assert await asyncio.wait_for(anext(chunks), 5) == OWN
        impatient.people.errors[ANN["Cookie"]] = NoSession("logged out")
        assert [chunk async for chunk in chunks] == []


async def test_closing_the_client_event_stream_closes_ours_to_the_mail_server(
    server: ScriptedUpstream, trial: GatewayTrial
) -> None:
    EventSource(server)
    async with trial.http.stream("GET", PATH, headers=ANN):
        assert not server.asked[0].hung_up
    await eventually(lambda: server.asked[0].hung_up, "the stream at the mail server is closed")


async def never(asked: Asked, writer: asyncio.StreamWriter) -> None:
    del writer
    await asked.reader.read()


def stop(trial: GatewayTrial) -> None:
    trial.stopping.set()


def log_out(trial: GatewayTrial) -> None:
    trial.people.errors[ANN["Cookie"]] = NoSession("logged out")


def lose_the_mailbox(trial: GatewayTrial) -> None:
    trial.accounts.missing.add("b")
    trial.now += timedelta(minutes=1)


@pytest.mark.parametrize(
    ("end", "reported"),
    [(stop, (503, "stopping")), (log_out, (401, "no_session")), (lose_the_mailbox, (503, "mailbox_missing"))],
)
async def test_event_stream_ends_and_a_client_whose_events_never_began_learns_why(
    server: ScriptedUpstream, impatient: GatewayTrial, end: Callable[[GatewayTrial], None], reported: tuple[int, str]
) -> None:
    source = EventSource(server)
    async with impatient.http.stream("GET", PATH, headers=ANN) as begun:
        server.will(never)
        asking = asyncio.create_task(impatient.http.get(PATH, headers=ANN))
        await eventually(lambda: server.under_way == 2, "the mail server was asked")
        end(impatient)
        assert [chunk async for chunk in begun.aiter_raw()] == []
        assert kind(await asking) == reported
    await eventually(lambda: server.under_way == 1, "the request that was not answered has ended")
    source.ended.set()


async def test_client_disconnect_before_the_event_stream_is_no_mail_server_failure(
    server: ScriptedUpstream, trial: GatewayTrial
) -> None:
    server.will(never)
    with capture_logs() as logs:
        sent = f"GET {PATH} HTTP/1.1\r\nHost: x\r\nCookie: session=ann\r\n\r\n".encode()
        asking = asyncio.create_task(trial.raw(sent))
        await eventually(lambda: server.under_way == 1, "the mail server was asked")
        asking.cancel()
        await eventually(lambda: server.under_way == 0, "the request has ended")
        await asyncio.gather(asking, return_exceptions=True)
    assert [line["event"] for line in logs] == ["Acting for identity"]


async def test_account_cannot_exceed_its_limit_of_event_streams(server: ScriptedUpstream) -> None:
    source = EventSource(server)
    async with gateway(server.url, limits=GatewayLimits(event_streams=1)) as trial:
        async with trial.http.stream("GET", PATH, headers=ANN):
            assert kind(await trial.http.get(PATH, headers=ANN)) == (400, "limit")
            async with trial.http.stream("GET", PATH, headers=BEN) as bens:
                assert bens.status_code == 200
                source.ended.set()
        await eventually(lambda: server.under_way == 0, "both streams have ended")
        assert (await trial.http.get(PATH, headers=ANN)).status_code == 200


async def test_gateway_passes_on_204_of_a_mail_server_without_event_source(
    server: ScriptedUpstream, trial: GatewayTrial
) -> None:
    """An EventSource in a browser reconnects after any response except 204, which Cyrus 3.6 sends."""
    server.will(http_answer(204))
    answer = await trial.http.get(PATH, headers=ANN)
    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-length" not in answer.headers


@pytest.mark.parametrize("query", ["", "?types=", "?types=*&closeafter=x", "?types=*&ping=x"])
async def test_invalid_event_source_query_is_not_forwarded(
    server: ScriptedUpstream, trial: GatewayTrial, query: str
) -> None:
    assert kind(await trial.http.get("/jmap/eventsource/" + query, headers=ANN)) == (400, "blank")
    assert server.asked == []

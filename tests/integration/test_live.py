"""/api/live with a real PostgreSQL: no event is lost or sent twice, whatever is disconnected or killed."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from eventually import eventually
from fakes import request_of
from live_events import commit_event, unpublished
from live_service import NOW, LiveService, get, live_service, live_stream, ready, shown
from live_stream import LiveStreamReader
from postroom.api.live import StreamIntervals
from postroom.domain.breaker import Cause
from postroom.domain.request import State
from postroom.errors import KratosUnavailable, NoSession
from postroom.mailboxes.preparation import MailboxRecord, Opening
from postroom.postgres.connection import Pool
from postroom.realtime import live_streams
from records import Records
from servers import Database

ALICE, BOB = UUID(int=1), UUID(int=2)
QUICK = StreamIntervals(ping=0.05, recheck=0.1, again=0.02)
HELLO = ("hello", shown(ready(ALICE)))


@pytest.fixture
async def service(database: Database) -> AsyncIterator[LiveService]:
    async with live_service(database.service_url) as service:
        yield service


async def publish_one(service: LiveService, records: Records, *streams: LiveStreamReader) -> int:
    """Commit an event, and wait until each of Alice's streams has received it; return its id."""
    event = await commit_event(records, ALICE)
    service.outbox_publisher.wake()
    for each in streams:
        assert (await each.next())[1]["id"] == event
    return event


async def test_new_mail_and_new_settings_are_sent_to_every_client_of_the_person_and_to_no_other(
    service: LiveService, records: Records
) -> None:
    async with (
        live_stream(service, ALICE) as one,
        live_stream(service, ALICE) as two,
        live_stream(service, BOB) as other,
    ):
        assert await one.next() == await two.next() == HELLO
        assert await other.next() == ("hello", shown(ready(BOB)))
        event = await commit_event(records, ALICE, emailIds=["M1"], state="s7")
        service.outbox_publisher.wake()
        mail = ("mail", {"id": event, "type": "mail", "data": {"emailIds": ["M1"], "state": "s7"}})
        assert await one.next() == await two.next() == mail
        assert one.last_id == str(event)
        last = await commit_event(records, BOB, "settings", etag='"x"')
        service.outbox_publisher.wake()
        assert await other.next() == ("settings", {"id": last, "type": "settings", "data": {"etag": '"x"'}})


async def test_live_stream_response_is_not_cached_or_buffered_and_passes_the_cookie_on(service: LiveService) -> None:
    async with live_stream(service, ALICE) as stream:
        headers = stream.response.headers
        assert headers["content-type"].startswith("text/event-stream")
        assert (headers["cache-control"], headers["x-accel-buffering"]) == ("no-store", "no")
        assert headers["set-cookie"] == "ory_kratos_session=prolonged"
        await stream.next()
        assert stream.raw.startswith(b"retry: ")


async def test_event_published_in_one_process_reaches_the_browsers_of_another(
    database: Database, service: LiveService, records: Records
) -> None:
    async with live_service(database.service_url, publishes=False) as other, live_stream(other, ALICE) as stream:
        await stream.next()
        await publish_one(service, records, stream)


async def test_lost_listen_connection_neither_loses_nor_repeats_events(
    service: LiveService, records: Records, pool: Pool
) -> None:
    async with live_stream(service, ALICE) as stream:
        await stream.next()
        committed: list[int] = []
        for number in range(60):
            committed.append(await commit_event(records, ALICE))
            service.outbox_publisher.wake()
            if number % 20 == 10:
                await _cut_listeners(pool)
        await eventually(lambda: len(stream.received()) >= len(committed), "all events have arrived", within=20)
        assert stream.received() == committed


async def test_a_client_learns_when_its_mailbox_is_missing_and_when_it_is_ready_again(
    service: LiveService, records: Records
) -> None:
    before = await commit_event(records, ALICE)
    async with live_stream(service, ALICE, last_id=str(before - 1)) as stream:
        assert await stream.next() == HELLO
        assert (await stream.next())[1]["id"] == before
        service.records.rows[ALICE] = missing = replace(ready(ALICE), missing_at=NOW)
        mail = await commit_event(records, ALICE)
        await commit_event(records, ALICE, kind="mailbox", state="missing")
        service.outbox_publisher.wake()
        assert (await stream.next())[1]["id"] == mail
        assert await stream.next() == ("provisioning", shown(missing))
        del service.records.rows[ALICE]
        assert await stream.next() == HELLO
        later = await publish_one(service, records, stream)
        assert stream.received() == [before, mail, later], "no event is sent twice"


@pytest.mark.parametrize("last_id", ["0", "nonsense", "-1", "9" * 18, "9" * 400, "\u0661"])
async def test_a_client_whose_last_event_is_pruned_or_unknown_must_reload(
    service: LiveService, records: Records, last_id: str
) -> None:
    ids = [await commit_event(records, BOB) for _ in range(3)]
    service.outbox_publisher.wake()
    await eventually(lambda: _all_announced(records), "all events are published")  # nobody else updates them now
    await records.rows("UPDATE live_events SET announced_at = now() - interval '1 hour'")
    await service.outbox.prune()
    async with live_stream(service, ALICE, last_id=last_id) as stream:
        assert (await stream.next())[0] == "hello"
        assert await stream.next() == ("reload", {})
        assert int(stream.last_id) <= ids[-1]
        await publish_one(service, records, stream)


async def test_client_without_mail_for_an_hour_reconnects_without_a_reload(
    database: Database, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_streams, "SETTLE_EVERY", 0.05)
    mine = await commit_event(records, ALICE)
    async with live_service(database.service_url, pace=QUICK) as service:
        await eventually(lambda: _all_announced(records), "all events are published")
        async with live_stream(service, ALICE) as stream:
            await stream.next()
            assert stream.last_id == str(mine)
            others = [await commit_event(records, BOB) for _ in range(50)]
            await eventually(lambda: _all_announced(records), "all events are published")
            await records.rows("UPDATE live_events SET announced_at = now() - interval '1 hour'")
            await eventually(lambda: stream.last_id == str(others[-1]), "a ping moves the last id")
            assert b": ping\n" in stream.raw
        assert await service.outbox.prune() == 50
        async with live_stream(service, ALICE, last_id=stream.last_id) as again:
            await again.next()
            await publish_one(service, records, again)


@pytest.mark.parametrize("cut", [True, False], ids=["while the connection is cut", "while the connection stays open"])
async def test_a_client_that_is_online_during_a_restore_of_the_database_reloads_and_gets_later_events(
    database: Database, records: Records, pool: Pool, monkeypatch: pytest.MonkeyPatch, cut: bool
) -> None:
    monkeypatch.setattr(live_streams, "SETTLE_EVERY", 0.05)
    for _ in range(50):
        await commit_event(records, BOB)
    await records.rows("UPDATE live_events SET announced_at = now() - interval '2 min'")
    async with live_service(database.service_url, pace=QUICK) as service, live_stream(service, ALICE) as stream:
        await stream.next()
        # The stream asks for itself. A process that knew nothing before the restore has nothing to compare with.
        await eventually(lambda: service.streams.settled == 50, "the process knows what is settled")
        await eventually(lambda: b": ping\nid: 50\n" in stream.raw, "the stream is up to date")
        async with records.connection.transaction():
            await records.rows("DELETE FROM live_events WHERE id > 10")
            await records.rows("ALTER TABLE live_events ALTER COLUMN id RESTART WITH 11")
        if cut:
            await _cut_listeners(pool)
        assert await stream.next() == ("reload", {})
        assert stream.last_id == "10"
        pings = stream.raw.count(b": ping")
        await eventually(lambda: stream.raw.count(b": ping") > pings + 2, "a few pings")
        assert await publish_one(service, records, stream) == 11


async def test_the_preparation_of_the_mailbox_is_sent_when_it_changes_until_it_is_ready(
    database: Database, records: Records
) -> None:
    async with live_service(database.service_url) as service:
        rows = service.records.rows
        rows[ALICE] = none = MailboxRecord(ALICE, NOW)
        async with live_stream(service, ALICE) as stream, live_stream(service, ALICE) as other_tab:
            assert await stream.next() == await other_tab.next() == ("provisioning", shown(none))
            waiting = replace(none, request=request_of(ALICE, state=State.WAITING))
            for later in (waiting, replace(waiting, opening=Opening(Cause.PAUSED, NOW)), waiting):
                rows[ALICE] = later
                assert await stream.next() == await other_tab.next() == ("provisioning", shown(later))
            rows[ALICE] = replace(waiting, now=NOW + timedelta(seconds=1))
            asked = len(service.records.asked)
            await eventually(lambda: len(service.records.asked) > asked + 2, "polled again")
            assert service.online == []
            del rows[ALICE]
            assert await stream.next() == await other_tab.next() == HELLO, "the time alone is no change"
            assert set(service.online) == {ALICE}
            await publish_one(service, records, stream, other_tab)


@pytest.mark.parametrize("hears", [True, False])
async def test_live_stream_ends_after_hello_when_centrifugo_publishes(database: Database, hears: bool) -> None:
    async with live_service(database.service_url, elsewhere=True) as service:
        service.hears = hears
        async with live_stream(service, ALICE) as stream:
            pace = [] if hears else [("pace", {"pushed": False})]
            expected = [HELLO, *pace, ("elsewhere", {})]
            assert [await stream.next() for _ in expected] == expected
            await eventually(lambda: stream.ended, "the end of the stream")
        # Another tab may have been open before. Centrifugo does not report when a client disconnects.
        await eventually(lambda: not service.streams.has_stream(ALICE), "closed")
        assert (service.online, service.offline) == ([ALICE], [])


async def test_a_client_learns_that_the_mail_server_reports_no_new_mail_and_when_that_ends(database: Database) -> None:
    async with live_service(database.service_url, pace=QUICK) as service, live_stream(service, ALICE) as stream:
        assert await stream.next() == HELLO
        service.hears = False
        assert await stream.next() == ("pace", {"pushed": False})
        service.hears = True
        assert await stream.next() == ("pace", {"pushed": True})


async def test_live_stream_continues_while_kratos_is_unavailable_but_none_starts(database: Database) -> None:
    async with live_service(database.service_url, pace=QUICK) as service, live_stream(service, ALICE) as stream:
        await stream.next()
        service.people.errors[ALICE] = KratosUnavailable("away")
        before = service.people.asked
        await eventually(lambda: service.people.asked > before + 2, "asked again")
        assert not stream.ended
        answer = await get(service, ALICE)
        assert (answer.status_code, answer.json()["code"]) == (503, "kratos_away")
        assert answer.headers["retry-after"]


async def test_a_slow_recheck_of_the_session_delays_no_event(database: Database, records: Records) -> None:
    async with live_service(database.service_url, pace=QUICK) as service, live_stream(service, ALICE) as stream:
        await stream.next()
        service.people.gate = asyncio.Event()
        asked = service.people.asked
        await eventually(lambda: service.people.asked > asked, "Kratos is asked")
        await publish_one(service, records, stream)
        await asyncio.sleep(3 * QUICK.recheck)
        assert service.people.asked == asked + 1, "Kratos gets one request at a time"
        service.people.errors[ALICE] = NoSession("logged out")
        service.people.gate.set()
        await eventually(lambda: stream.ended, "the end of the stream")


async def test_a_person_is_online_at_every_recheck_and_offline_after_the_last_stream(database: Database) -> None:
    async with live_service(database.service_url, pace=QUICK) as service:
        async with live_stream(service, ALICE) as one:
            await one.next()
            async with live_stream(service, ALICE) as two:
                await two.next()
            await eventually(lambda: len(service.online) > 5, "reported online again")
            assert service.offline == []
        await eventually(lambda: service.offline == [ALICE], "offline")
        assert set(service.online) == {ALICE}


async def test_malformed_postgresql_notification_is_ignored(service: LiveService, records: Records) -> None:
    async with live_stream(service, ALICE) as stream:
        await stream.next()
        for payload in ("", "nonsense", "x:y", f"{ALICE.hex}:x", f"{ALICE.hex}:", "ü" * 900):
            await records.rows("SELECT pg_notify('postroom_live', %s)", payload)
        await publish_one(service, records, stream)


async def _all_announced(records: Records) -> bool:
    return await unpublished(records) == 0


async def _cut_listeners(pool: Pool) -> None:
    async with pool.connection() as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'postroom-live' AND datname = current_database()"
        )

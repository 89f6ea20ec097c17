"""The sweep finds every identity that no hook told of, and touches nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
from redis.asyncio import Redis

from go_program import may_build
from kratos_servers import Kratos, kratos_stand_in, real_kratos
from parts import KEY, environment
from postroom import settings
from postroom.domain.mailbox import Mailbox
from postroom.postgres.sweep import PostgresSwept
from postroom.process import make_app
from postroom.provisioning.sweep import Sweep
from postroom.runtime import Parts, connected
from postroom.telemetry import REGISTRY
from records import NOWHERE, Records
from servers import Database
from stalwart_stand_in import StalwartStandIn

NO_HOOK = "http://127.0.0.1:1/internal/mail/provision"
SERVERS = {"stand-in": kratos_stand_in, "1.3.1": real_kratos}

pytestmark = may_build


@pytest.fixture(params=SERVERS)
async def kratos(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Kratos]:
    """Its hook leads nowhere: as if Postroom had been away at every registration."""
    async with SERVERS[request.param](tmp_path, hook_url=NO_HOOK, hook_key="key-of-the-tests") as server:
        yield server


@pytest.fixture
async def parts(database: Database, redis_url: str, stalwart: StalwartStandIn, kratos: Kratos) -> AsyncIterator[Parts]:
    """Without a worker: what the sweep stored stays to be looked at."""
    given = environment(database, redis_url, stalwart, kratos_admin_url=kratos.admin_url)
    async with connected(settings.load(given)) as parts:
        yield parts


async def _add(kratos: Kratos, email: str, **more: Any) -> UUID:
    """An identity made by the admin API, of which no hook ever tells."""
    body = {"schema_id": "default", "traits": {"email": email}} | more
    answer = await kratos.http.post(f"{kratos.admin_url}/admin/identities", json=body)
    return UUID(answer.raise_for_status().json()["id"])


async def _change(kratos: Kratos, identity_id: UUID, email: str) -> None:
    patch = [{"op": "replace", "path": "/traits/email", "value": email}]
    answer = await kratos.http.patch(f"{kratos.admin_url}/admin/identities/{identity_id}", json=patch)
    answer.raise_for_status()


async def _pass(parts: Parts) -> None:
    """One whole pass, now."""
    sweep = parts.sweep
    assert sweep
    await _make_due(sweep)
    while await sweep.turn() < 10:
        await _make_due(sweep)


async def _make_due(sweep: Sweep) -> None:
    await sweep._swept.put_off(0)


async def test_a_registration_without_hook_and_one_by_the_admin_get_their_requests(
    kratos: Kratos, parts: Parts, records: Records, redis: Redis
) -> None:
    registered = UUID(await kratos.register("Registered@Example.org"))
    added = await _add(kratos, "added@example.org")
    await _pass(parts)
    for identity_id, email in ((registered, "registered@example.org"), (added, "added@example.org")):
        request = await records.request(identity_id)
        assert (request["state"], request["email"], request["attempts"]) == ("waiting", email, 0)
        assert await records.audit(identity_id) == [("sweep", "done", 0)]
    assert await redis.zcard("email:provisioning:retry") == 2  # announced, so that reconcile has nothing to do
    await _pass(parts)
    assert await records.value("SELECT count(*) FROM email_provisioning_log") == 2


async def test_an_inactive_identity_is_left_out(kratos: Kratos, parts: Parts, records: Records) -> None:
    await _add(kratos, "inactive@example.org", state="inactive")
    await _pass(parts)
    assert await records.value("SELECT count(*) FROM email_requests") == 0


async def test_a_refused_identity_is_recorded_once_and_in_the_words_of_the_hook(
    kratos: Kratos, parts: Parts, records: Records
) -> None:
    refused = await _add(kratos, "postmaster@example.org")
    for _ in range(3):
        await _pass(parts)
    body = {"identity": {"id": str(refused), "traits": {"email": "postmaster@example.org"}}}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(make_app(parts)), base_url="http://postroom") as http:
        answer = await http.post("/internal/mail/provision", json=body, headers={"X-Postroom-Key": KEY})
    (entry,) = await records.log(refused)
    assert (entry["action"], entry["status"], entry["attempt_count"]) == ("refuse", "done", 0)
    assert (entry["email"], entry["code"]) == ("postmaster@example.org", "reserved_name")
    assert answer.json()["detail"] == entry["error_message"]
    assert answer.json()["type"] == f"urn:postroom:problem:{entry['code']}"
    assert await records.value("SELECT count(*) FROM email_requests") == 0


async def test_who_was_refused_gets_a_request_when_the_address_is_a_good_one(
    kratos: Kratos, parts: Parts, records: Records
) -> None:
    identity_id = await _add(kratos, "anna+work@example.org")
    await _pass(parts)
    refusal = await parts.refusals.last(identity_id)
    assert refusal
    assert (refusal.email, refusal.code) == ("anna+work@example.org", "unsafe_local_part")
    await _change(kratos, identity_id, "admin@example.org")
    await _pass(parts)
    total, (listed,) = await parts.refusals.without_request(limit=20)
    assert (total, listed.identity_id, listed.code) == (1, identity_id, "reserved_name")
    await _change(kratos, identity_id, "anna@example.org")
    await _pass(parts)
    assert (await records.request(identity_id))["state"] == "waiting"
    assert await parts.refusals.without_request(limit=20) == (0, [])


@pytest.mark.parametrize("kratos", ["1.3.1"], indirect=True)  # the stand-in reads JSON no deeper than Postroom
async def test_an_identity_that_nobody_can_read_is_set_aside_and_the_pass_comes_to_its_end(
    kratos: Kratos, parts: Parts, records: Records
) -> None:
    body = '{"schema_id": "default", "traits": {"email": "deep@example.org"}, "metadata_public": %s}'
    content = body % ('{"a":' * 3000 + "1" + "}" * 3000)
    answer = await kratos.http.post(
        f"{kratos.admin_url}/admin/identities", content=content, headers={"Content-Type": "application/json"}
    )
    answer.raise_for_status()
    bad = UUID(answer.headers["location"].rpartition("/")[2])
    good = await _add(kratos, "good@example.org")
    before = _found("unreadable")
    await _pass(parts)
    assert (await records.request(good))["state"] == "waiting"
    refusal = await parts.refusals.last(bad)
    assert refusal
    assert (refusal.code, refusal.email) == ("unreadable_identity", None)
    assert _found("unreadable") == before + 1
    assert await records.value("SELECT token IS NULL AND finished_at IS NOT NULL FROM identity_sweep")


def _found(what: str) -> float:
    return REGISTRY.get_sample_value("postroom_swept_identities_total", {"found": what}) or 0


async def test_a_page_token_that_kratos_refuses_begins_a_new_pass(
    kratos: Kratos, parts: Parts, records: Records
) -> None:
    assert parts.sweep
    added = await _add(kratos, "added@example.org")
    await records.rows("UPDATE identity_sweep SET token = 'of-a-kratos-before-its-upgrade'")
    await _make_due(parts.sweep)
    assert await parts.sweep.turn() == 30
    assert await records.value("SELECT token IS NULL AND due_at > now() + interval '29 s' FROM identity_sweep")
    await _pass(parts)
    assert (await records.request(added))["state"] == "waiting"


async def test_the_sweep_tells_when_its_last_whole_pass_ended_and_the_next_one_began(
    parts: Parts, records: Records
) -> None:
    swept, page = PostgresSwept(parts.pool), _Page(parts)
    assert (await parts.audit.counts())["sweep_finished_timestamp_seconds"] == 0
    await page.store(None, "1")
    first = await swept.progress()
    assert (first.token, first.finished_at) == ("1", None)
    await page.store("1", "2")
    assert (await swept.progress()).started_at == first.started_at
    await page.store("2", None)
    ended = await swept.progress()
    assert ended.started_at == first.started_at
    assert ended.finished_at
    told = (await parts.audit.counts())["sweep_finished_timestamp_seconds"]
    assert told == pytest.approx(ended.finished_at.timestamp(), abs=0.001)
    await page.store(None, "1")
    again = await swept.progress()
    assert again.started_at
    assert first.started_at
    assert again.started_at > first.started_at
    assert again.finished_at == ended.finished_at


async def test_a_page_that_was_read_before_a_restart_does_not_undo_it(parts: Parts) -> None:
    swept, page = PostgresSwept(parts.pool), _Page(parts)
    await page.store(None, "1")
    await swept.restart(0)
    await page.store("1", "2")
    progress = await swept.progress()
    assert progress.token is None
    assert progress.due_in <= 0


class _Page:
    """Pages without identities."""

    def __init__(self, parts: Parts) -> None:
        self._swept = PostgresSwept(parts.pool)

    async def store(self, after: str | None, token: str | None) -> None:
        assert await self._swept.store([], after=after, token=token, due_in=60) == ([], [])


async def test_what_exists_is_not_touched(kratos: Kratos, parts: Parts, records: Records) -> None:
    dead, provisioned = await _add(kratos, "dead@example.org"), await _add(kratos, "there@example.org")
    for identity_id, name in ((dead, "dead"), (provisioned, "there")):
        mailbox = Mailbox(identity_id, f"{name}@example.org")
        await parts.requests.accept(mailbox, holder=None, lease=10, origin=NOWHERE, action="accept")
    await records.rows(
        "UPDATE email_requests SET state = 'dead', reason = 'x', due_at = NULL WHERE identity_id = %s", dead
    )
    await records.rows(
        "UPDATE email_requests SET state = 'provisioned', due_at = NULL, email = 'old@example.org' "
        "WHERE identity_id = %s",
        provisioned,
    )
    before = await records.rows("SELECT * FROM email_requests ORDER BY identity_id")
    await _pass(parts)
    assert await records.rows("SELECT * FROM email_requests ORDER BY identity_id") == before


async def test_an_address_that_another_identity_holds_is_a_conflict(
    kratos: Kratos, parts: Parts, records: Records
) -> None:
    holder = Mailbox(UUID(int=1), "wanted@example.org")
    await parts.requests.accept(holder, holder=None, lease=10, origin=NOWHERE, action="accept")
    late = await _add(kratos, "wanted@example.org")
    for _ in range(2):
        await _pass(parts)
    assert (await records.request(late))["state"] == "dead"
    assert await records.audit(late) == [("sweep", "conflict", 0)]


async def test_a_kratos_that_is_away_is_left_alone(kratos: Kratos, parts: Parts, records: Records) -> None:
    assert parts.sweep
    away = parts.sweep._identities
    away._http.base_url = "http://127.0.0.1:1"  # pyright: ignore[reportAttributeAccessIssue]
    await _make_due(parts.sweep)
    assert await parts.sweep.turn() == 30
    assert await records.value("SELECT token IS NULL AND due_at > now() + interval '29 s' FROM identity_sweep")


async def test_a_killed_sweep_goes_on_where_it_was(
    database: Database, redis_url: str, stalwart: StalwartStandIn, tmp_path: Path, records: Records
) -> None:
    @asynccontextmanager
    async def process(kratos: Kratos) -> AsyncIterator[Parts]:
        given = environment(database, redis_url, stalwart, kratos_admin_url=kratos.admin_url)
        async with connected(settings.load(given)) as parts:
            yield parts

    async with kratos_stand_in(tmp_path, hook_url=NO_HOOK, hook_key="key-of-the-tests") as kratos:
        gate = asyncio.Semaphore(8)

        async def add(number: int) -> None:
            async with gate:
                await _add(kratos, f"p{number}@example.org")

        await asyncio.gather(*(add(number) for number in range(1100)))
        async with process(kratos) as first:
            assert first.sweep
            await _make_due(first.sweep)
            await first.sweep.turn()
        assert await records.value("SELECT count(*) FROM email_requests") == 500
        async with process(kratos) as second:
            assert second.sweep
            await second.sweep._swept.start_soon()  # what a process does first must not begin anew
            for stored in (1000, 1100):
                await _make_due(second.sweep)
                await second.sweep.turn()
                assert await records.value("SELECT count(*) FROM email_requests") == stored
        assert await records.value("SELECT token IS NULL FROM identity_sweep")

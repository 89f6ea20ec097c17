"""The sweep finds every identity that no hook told of, and touches nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis

from kratos_servers import Kratos, kratos_stand_in, may_build_kratos, real_kratos
from parts import environment
from postroom import settings
from postroom.domain.mailbox import Mailbox
from postroom.provisioning.sweep import Sweep
from postroom.runtime import Parts, connected
from records import NOWHERE, Records
from servers import Database
from stalwart_stand_in import StalwartStandIn

NO_HOOK = "http://127.0.0.1:1/internal/mail/provision"
SERVERS = {"stand-in": kratos_stand_in, "1.3.1": real_kratos}

pytestmark = may_build_kratos


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


async def test_a_refused_address_is_recorded_once(kratos: Kratos, parts: Parts, records: Records) -> None:
    refused = await _add(kratos, "postmaster@example.org")
    for _ in range(3):
        await _pass(parts)
    assert await records.audit(refused) == [("refuse", "done", 0)]
    assert await records.value("SELECT count(*) FROM email_requests") == 0


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

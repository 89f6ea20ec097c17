"""The sweep finds every identity whose webhook was lost, and changes nothing else."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
from redis.asyncio import Redis

from kratos_servers import SERVERS, Kratos
from parts import KEY, environment
from postroom.composition.parts import Parts, connected
from postroom.composition.process import make_app
from postroom.provisioning.sweep import Sweep
from postroom.settings.environment import load
from records import Records
from servers import Database
from stalwart_stand_in import StalwartStandIn

NO_HOOK = "http://127.0.0.1:1/internal/mail/provision"


@pytest.fixture(params=SERVERS)
async def kratos(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Kratos]:
    """Its webhook reaches nothing, as if Postroom had been unavailable at every registration."""
    async with SERVERS[request.param](tmp_path, hook_url=NO_HOOK, hook_key="key-of-the-tests") as server:
        yield server


@pytest.fixture
async def parts(database: Database, redis_url: str, stalwart: StalwartStandIn, kratos: Kratos) -> AsyncIterator[Parts]:
    """Without a worker, so that the rows of the sweep stay unchanged."""
    given = environment(database, redis_url, stalwart, kratos_admin_url=kratos.admin_url)
    async with connected(load(given)) as parts:
        yield parts


async def _add(kratos: Kratos, email: str, **more: Any) -> UUID:
    """Create an identity by the admin API, for which Kratos sends no webhook."""
    body = {"schema_id": "default", "traits": {"email": email}} | more
    answer = await kratos.http.post(f"{kratos.admin_url}/admin/identities", json=body)
    return UUID(answer.raise_for_status().json()["id"])


async def _pass(parts: Parts) -> None:
    """Run one complete pass now."""
    sweep = parts.sweep
    assert sweep
    await _make_due(sweep)
    while await sweep.step() < 10:
        await _make_due(sweep)


async def _make_due(sweep: Sweep) -> None:
    await sweep._swept.put_off(0)


async def test_sweep_stores_requests_for_identities_without_webhook_or_made_by_the_admin(
    kratos: Kratos, parts: Parts, records: Records, redis: Redis
) -> None:
    registered = UUID(await kratos.register("Registered@Example.org"))
    added = await _add(kratos, "added@example.org")
    await _pass(parts)
    for identity_id, email in ((registered, "registered@example.org"), (added, "added@example.org")):
        request = await records.request(identity_id)
        assert (request["state"], request["email"], request["attempts"]) == ("waiting", email, 0)
        assert await records.audit(identity_id) == [("sweep", "done", 0)]
    # added to the retry index, so that reconcile has nothing to do
    assert await redis.zcard("email:provisioning:retry") == 2
    await _pass(parts)
    assert await records.value("SELECT count(*) FROM email_provisioning_log") == 2


async def test_sweep_records_a_refused_identity_once_with_the_reason_of_the_webhook(
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


async def test_sweep_follows_an_address_that_changed_before_the_first_attempt(
    kratos: Kratos, parts: Parts, records: Records
) -> None:
    """The webhook of the change was lost: the person would get a mailbox with the old address."""
    waits, locked = [await _add(kratos, f"{name}@example.org") for name in ("waits", "locked")]
    await _pass(parts)
    await records.rows("UPDATE email_requests SET email = 'old-' || email, enqueued_at = now() - interval '1 hour'")
    async with records.connection.transaction():
        await records.rows("SELECT FROM email_requests WHERE identity_id = %s FOR UPDATE", locked)
        await _pass(parts)
    found = {row["identity_id"]: row["email"] for row in await records.rows("SELECT * FROM email_requests")}
    assert found == {waits: "waits@example.org", locked: "old-locked@example.org"}
    await _pass(parts)
    assert (await records.request(locked))["email"] == "locked@example.org"
    assert await records.audit(waits) == [("sweep", "done", 0)] * 2


async def test_identity_that_postgresql_refuses_is_set_aside_and_the_pass_goes_on(
    kratos: Kratos, parts: Parts, records: Records
) -> None:
    changed = await _add(kratos, "worse@example.org")
    await _pass(parts)
    await records.rows("UPDATE email_requests SET email = 'old@example.org'")
    await records.rows("ALTER TABLE email_requests ADD CHECK (email NOT IN ('bad@example.org', 'worse@example.org'))")
    good, bad, better = [await _add(kratos, f"{name}@example.org") for name in ("good", "bad", "better")]
    for _ in range(2):
        await _pass(parts)
    found = {row["identity_id"] for row in await records.rows("SELECT identity_id FROM email_requests")}
    assert found == {good, better, changed}
    for each in (bad, changed):
        refusal = (await records.log(each))[-1]
        assert (refusal["action"], refusal["code"]) == ("refuse", "unreadable_identity")
    assert await records.value("SELECT finished_at IS NOT NULL FROM identity_sweep")

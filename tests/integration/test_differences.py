"""In what identities of a real Kratos differ from their mailboxes is stored, and nothing else is changed."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx2
import pytest

from kratos_people import a_pass, change, identity
from kratos_servers import SERVERS, Kratos
from parts import KEY, environment
from postroom.composition.parts import Parts, connected
from postroom.composition.process import make_app
from postroom.domain.difference import Kind
from postroom.postgres.connection import Pool
from postroom.postgres.doubts import PostgresDoubts
from postroom.provisioning.ports import Found
from postroom.settings.environment import load
from records import Records
from servers import Database
from stalwart_stand_in import StalwartStandIn

NO_HOOK = "http://127.0.0.1:1/internal/mail/provision"


@pytest.fixture(params=SERVERS)
async def kratos(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Kratos]:
    async with SERVERS[request.param](tmp_path, hook_url=NO_HOOK, hook_key="key-of-the-tests") as server:
        yield server


@pytest.fixture
async def parts(database: Database, redis_url: str, stalwart: StalwartStandIn, kratos: Kratos) -> AsyncIterator[Parts]:
    given = environment(database, redis_url, stalwart, kratos_admin_url=kratos.admin_url)
    async with connected(load(given)) as parts:
        yield parts


async def make_mailboxes(records: Records) -> None:
    """As attempts do, for all requests."""
    await records.rows("UPDATE email_requests SET state = 'provisioned', due_at = NULL, attempts = 1")
    await records.rows("UPDATE addresses SET role = 'held'")
    await records.rows("""
        INSERT INTO email_accounts (id, kratos_identity_id, email, stalwart_account_id)
        SELECT gen_random_uuid(), identity_id, email, 'b' FROM email_requests""")


async def doubts(records: Records) -> dict[UUID, dict[str, str | None]]:
    found: dict[UUID, dict[str, str | None]] = {}
    for each in await records.rows("SELECT identity_id, kind, seen FROM doubts"):
        found.setdefault(each["identity_id"], {})[each["kind"]] = each["seen"]
    return found


async def test_a_pass_stores_what_differs_and_ends_what_no_longer_does(
    kratos: Kratos, parts: Parts, records: Records
) -> None:
    ada, bob, eve, zoe = [await identity(kratos, name) for name in ("ada", "bob", "eve", "zoe")]
    await a_pass(parts)
    await make_mailboxes(records)
    await a_pass(parts)
    assert await doubts(records) == {}
    await change(kratos, ada, traits_email="countess@example.org", traits_name="Ada King")
    await change(kratos, bob, state="inactive")
    await change(kratos, eve, traits_email="postmaster@example.org")
    before = await records.rows("SELECT * FROM email_requests ORDER BY identity_id")
    await a_pass(parts)
    found = await doubts(records)
    reason = found[eve]["address"]
    assert found == {
        ada: {"rename": "countess@example.org", "name": "Ada King"},
        bob: {"inactive": None},
        eve: {"address": reason},
    }
    assert reason
    assert await records.rows("SELECT * FROM email_requests ORDER BY identity_id") == before
    assert (await records.log(ada))[-1][
        "error_message"
    ] == "another address is wanted; the mailbox stays ada@example.org"
    rows = await records.rows("SELECT *, xmin::text FROM doubts ORDER BY identity_id, kind")
    await a_pass(parts)
    assert await records.rows("SELECT *, xmin::text FROM doubts ORDER BY identity_id, kind") == rows, "none is written"
    await change(kratos, ada, traits_email="ada@example.org")
    await change(kratos, bob, state="active")
    await change(kratos, zoe, traits_name="Zoë")
    await a_pass(parts)
    found = await doubts(records)
    assert found == {ada: {"name": "Ada King"}, eve: {"address": reason}, zoe: {"name": "Zoë"}}


async def test_who_is_deleted_counts_as_absent_by_whole_passes_until_kratos_knows_him_again(
    kratos: Kratos, parts: Parts, records: Records
) -> None:
    people = [await identity(kratos, name) for name in ("ada", "bob", "eve", "zoe")]
    await a_pass(parts)
    await make_mailboxes(records)
    await a_pass(parts)
    gone = people[1]
    await change(kratos, gone, traits_name="Bobby")
    await a_pass(parts)
    (await kratos.http.delete(f"{kratos.admin_url}/admin/identities/{gone}")).raise_for_status()
    for passes in (1, 2, 2):
        await a_pass(parts)
        assert await doubts(records) == {gone: {"absent": None}}
        assert await records.value("SELECT passes FROM doubts") == passes


async def test_a_kratos_that_was_emptied_shows_nobody_to_be_absent(
    kratos: Kratos, parts: Parts, records: Records
) -> None:
    people = [await identity(kratos, name) for name in ("ada", "bob", "eve")]
    await a_pass(parts)
    await make_mailboxes(records)
    await a_pass(parts)
    for each in people:
        (await kratos.http.delete(f"{kratos.admin_url}/admin/identities/{each}")).raise_for_status()
    for _ in range(3):
        await a_pass(parts)
    assert await doubts(records) == {each: {"absent": None} for each in people}
    assert await records.value("SELECT max(passes) FROM doubts") == 0
    counted = await records.value("SELECT counted FROM identity_sweep")
    assert counted == {"mailboxes": 3, "implausible": "Kratos listed no identity", "more": {}}


async def test_of_more_than_can_be_stored_the_others_are_counted(
    kratos: Kratos, parts: Parts, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [await identity(kratos, name) for name in ("ada", "bob", "eve", "zoe")]
    await a_pass(parts)
    await make_mailboxes(records)
    monkeypatch.setattr("postroom.postgres.doubts.STORED", 1)
    for each in people[:3]:
        (await kratos.http.delete(f"{kratos.admin_url}/admin/identities/{each}")).raise_for_status()
    await change(kratos, people[3], traits_name="Zoë")
    for _ in range(2):
        await a_pass(parts)
        assert {kind for each in (await doubts(records)).values() for kind in each} == {"absent", "name"}
        assert await records.value("SELECT count(*) FROM doubts") == 2
        assert (await records.value("SELECT counted FROM identity_sweep"))["more"] == {"absent": 2}


async def test_what_a_read_shows_never_undoes_what_a_later_one_showed(pool: Pool, records: Records) -> None:
    who, store = uuid4(), PostgresDoubts(pool)
    now = await store.now()
    sooner = now - timedelta(seconds=1)
    await store.store([Found(who, Kind.NAME, "new")], [], read_at=now, began_at=None, by_hook=True)
    await store.store([Found(who, Kind.NAME, "old")], [], read_at=sooner, began_at=None, by_hook=False)
    await store.store([], [(who, Kind.NAME)], read_at=sooner, began_at=None, by_hook=False)
    assert await doubts(records) == {who: {"name": "new"}}
    later = now + timedelta(seconds=1)
    await store.store([], [(who, Kind.NAME)], read_at=later, began_at=None, by_hook=False)
    assert await doubts(records) == {}


async def test_a_hook_about_a_changed_identity_is_answered_at_once_and_the_identity_read_after_it(
    kratos: Kratos, parts: Parts, records: Records
) -> None:
    ada = await identity(kratos, "ada")
    await a_pass(parts)
    await make_mailboxes(records)
    await change(kratos, ada, traits_email="countess@example.org")
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(make_app(parts)), base_url="http://postroom") as http:
        body = {"identity": {"id": str(ada), "traits": {"email": "late@example.org"}}}
        answer = await http.post("/internal/mail/provision", json=body, headers={"X-Postroom-Key": KEY})
    assert answer.status_code == 200
    assert await doubts(records) == {}
    await read_all(parts)
    assert await doubts(records) == {ada: {"rename": "countess@example.org"}}
    assert await records.value("SELECT found_by FROM doubts WHERE kind = 'rename'") == "hook"


async def read_all(parts: Parts) -> None:
    differences = parts.differences
    assert differences
    for each in [*differences._waiting]:
        del differences._waiting[each]
        await differences._of_one(each)

"""A mailbox follows its identity: from what Kratos says, over its goal, to the account at the mail server.

No setting of this version lets a process do that: the tests do.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from followed import made
from kratos_people import a_pass, change
from kratos_servers import SERVERS, Kratos
from parts import environment, running_parts
from postroom.composition.parts import Parts
from postroom.settings.settings import Settings
from records import Records
from servers import Database
from stalwart_stand_in import StalwartStandIn

NO_HOOK = "http://127.0.0.1:1/internal/mail/provision"
ADA, COUNTESS = "ada@example.org", "countess@example.org"


@pytest.fixture(params=SERVERS)
async def kratos(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Kratos]:
    async with SERVERS[request.param](tmp_path, hook_url=NO_HOOK, hook_key="key-of-the-tests") as server:
        yield server


@pytest.fixture
async def parts(
    database: Database,
    redis_url: str,
    stalwart: StalwartStandIn,
    kratos: Kratos,
    records: Records,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Parts]:
    monkeypatch.setattr(Settings, "follows_identities", True)
    await records.rows("UPDATE brake SET judged_at = now()")  # as after the first whole pass
    given = environment(database, redis_url, stalwart, kratos_admin_url=kratos.admin_url, delay_factor="0.001")
    stop = asyncio.Event()
    async with running_parts(given) as parts:
        assert parts.differences
        reading = asyncio.create_task(parts.differences.run(stop))
        yield parts
        stop.set()
        await reading


async def test_new_address_and_name_reach_the_mail_server_and_the_old_address_stays(
    kratos: Kratos, parts: Parts, records: Records, stalwart: StalwartStandIn
) -> None:
    ada = await made(kratos, parts, records, stalwart)
    await change(kratos, ada.id, traits_email=COUNTESS, traits_name="Ada King")
    await ada.hook()
    await ada.becomes(state="provisioned", goal=1, have_goal=1, email=COUNTESS)
    assert COUNTESS in str(await ada.account())
    assert ADA in str(await ada.account())
    recorded = await ada.recorded()
    assert (recorded["email"], recorded["name"]) == (COUNTESS, "Ada King")
    found = await records.rows("SELECT address, role FROM addresses ORDER BY address")
    assert [(each["address"], each["role"]) for each in found] == [(ADA, "old"), (COUNTESS, "held")]
    actions = [(each["action"], each["status"]) for each in await records.log(ada.id)]
    assert actions[-4:] == [("change", "pending"), ("change", "success"), ("rename", "done"), ("describe", "done")]


async def test_inactive_identity_is_locked_out_and_an_active_one_let_in_again(
    kratos: Kratos, parts: Parts, records: Records, stalwart: StalwartStandIn
) -> None:
    ada = await made(kratos, parts, records, stalwart)
    await change(kratos, ada.id, state="inactive", traits_email=COUNTESS)
    await ada.hook()
    await ada.becomes(state="provisioned", have_goal=1, want_because="inactive")
    recorded = await ada.recorded()
    assert (recorded["state"], recorded["suspended_because"]) == ("suspended", ["inactive"])
    assert recorded["email"] == COUNTESS, "what gives is given"
    await change(kratos, ada.id, state="active")
    await ada.hook()
    await ada.becomes(state="provisioned", have_goal=2, want_because=None)
    assert (await ada.recorded())["state"] == "active"


async def test_address_of_another_is_a_dead_letter_and_locks_nobody_out(
    kratos: Kratos, parts: Parts, records: Records, stalwart: StalwartStandIn
) -> None:
    """Kratos knows nothing of the former addresses of mailboxes."""
    ada = await made(kratos, parts, records, stalwart)
    bob = await made(kratos, parts, records, stalwart, "bob")
    await records.rows("UPDATE addresses SET address = %s WHERE identity_id = %s AND role = 'held'", COUNTESS, bob.id)
    await change(kratos, ada.id, traits_email=COUNTESS, traits_name="Ada King")
    await ada.hook()
    await ada.becomes(state="dead", given_up=1)
    row = await records.request(ada.id)
    assert str(bob.id) in row["reason"]
    recorded = await ada.recorded()
    assert (recorded["email"], recorded["name"], recorded["state"]) == (ADA, "Ada King", "active"), "the rest is given"
    await change(kratos, ada.id, traits_email=ADA)
    await ada.hook()
    await ada.becomes(state="provisioned", have_goal=2, given_up=None)


async def test_pass_compares_with_what_is_wanted_and_lets_in_who_is_active_again_though_the_hook_was_lost(
    kratos: Kratos, parts: Parts, records: Records, stalwart: StalwartStandIn
) -> None:
    ada = await made(kratos, parts, records, stalwart)
    await change(kratos, ada.id, state="inactive", traits_email=COUNTESS)
    await ada.hook()
    await ada.becomes(state="provisioned", have_goal=1)
    before = await records.request(ada.id)
    await a_pass(parts)
    assert await records.rows("SELECT * FROM doubts") == []
    assert (await records.request(ada.id))["commit"] == before["commit"]
    await change(kratos, ada.id, state="active")
    await a_pass(parts)
    await ada.becomes(state="provisioned", have_goal=2, want_because=None)
    assert (await ada.recorded())["state"] == "active"

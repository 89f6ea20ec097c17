"""An asynchronous replica is promoted without the last commits: an answered request may be lost, but the sweep finds
its identity again. No identity gets a second mailbox, and no attempt waits for a lost row."""

import asyncio
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from kratos_servers import Kratos, kratos_stand_in
from parts import KEY, environment
from records import records_of
from scaling.hosts import host
from scaling.postgres_pair import postgres_pair
from stalwart_stand_in import stalwart_stand_in

HOSTS = ("127.0.0.2", "127.0.0.3")

pytestmark = [pytest.mark.allow_hosts(["127.0.0.1", *HOSTS]), pytest.mark.timeout(120)]


async def _registered(kratos: Kratos, email: str) -> UUID:
    body = {"schema_id": "default", "traits": {"email": email}}
    answer = await kratos.http.post(f"{kratos.admin_url}/admin/identities", json=body)
    return UUID(answer.raise_for_status().json()["id"])


async def test_commits_lost_in_a_fail_over_never_cause_a_second_mailbox(tmp_path: Path) -> None:
    async with (
        postgres_pair(tmp_path / "postgres", HOSTS, synchronous=False) as postgres,
        stalwart_stand_in(tmp_path) as stalwart,
        kratos_stand_in(tmp_path, hook_url="http://127.0.0.1:9", hook_key=KEY) as kratos,
    ):
        more = {"kratos_admin_url": kratos.admin_url, "sweep_seconds": 1}
        async with host(HOSTS[0], tmp_path, environment(postgres.database, None, stalwart, **more)) as first:
            await first.serve(worker="true")
            people: dict[UUID, str] = {}
            for number in range(3):
                people[await _registered(kratos, f"before{number}@example.org")] = f"before{number}@example.org"
            async with records_of(postgres.replica.owner_url) as records:
                await records.until("provisioned", *people, within=30)
            await postgres.replica.fall_behind()
            lost = {await _registered(kratos, f"lost{n}@example.org"): f"lost{n}@example.org" for n in range(3)}
            for identity_id, email in lost.items():
                assert await first.hook(identity_id, email) == 200
            await stalwart.set_fault(kind="slow", delay_ms=3000)
            under_way = await _registered(kratos, "under-way@example.org")
            hook = asyncio.create_task(first.hook(under_way, "under-way@example.org"))
            async with records_of(postgres.primary.owner_url) as records:
                await records.until("running", under_way)
            postgres.primary.kill()
            await stalwart.clear_faults()
            await postgres.replica.promote()
            await hook
            people |= lost | {under_way: "under-way@example.org"}
            async with records_of(postgres.replica.owner_url) as records:
                await records.until("provisioned", *people, within=60)
                rows = await records.rows(
                    "SELECT kratos_identity_id AS id, email, stalwart_account_id AS account FROM email_accounts"
                )
            accounts = {account["id"]: account for account in await stalwart.accounts()}
            assert {row["id"]: row["email"] for row in rows} == people
            assert len(accounts) == len(people), "a second mailbox was made"
            for row in rows:
                assert accounts[row["account"]]["marks"] == [f"postroom-{row['id'].hex}"]
            new = uuid4()
            assert await first.hook(new, "afterwards@example.org") == 200, "the slots were released"
            assert "Traceback" not in first.logs()

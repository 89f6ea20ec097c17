"""PostgreSQL is restored from the dump of last night: what becomes of the people of today. docs/how-to/back-up.md says
the same to whoever runs Postroom."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_bytes
from typing import Any
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from commands import Commands
from database_dump import dump, restore
from eventually import eventually
from kratos_servers import SERVERS, Kratos
from parts import environment
from postroom.domain.mailbox import mark_of
from postroom.domain.person import Scope
from postroom.people.access_tokens import TokenMaker, hash_of
from postroom.postgres.access_tokens import PostgresAccessTokens
from postroom.postgres.connection import make_pool
from postroom_sandbox.embedded_postgres import EmbeddedPostgres
from postroom_sandbox.loopback import free_port
from records import Records, records_of
from servers import Database
from service_process import KEY, ServiceProcess, running
from stalwart_client import StalwartClient
from stalwart_stand_in import StalwartStandIn


@dataclass
class Installation:
    """Kratos, the mail server and Redis, which nobody restores, and a service of Postroom, which runs or does not."""

    kratos: Kratos
    stalwart: StalwartStandIn
    server: EmbeddedPostgres
    database: Database
    folder: Path
    settings: dict[str, str]
    people: dict[str, UUID] = field(default_factory=dict[str, UUID])

    @property
    def postroom(self) -> Commands:
        return Commands(self.settings)

    @asynccontextmanager
    async def service(self) -> AsyncIterator[ServiceProcess]:
        async with running("serve", self.settings) as process:
            await eventually(process.ready, "the service is ready", 30)
            yield process

    async def register(self, name: str, state: str) -> None:
        """A person, whose request is then in that state."""
        self.people[name] = UUID(await self.kratos.register(f"{name}@example.org"))
        await self.until(state, name)

    async def change_address(self, name: str, email: str) -> None:
        patch = [{"op": "replace", "path": "/traits/email", "value": email}]
        url = f"{self.kratos.admin_url}/admin/identities/{self.people[name]}"
        (await self.kratos.http.patch(url, json=patch)).raise_for_status()

    async def until(self, state: str, *names: str) -> None:
        async with self.records() as records:
            await records.until(state, *(self.people[name] for name in names), within=30)

    async def night(self) -> None:
        await dump(self.server, self.database, self.folder / "last-night")

    async def restored(self) -> None:
        await restore(self.server, self.database, self.folder / "last-night")

    @asynccontextmanager
    async def records(self) -> AsyncIterator[Records]:
        async with records_of(self.database.owner_url) as records:
            yield records

    async def states(self) -> dict[str, str]:
        names = {identity_id: name for name, identity_id in self.people.items()}
        async with self.records() as records:
            rows = await records.rows("SELECT identity_id, state FROM email_requests")
        return {names[row["identity_id"]]: row["state"] for row in rows}

    async def reason(self, name: str) -> str:
        async with self.records() as records:
            return (await records.request(self.people[name]))["reason"]

    async def audit(self, name: str) -> list[tuple[str, str]]:
        async with self.records() as records:
            return [(action, status) for action, status, _ in await records.audit(self.people[name])]

    async def mailboxes(self) -> dict[str, str]:
        """The id of each mailbox on the mail server by its address."""
        accounts = await self.stalwart.accounts()
        addresses = [each["addresses"][0] for each in accounts]
        assert len(addresses) == len(set(addresses))
        return {each["addresses"][0].partition("@")[0]: each["id"] for each in accounts}

    async def on_record(self) -> dict[str, str]:
        async with self.records() as records:
            rows = await records.rows("SELECT email, stalwart_account_id FROM email_accounts")
        return {row["email"].partition("@")[0]: row["stalwart_account_id"] for row in rows}


@pytest.fixture
async def installation(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    postgres_server: EmbeddedPostgres,
    database: Database,
    redis_url: str,
    stalwart: StalwartStandIn,
) -> AsyncIterator[Installation]:
    port = free_port()
    hook_url = f"http://127.0.0.1:{port}/internal/mail/provision"
    async with SERVERS[getattr(request, "param", "stand-in")](tmp_path, hook_url=hook_url, hook_key=KEY) as kratos:
        own = {"host": "127.0.0.1", "port": port, "webhook_key": KEY, "kratos_admin_url": kratos.admin_url}
        settings = environment(database, redis_url, stalwart, **own)
        yield Installation(kratos, stalwart, postgres_server, database, tmp_path, settings)


async def until_last_night(here: Installation) -> None:
    """ada has her mailbox, ben waits for a retry, cleo is a dead letter."""
    await here.stalwart.set_fault(kind="fail", word="ben")
    await here.register("ada", "provisioned")
    await here.register("ben", "waiting")
    await here.stalwart.set_fault(kind="fail", word="cleo")
    await here.register("cleo", "waiting")
    await here.postroom("bury", "cleo@example.org", "--reason", "typed wrong")
    await here.stalwart.clear_faults()
    await here.night()


async def since_then(here: Installation) -> None:
    """ben, cleo, dora and gil have got their mailboxes, gil has another address since; emil waits, and fay has
    been buried."""
    await here.postroom("retry", "ben@example.org")
    await here.postroom("retry", "cleo@example.org")
    await here.register("dora", "provisioned")
    await here.register("gil", "provisioned")
    await here.change_address("gil", "gilbert@example.org")
    await here.until("provisioned", "ben", "cleo")
    for name in ("emil", "fay"):
        await here.stalwart.set_fault(kind="fail", word=name)
        await here.register(name, "waiting")
    await here.postroom("bury", "fay@example.org", "--reason", "has left")
    await here.stalwart.clear_faults()


async def test_after_a_restore_the_sweep_and_the_marks_return_each_mailbox_to_its_person(
    installation: Installation, redis: Redis
) -> None:
    here = installation

    async def retry_index_is_empty() -> bool:
        return await redis.zcard("email:provisioning:retry") == 0

    async with here.service():
        await until_last_night(here)
        await since_then(here)
    before = await here.mailboxes()
    assert set(before) == {"ada", "ben", "cleo", "dora", "gil"}
    await here.restored()
    assert await here.states() == {"ada": "provisioned", "ben": "waiting", "cleo": "dead"}
    async with here.records() as records:  # instead of the hours since last night
        await records.make_due_in(0, here.people["ben"])

    async with here.service():
        await here.until("provisioned", "ben", "dora", "emil", "fay")
        await here.until("dead", "cleo", "gil")
        assert "mailbox on the mail server is gil@example.org" in await here.reason("gil")
        assert await here.audit("dora") == [("sweep", "done"), ("create", "pending"), ("create", "success")]
        # What an operator decided today is not known any more: fay was buried, and gets a mailbox.
        after = await here.mailboxes()
        assert {name: after[name] for name in before} == before
        assert set(after) - set(before) == {"emil", "fay"}
        await here.postroom("retry", "cleo@example.org")
        await here.until("provisioned", "cleo")
        assert await here.mailboxes() == after
        assert await here.on_record() | {"gil": before["gil"]} == after
        # Redis has not been emptied: what it still holds of today is corrected.
        await eventually(retry_index_is_empty, "an empty retry index", 60)


async def test_rebuild_after_a_restore_returns_the_mailboxes_of_today_also_of_who_has_another_address(
    installation: Installation,
) -> None:
    here = installation
    async with here.service():
        await until_last_night(here)
        await since_then(here)
    await here.restored()
    before = await here.mailboxes()
    tally: Any = await here.postroom.json("rebuild", "--from-stalwart", code=1)
    assert (tally["restored"], tally["known"], tally["under_way"], tally["missing"]) == (2, 1, 1, 0)
    (cleo,) = tally["differences"]
    assert (cleo["email"], cleo["why"]) == (
        "cleo@example.org",
        "its request is a dead letter: postroom retry adopts the mailbox",
    )
    assert await here.audit("dora") == await here.audit("gil") == [("rebuild", "done")]
    await here.postroom("retry", "ben@example.org", "cleo@example.org")
    async with here.service():
        await here.until("provisioned", *here.people)
    after = await here.mailboxes()
    assert {name: after[name] for name in before} == before
    assert await here.on_record() == after


@pytest.mark.parametrize("installation", ["1.3.1"], indirect=True)
async def test_person_who_must_register_again_gets_the_old_mailbox_once_it_carries_the_new_mark(
    installation: Installation,
) -> None:
    """Kratos was restored, too, or its database is the same: the identities of today are gone."""
    here = installation
    async with here.service():
        await here.night()
        await here.register("dora", "provisioned")
    old = here.people["dora"]
    await here.restored()
    answer = await here.kratos.http.delete(f"{here.kratos.admin_url}/admin/identities/{old}")
    assert answer.status_code == 204
    async with here.service():
        await here.register("dora", "dead")
        new = here.people["dora"]
        mailbox = (await here.mailboxes())["dora"]
        held = f"held by the account {mailbox} on the mail server, which does not carry this identity's mark"
        assert held in await here.reason("dora")

        client = StalwartClient(here.stalwart.url, here.stalwart.admin)
        async with client.http:
            aliases = (await client.get(mailbox))["aliases"]
            ((place, alias),) = aliases.items()
            assert alias["name"] == mark_of(old)
            assert await client.update(mailbox, **{f"aliases/{place}/name": mark_of(new)}) == {}
        await here.postroom("retry", "dora@example.org")
        await here.until("provisioned", "dora")
    assert await here.on_record() == await here.mailboxes() == {"dora": mailbox}


async def test_restore_revives_the_access_tokens_that_were_revoked_since_and_forgets_those_made_since(
    postgres_server: EmbeddedPostgres, database: Database, tmp_path: Path
) -> None:
    ada = uuid4()
    async with make_pool(database.service_url, size=2) as pool:
        tokens = PostgresAccessTokens(pool)
        maker = TokenMaker(tokens, new_id=uuid4, random_bytes=token_bytes, now=lambda: datetime.now(UTC))
        lost, text = await maker.make(ada, name="a lost phone", scopes=frozenset({Scope.READ}))
        await dump(postgres_server, database, tmp_path / "last-night")
        assert await tokens.revoke(ada, lost.id)
        _, text_of_today = await maker.make(ada, name="a new phone", scopes=frozenset({Scope.READ}))
    await restore(postgres_server, database, tmp_path / "last-night")
    async with make_pool(database.service_url, size=2) as pool:
        tokens = PostgresAccessTokens(pool)
        assert await tokens.find(hash_of(text) or b"") is not None
        assert await tokens.find(hash_of(text_of_today) or b"") is None

"""`postroom show`: the identity, what is wanted, the mailbox on record and the account, side by side."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from commands import Commands
from kratos_people import a_pass, change, identity
from kratos_servers import SERVERS, Kratos
from parts import UNUSED_URL, environment, running_parts
from postroom.composition.parts import Parts
from records import Records
from servers import Database
from stalwart_stand_in import StalwartStandIn, admin_of

ADA, COUNTESS = "ada@example.org", "countess@example.org"


@pytest.fixture(params=SERVERS)
async def kratos(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Kratos]:
    async with SERVERS[request.param](tmp_path, hook_url=f"{UNUSED_URL}/hook", hook_key="key-of-the-tests") as server:
        yield server


@pytest.fixture
def given(database: Database, redis_url: str, stalwart: StalwartStandIn, kratos: Kratos) -> dict[str, str]:
    return environment(database, redis_url, stalwart, kratos_admin_url=kratos.admin_url)


@pytest.fixture
def postroom(given: dict[str, str]) -> Commands:
    return Commands(given)


@pytest.fixture
async def parts(given: dict[str, str]) -> AsyncIterator[Parts]:
    async with running_parts(given) as parts:
        yield parts


@pytest.fixture
async def ada(kratos: Kratos, parts: Parts, records: Records) -> UUID:
    identity_id = await identity(kratos, "ada")
    await a_pass(parts)
    await records.until("provisioned", identity_id)
    return identity_id


def table(shown: str, name: str) -> list[list[str]]:
    rows = [line.split("\t") for line in shown.splitlines() if line.startswith(f"{name}\t")]
    return [row[1:] for row in rows[1:]]


async def test_one_person_is_shown_at_each_place_by_id_and_by_every_address(
    postroom: Commands, given: dict[str, str], ada: UUID, kratos: Kratos
) -> None:
    await change(kratos, ada, traits_email=COUNTESS)
    for who in (str(ada), f" {ADA.upper()}", COUNTESS):
        shown = await postroom("show", who)
        assert f"{ADA}, identity {ada}: provisioned" in shown
        assert ["address", COUNTESS, ADA, ADA, ADA] in table(shown, "now")
        assert [row[1:3] for row in table(shown, "log")][-2:] == [["create", "pending"], ["create", "success"]]
    bob = await identity(kratos, "bob")
    assert f"identity {bob}: no request" in await postroom("show", "bob@example.org"), "the sweep has not found him yet"
    eve = await identity(kratos, "ada")
    several = await postroom("show", ADA, code=2)
    assert {row[0] for row in (line.split("\t") for line in several.splitlines()[2:])} == {str(ada), str(eve)}
    assert "nothing is known of zoe@example.org" in await postroom("show", "zoe@example.org", code=2)

    silent = Commands(given | dict.fromkeys(["POSTROOM_STALWART_URL", "POSTROOM_KRATOS_ADMIN_URL"], UNUSED_URL))
    shown = await silent.json("show", ADA)
    assert (shown["on_record"]["email"], shown["at_kratos"], shown["at_stalwart"]) == (ADA, None, None)
    assert shown["silent"].keys() == {"kratos", "stalwart"}
    lost = Commands(given | {"POSTROOM_DATABASE_URL": "postgresql://nobody:secret@127.0.0.1:9/nothing"})
    shown = await lost("show", COUNTESS)
    assert "postgresql does not say anything: " in shown
    assert ["address", COUNTESS, "?", "?", ADA] in table(shown, "now")
    assert "secret" not in shown


async def test_account_of_nobody_is_found_by_its_address_and_by_an_alias(
    database: Database, stalwart: StalwartStandIn
) -> None:
    postroom = Commands(environment(database, None, stalwart))
    async with admin_of(stalwart) as admin:
        alias = {"name": "countess", "domainId": admin.domain, "enabled": True}
        account_id = await admin.create("ada", aliases={"0": alias})
    for who in (ADA, COUNTESS):
        lines = (await postroom("show", who)).splitlines()
        assert lines == [
            "no identity is known by this address",
            "kratos does not say anything: POSTROOM_KRATOS_ADMIN_URL is not set",
            f"Stalwart's account {account_id}, {ADA}, has no mark",
        ]
    assert "nothing is known" in await postroom("show", "lovelace@example.org", code=2)

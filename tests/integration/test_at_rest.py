"""Mailboxes at rest that were changed by hand, by a late update or by a restore: the inspection records it, and what
is wanted is done again."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from eventually import eventually
from followed import Person, made
from kratos_people import change
from kratos_servers import Kratos, kratos_stand_in
from parts import environment, running_parts
from postroom.composition.parts import Parts
from postroom.postgres.inspected import PostgresInspected
from postroom.postgres.mail_accounts import PostgresMailAccounts
from postroom.settings.settings import Settings
from records import Records
from servers import Database
from stalwart_client import StalwartClient
from stalwart_stand_in import StalwartStandIn, admin_of

ADA, HAND, THIRD = "ada@example.org", "hand@example.org", "third@example.org"
OFF = {"@type": "Merge", "enabledPermissions": {}, "disabledPermissions": {"authenticate": True}}


@pytest.fixture
async def kratos(tmp_path: Path) -> AsyncIterator[Kratos]:
    async with kratos_stand_in(
        tmp_path, hook_url="http://127.0.0.1:1/internal/mail/provision", hook_key="key-of-the-tests"
    ) as server:
        yield server


@pytest.fixture(params=["follows", "reports"])
async def parts(
    request: pytest.FixtureRequest,
    database: Database,
    stalwart: StalwartStandIn,
    kratos: Kratos,
    records: Records,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Parts]:
    monkeypatch.setattr(Settings, "follows_identities", request.param == "follows")
    await records.rows("UPDATE brake SET judged_at = now()")
    given = environment(database, None, stalwart, kratos_admin_url=kratos.admin_url, delay_factor="0.001")
    async with running_parts(given) as parts:
        yield parts


follows = pytest.mark.parametrize("parts", ["follows"], indirect=True)
reports = pytest.mark.parametrize("parts", ["reports"], indirect=True)


@pytest.fixture
async def ada(kratos: Kratos, parts: Parts, records: Records, stalwart: StalwartStandIn) -> Person:
    return await made(kratos, parts, records, stalwart)


@pytest.fixture
async def admin(stalwart: StalwartStandIn) -> AsyncIterator[StalwartClient]:
    async with admin_of(stalwart) as admin:
        yield admin


class Hand:
    """Somebody who changes Ada's account at the mail server."""

    def __init__(self, admin: StalwartClient, ada: Person) -> None:
        self._admin = admin
        self._ada = ada

    async def changes(self, **patch: Any) -> None:
        assert await self._admin.update((await self._ada.recorded())["stalwart_account_id"], **patch) == {}

    async def account(self) -> dict[str, Any]:
        return await self._admin.get((await self._ada.recorded())["stalwart_account_id"])

    async def adds(self, name: str) -> None:
        aliases = [*(await self.account())["aliases"].values(), {"name": name, "domainId": self._admin.domain}]
        await self.changes(aliases={str(index): each for index, each in enumerate(aliases)})


@pytest.fixture
def hand(admin: StalwartClient, ada: Person) -> Hand:
    return Hand(admin, ada)


async def inspect(parts: Parts) -> None:
    """One pass, without its pauses."""
    page = await PostgresInspected(parts.pool).page(None, 500)
    await parts.inspection._check(page)


async def is_served(parts: Parts, ada: Person) -> bool:
    return await PostgresMailAccounts(parts.pool, follows=True).of(ada.id) is not None


async def attempts(records: Records, ada: Person) -> int:
    return (await records.request(ada.id))["attempts"]


async def test_mailbox_that_is_as_recorded_is_neither_written_nor_due(
    parts: Parts, ada: Person, records: Records, stalwart: StalwartStandIn
) -> None:
    row, account = await records.request(ada.id), await ada.recorded()
    before = await stalwart.request_counts()
    await inspect(parts)
    after = await stalwart.request_counts()
    assert after["requests"] == before["requests"] + 1, "one request for all that is compared"
    assert ((await records.request(ada.id))["commit"], (await ada.recorded())["commit"]) == (
        row["commit"],
        account["commit"],
    )


@follows
async def test_address_that_a_hand_gave_is_recorded_and_the_identitys_given_again(
    parts: Parts, ada: Person, hand: Hand, records: Records
) -> None:
    await hand.changes(name="hand")
    await inspect(parts)
    await ada.becomes(state="provisioned", goal=0, email=ADA)
    account = await ada.account()
    assert account["addresses"][0] == ADA
    assert HAND in account["addresses"], "what somebody gave stays the owner's"
    actions = [(each["action"], each["error_message"]) for each in await records.log(ada.id)]
    assert ("differs", f"address: {ADA} -> {HAND}; not on record: {HAND}") in actions
    await inspect(parts)
    assert (await records.request(ada.id))["state"] == "provisioned", "once"


@reports
async def test_address_that_a_hand_gave_is_recorded_and_nothing_is_done(
    parts: Parts, ada: Person, hand: Hand, records: Records
) -> None:
    await hand.changes(name="hand")
    for _ in range(2):
        await inspect(parts)
    row = await records.request(ada.id)
    assert (row["state"], row["email"], row["attempts"]) == ("provisioned", HAND, 1)
    assert (await ada.recorded())["email"] == HAND
    found = await records.rows("SELECT address, role FROM addresses ORDER BY address")
    assert [(each["address"], each["role"]) for each in found] == [(ADA, "held"), (HAND, "held")]
    assert [each["action"] for each in await records.log(ada.id)].count("differs") == 1


async def test_login_that_a_hand_switched_off_is_not_served_and_on_again_it_is(
    parts: Parts, ada: Person, hand: Hand, records: Records
) -> None:
    await hand.changes(permissions=OFF)
    await inspect(parts)
    recorded = await ada.recorded()
    assert (recorded["state"], recorded["suspended_because"]) == ("suspended", ["hand"])
    assert not await is_served(parts, ada)
    await records.until("provisioned", ada.id)
    assert (await hand.account())["permissions"] == OFF, "only they switch it on"
    await hand.changes(permissions={"@type": "Inherit"})
    await inspect(parts)
    assert (await ada.recorded())["suspended_because"] is None
    assert await is_served(parts, ada)


async def test_alias_that_a_hand_added_is_the_owners(parts: Parts, ada: Person, hand: Hand, records: Records) -> None:
    await hand.adds("third")
    await inspect(parts)
    found = await records.rows("SELECT identity_id, role FROM addresses WHERE address = %s", THIRD)
    assert [(each["identity_id"], each["role"]) for each in found] == [(ada.id, "old")]


async def test_alias_that_another_holds_is_disabled_or_reported_and_not_due_each_hour(
    parts: Parts, kratos: Kratos, ada: Person, hand: Hand, records: Records, stalwart: StalwartStandIn
) -> None:
    bob = await made(kratos, parts, records, stalwart, "bob")
    await records.rows("INSERT INTO addresses VALUES (%s, %s, 'old')", THIRD, bob.id)
    await hand.adds("third")
    numbers = list[int]()
    for _ in range(3):
        await inspect(parts)
        await records.until("provisioned", ada.id)
        numbers.append(await attempts(records, ada))
    assert numbers[1] == numbers[2]
    is_enabled = [each["enabled"] for each in (await hand.account())["aliases"].values() if each["name"] == "third"]
    assert is_enabled == [numbers[0] == 1], "disabled where mailboxes follow"


@follows
async def test_late_update_is_undone_and_a_dead_letter_ends_as_before(
    parts: Parts, ada: Person, hand: Hand, kratos: Kratos, records: Records
) -> None:
    """Its address is refused; and a login that is switched on again by a late update is switched off again."""
    await change(kratos, ada.id, state="inactive", traits_email=THIRD)
    await records.rows(
        "UPDATE email_requests SET want_email = %s, want_because = 'inactive', goal = 1, given_up = 1, state = 'dead', "
        "step = 'change', reason = 'third is held' WHERE identity_id = %s",
        *(THIRD, ada.id),
    )
    await inspect(parts)
    await ada.becomes(state="dead", reason="third is held", given_up=1)
    assert (await ada.recorded())["suspended_because"] == ["inactive"]
    await hand.changes(permissions={"@type": "Inherit"})
    await inspect(parts)
    await ada.becomes(state="dead", reason="third is held", given_up=1)
    assert (await hand.account())["permissions"] == OFF
    assert (await ada.account())["addresses"][0] == ADA, "what gives is not tried again"


@follows
async def test_account_that_was_replaced_is_found_by_its_mark(
    parts: Parts, ada: Person, hand: Hand, admin: StalwartClient, records: Records
) -> None:
    """Another id, as after a restore of the mail server."""
    before = await hand.account()
    number = (await ada.recorded())["stalwart_account_id"]
    assert (await admin.call("x:Account/set", destroy=[number]))["destroyed"]
    copy = {name: before[name] for name in ("@type", "name", "domainId", "aliases")}
    made_again = (await admin.call("x:Account/set", create={"c": copy}))["created"]["c"]["id"]
    for _ in range(2):
        await inspect(parts)
        await records.rows("UPDATE email_accounts SET suspected_at = suspected_at - interval '61 seconds'")

    async def is_found() -> bool:
        recorded = await ada.recorded()
        return (recorded["stalwart_account_id"], recorded["suspected_at"]) == (made_again, None)

    await eventually(is_found, "it is on record by its new id")
    await records.until("provisioned", ada.id)


async def test_row_that_moved_since_it_was_read_stays_as_it_is(
    parts: Parts, ada: Person, hand: Hand, records: Records
) -> None:
    page = await PostgresInspected(parts.pool).page(None, 500)
    at_rest = await parts.inspection._at_rest.read(page)
    await hand.changes(name="hand")
    seen = await parts.inspection.lookup.look_up(page, deadline=5)
    await records.rows("UPDATE email_requests SET enqueued_at = clock_timestamp() WHERE identity_id = %s", ada.id)
    await parts.inspection._at_rest.compare(at_rest, page, seen)
    assert (await ada.recorded())["email"] == ADA

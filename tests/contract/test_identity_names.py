"""Names of a person's identities after a new name or address, on the stand-in or on a real server (conftest.py)."""

import uuid
from collections.abc import AsyncIterator

import pytest

from changing_account import OFF, alias
from mail_person import PASSWORD, Person
from postroom.jmap.identity_names import IdentityNames
from postroom.jmap.mail_changes import JmapMail
from postroom.mailboxes.ports import MailAccount
from postroom.stalwart.impersonation import Impersonation
from stalwart_client import StalwartClient, unique


@pytest.fixture
async def names(admin: StalwartClient, master: str) -> AsyncIterator[IdentityNames]:
    mail = JmapMail(admin.url, Impersonation(f"{master}:{PASSWORD}"))
    yield IdentityNames(mail)
    await mail.aclose()


async def named(person: Person) -> dict[str, str]:
    return {each["email"]: each["name"] for each in (await person.call("Identity/get", ids=None))["list"]}


def account_of(person: Person, address: str) -> MailAccount:
    return MailAccount(uuid.uuid4(), address, person.account)


async def test_identities_get_the_new_name_unless_the_person_has_chosen_one(
    admin: StalwartClient, straight: Person, names: IdentityNames
) -> None:
    old, new, chosen = straight.address, f"{unique('new')}@example.org", f"{unique('chosen')}@example.org"
    assert await admin.update(straight.account, aliases={"0": alias(admin, chosen)}) == {}
    (own,) = [each for each in (await straight.call("Identity/get", ids=None))["list"] if each["email"] == chosen]
    await straight.call("Identity/set", update={own["id"]: {"name": "The Ann"}})
    aliases = {"0": alias(admin, chosen), "1": alias(admin, old)}
    renamed = {"name": new.partition("@")[0], "description": "Ann Newname", "aliases": aliases}
    assert await admin.update(straight.account, **renamed) == {}
    for _ in range(2):
        assert await names.follow(account_of(straight, new), "Ann Newname", given=["Ann Example"])
        assert await named(straight) == {old: "Ann Newname", new: "Ann Newname", chosen: "The Ann"}


async def test_an_identity_that_is_named_by_its_address_gets_the_name(
    admin: StalwartClient, straight: Person, names: IdentityNames
) -> None:
    (own,) = (await straight.call("Identity/get", ids=None))["list"]
    await straight.call("Identity/set", update={own["id"]: {"name": straight.address}})
    assert await names.follow(account_of(straight, straight.address), "Ann", given=[])
    assert await named(straight) == {straight.address: "Ann"}


async def test_a_refused_login_leaves_the_names_and_raises_nothing(
    admin: StalwartClient, straight: Person, names: IdentityNames
) -> None:
    assert await admin.update(straight.account, permissions=OFF) == {}
    assert not await names.follow(account_of(straight, straight.address), "Ann", given=["Ann Example"])
    elsewhere = MailAccount(uuid.uuid4(), straight.address, "zzz")
    assert not await names.follow(elsewhere, "Ann", given=["Ann Example"])

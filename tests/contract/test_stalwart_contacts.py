"""Contacts (RFC 9610) of a person, directly at the mail server and through the gateway: on the stand-in, or on a real
server (conftest.py)."""

from typing import Any

import pytest

from eventually import eventually
from mail_person import Person

MARA: dict[str, Any] = {
    "@type": "Card",
    "version": "1.0",
    "name": {
        "full": "Mara M.",
        "components": [{"kind": "given", "value": "Mara"}, {"kind": "surname", "value": "Müller"}],
    },
    "emails": {
        "a": {"address": "mara@papierwerk.example.org"},
        "b": {"address": "mm@home.example.net", "pref": 1, "contexts": {"private": True}},
    },
}


async def made(ann: Person, **card: Any) -> str:
    (book,) = (await ann.call("AddressBook/get"))["list"]
    assert (book["isDefault"], book["myRights"]["mayWrite"]) == (True, True)
    return (await ann.create("ContactCard", **card, addressBookIds={book["id"]: True}))["id"]


async def test_contacts_are_found_by_whole_words_of_their_names_and_addresses(ann: Person) -> None:
    mara, other = await made(ann, **MARA), await made(ann, name={"full": "Ben Example"})

    async def found(**wanted: str) -> list[str]:
        return await ann.query("ContactCard", filter=wanted)

    async def indexed() -> bool:
        return await found(text="mara") == [mara]

    await eventually(indexed, "the contact is found")
    assert [await found(name="müller"), await found(email="papierwerk")] == [[mara], [mara]]
    # A part of a word, a name without its accents, and one that is given as a whole only.
    assert [await found(text="mar"), await found(name="muller"), await found(name="ben")] == [[], [], []]
    assert await ann.query("ContactCard", sort=[{"property": "updated", "isAscending": False}]) == [other, mara]
    card = await ann.get("ContactCard", mara, properties=["name", "emails"])
    assert (card["name"]["full"], card["emails"]) == ("Mara M.", MARA["emails"])


async def test_change_of_a_contact_is_reported(ann: Person) -> None:
    mara = await made(ann, **MARA)
    state = (await ann.call("ContactCard/get", ids=[]))["state"]
    assert await ann.update("ContactCard", mara, **{"name/full": "Mara Em"}) == {}
    changed = await ann.call("ContactCard/changes", sinceState=state)
    assert (changed["updated"], changed["created"]) == ([mara], [])
    assert (await ann.get("ContactCard", mara))["name"]["full"] == "Mara Em"
    assert (await ann.call("ContactCard/set", destroy=[mara]))["destroyed"] == [mara]
    assert (await ann.call("ContactCard/get", ids=[mara]))["notFound"] == [mara]


@pytest.mark.parametrize(
    "patch", [{"shareWith": {"c": {"mayRead": True}}}, {"shareWith/c": {"mayRead": True}}], ids=str
)
async def test_address_book_is_not_shared_through_the_gateway(through: Person, patch: dict[str, Any]) -> None:
    """A real Stalwart would do it."""
    (book,) = (await through.call("AddressBook/get"))["list"]
    refusal = await through.call("AddressBook/set", update={book["id"]: patch})
    assert refusal["type"] == "forbidden"
    assert "shareWith" not in (await through.call("AddressBook/get"))["list"][0]

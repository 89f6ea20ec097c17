"""A person's identities (RFC 8621 §6), their vacation response (§8) and their quota (RFC 9425), directly and through
the gateway: on the stand-in, or on a real server (conftest.py)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from mail_person import Answer, Person, person
from stalwart_client import StalwartClient, unique

USING = [
    f"urn:ietf:params:jmap:{name}" for name in ("core", "mail", "submission", "quota", "sieve", "vacationresponse")
]
PDF = "application/pdf"


@pytest_asyncio.fixture(loop_scope="session")
async def eve(admin: StalwartClient) -> AsyncIterator[Person]:
    """A person with 2 MB of quota and three aliases: one in each domain, and a disabled one."""
    name = unique()
    aliases = {
        "0": {"name": f"{name}-alias", "domainId": admin.domain, "enabled": True},
        "1": {"name": f"{name}-alias", "domainId": admin.other_domain, "enabled": True},
        "2": {"name": f"{name}-off", "domainId": admin.domain, "enabled": False},
    }
    async with person(admin, aliases=aliases, quotas={"maxDiskQuota": 2_000_000}) as eve:
        yield Person(eve.http, eve.account, f"{name}-alias@example.org", USING)


async def own_address(eve: Person) -> str:
    """Their main address; `eve.address` is that of their alias."""
    return (await eve.http.get("/jmap/session")).json()["username"]


@pytest.mark.stand_in
async def test_each_enabled_address_has_an_identity_from_the_beginning(eve: Person) -> None:
    own, alias = await own_address(eve), eve.address
    found = (await eve.call("Identity/get", ids=None))["list"]
    assert {each["email"] for each in found} == {own, alias, alias.replace("@example.org", "@example.net")}
    for each in found:
        empty = {"replyTo": None, "bcc": None, "textSignature": "", "htmlSignature": "", "mayDelete": True}
        assert each == {"id": each["id"], "email": each["email"], "name": "Ann Example"} | empty


@pytest.mark.stand_in
async def test_an_identity_may_have_any_enabled_address_of_the_account(eve: Person) -> None:
    """A disabled alias and a subaddress (RFC 5233) are refused."""
    local, _, domain = eve.address.partition("@")
    for address in (eve.address, eve.address.upper(), f"{local}@example.net"):
        made = await eve.create("Identity", email=address, textSignature="--")
        assert made.keys() == {"id"}, made
        found = await eve.get("Identity", made["id"])
        shown = [found[name] for name in ("email", "name", "textSignature", "mayDelete")]
        assert shown == [address.lower(), "", "--", True]
    for address in (f"{local.replace('-alias', '-off')}@{domain}", f"{local}+tag@{domain}", "eve@example.com"):
        refusal = await eve.create("Identity", email=address)
        assert (refusal["type"], refusal["properties"]) == ("invalidProperties", ["email"])
    assert (await eve.create("Identity", name="Eve"))["properties"] == ["email"]


@pytest.mark.stand_in
@pytest.mark.parametrize(
    "patch",
    [
        {"name": "Work"},
        {"name": "x" * 254},
        {"name": None},
        {"textSignature": None},
        {"textSignature": "Änn\n+49 123"},
        {"textSignature": "x" * 2047},
        {"htmlSignature": '<p onclick="x()">Änn<script>1</script></p>'},
        {"htmlSignature": "x" * 2047},
        {"replyTo": [{"email": "eve@example.com"}]},
        {"replyTo": [{"name": None, "email": "eve@example.com"}] * 50},
        {"replyTo": []},
        {"bcc": [{"name": "Eve", "email": "not an address"}]},
        {"bcc": None},
    ],
    ids=lambda patch: str(patch)[:40],
)
async def test_an_identity_can_be_changed(straight: Person, patch: Answer) -> None:
    (first,) = (await straight.call("Identity/get"))["list"]
    assert await straight.update("Identity", first["id"], **patch) == {}
    ((name, value),) = patch.items()
    found = (await straight.get("Identity", first["id"]))[name]
    if isinstance(value, list):
        assert [(each["name"], each["email"]) for each in found] == [
            (each.get("name"), each["email"]) for each in value
        ]
    else:
        assert found == (value if value is not None else {"bcc": None}.get(name, ""))


@pytest.mark.stand_in
@pytest.mark.parametrize(
    "patch",
    [
        {"name": "x" * 255},
        {"name": 1},
        {"textSignature": "x" * 2048},
        {"textSignature": "ü" * 1024},
        {"htmlSignature": "x" * 2048},
        {"htmlSignature": "ü" * 1024},
        {"email": "eve@example.org"},
        {"mayDelete": True},
        {"nonsense": 1},
        {"replyTo": "eve@example.com"},
        {"replyTo": [{"name": "Eve"}]},
        {"replyTo": [{"email": ""}]},
        {"replyTo": [{"email": "eve@example.com", "nonsense": 1}]},
        {"replyTo/0": {"email": "eve@example.com"}},
        {"bcc": [{"email": f"{'x' * 250}@x.org"}]},
    ],
    ids=lambda patch: str(patch)[:40],
)
async def test_an_invalid_change_of_an_identity_is_refused(straight: Person, patch: Answer) -> None:
    (first,) = (await straight.call("Identity/get"))["list"]
    refusal = await straight.update("Identity", first["id"], **patch)
    assert (refusal["type"], refusal["properties"]) == ("invalidProperties", [*patch])
    assert await straight.get("Identity", first["id"]) == first


async def test_the_address_of_an_identity_cannot_be_sent_again_either(ann: Person) -> None:
    (first,) = (await ann.call("Identity/get"))["list"]
    assert (await ann.update("Identity", first["id"], email=first["email"]))["type"] == "invalidProperties"
    assert await ann.update("Identity", first["id"], id=first["id"]) == {}


async def test_a_person_has_at_most_twenty_identities(ann: Person) -> None:
    (first,) = (await ann.call("Identity/get"))["list"]
    for number in range(19):
        assert "id" in await ann.create("Identity", email=first["email"], name=str(number))
    assert (await ann.create("Identity", email=first["email"]))["type"] == "overQuota"


async def test_identities_that_were_all_removed_stay_removed(ann: Person) -> None:
    (first,) = (await ann.call("Identity/get"))["list"]
    assert (await ann.call("Identity/set", destroy=[first["id"]]))["destroyed"] == [first["id"]]
    assert (await ann.call("Identity/get"))["list"] == []


# The quota


@pytest.mark.stand_in
async def test_quota_says_how_much_of_the_account_is_used(eve: Person) -> None:
    found = await eve.call("Quota/get", ids=None)
    (quota,) = found["list"]
    own = {"id": "a", "name": await own_address(eve), "description": "Ann Example", "used": 0, "hardLimit": 2_000_000}
    types = ["Email", "SieveScript", "FileNode", "CalendarEvent", "ContactCard"]
    rest = {"resourceType": "octets", "scope": "account", "types": types, "warnLimit": None, "softLimit": None}
    assert quota == own | rest
    size = (await eve.add(b"Subject: x\r\n\r\n" + b"y" * 1000))["size"]
    after = await eve.call("Quota/get", ids=["a", "zz"], properties=["used"])
    assert (after["list"], after["notFound"]) == ([{"id": "a", "used": size}], ["zz"])
    assert after["state"] == found["state"]  # nobody is told of a change
    assert (await eve.call("Quota/query"))["ids"] == ["a"]
    assert (await eve.call("Quota/changes", sinceState=found["state"]))["type"] == "cannotCalculateChanges"


async def test_account_without_a_quota_has_no_quota_object(ann: Person) -> None:
    assert (await ann.call("Quota/get", ids=None))["list"] == []
    assert (await ann.call("Quota/query"))["ids"] == []


@pytest.mark.stand_in
async def test_an_email_over_quota_is_refused(eve: Person) -> None:
    blob = (await eve.upload(b"x" * 2_000_000, PDF))["blobId"]
    value: dict[str, Any] = {"mailboxIds": {"a": True}, "attachments": [{"blobId": blob, "type": PDF}]}
    assert (await eve.create("Email", **value))["type"] == "overQuota"
    assert (await eve.add(b"Subject: x\r\n\r\n" + b"y" * 2_000_000))["type"] == "overQuota"


# The vacation response


@pytest.mark.stand_in
@pytest.mark.parametrize(
    "patch",
    [
        {"subject": "x" * 511},
        {"textBody": "x" * 2047},
        {"textBody": "a \\ b\r\n.\r\n"},
        {"subject": 'ü "q" \\ x'},
        {"htmlBody": "<p>one two</p>"},
        {"fromDate": "2026-12-24T00:00:00Z", "toDate": "2026-12-31T00:00:00Z"},
        {"fromDate": None, "subject": None, "textBody": None, "htmlBody": None},
    ],
    ids=lambda patch: str(patch)[:40],
)
async def test_vacation_response_can_be_changed(straight: Person, patch: Answer) -> None:
    assert await straight.update("VacationResponse", "singleton", **patch) == {}
    shown = await straight.get("VacationResponse", "singleton")
    assert shown | patch == shown


@pytest.mark.stand_in
@pytest.mark.parametrize(
    "patch",
    [
        {"subject": "x" * 512},
        {"textBody": "x" * 2048},
        {"htmlBody": "ü" * 1024},
        {"toDate": "2026-12-24"},
        {"nonsense": 1},
        {"textBody": 1},
    ],
    ids=lambda patch: str(patch)[:40],
)
async def test_an_invalid_change_of_the_vacation_response_is_refused(straight: Person, patch: Answer) -> None:
    refusal = await straight.update("VacationResponse", "singleton", **patch)
    assert (refusal["type"], refusal["properties"]) == ("invalidProperties", [*patch])


@pytest.mark.stand_in
@pytest.mark.parametrize(
    "patch",
    [{"subject": "x\\"}, {"textBody": "x\\"}, {"textBody": "x" * 2047, "htmlBody": f"<p>{'y' * 2000}"}],
    ids=lambda patch: str(patch)[:40],
)
async def test_vacation_response_that_is_no_valid_script_is_refused_as_an_outage(
    straight: Person, patch: Answer
) -> None:
    """A text that ends with a backslash, or texts of more than 4 KB with their MIME headers."""
    answer = await straight.call("VacationResponse/set", update={"singleton": patch})
    assert answer["type"] == "serverUnavailable"
    shown = await straight.get("VacationResponse", "singleton")
    assert [shown[name] for name in patch] == [None] * len(patch)


@pytest.mark.stand_in
async def test_there_is_one_vacation_response_only(straight: Person) -> None:
    assert (await straight.create("VacationResponse", isEnabled=True))["type"] == "singleton"


async def test_dates_of_the_vacation_response_are_shown_in_utc(ann: Person) -> None:
    await ann.update("VacationResponse", "singleton", fromDate="2026-12-24T00:00:00+01:00")
    assert (await ann.get("VacationResponse", "singleton"))["fromDate"] == "2026-12-23T23:00:00Z"

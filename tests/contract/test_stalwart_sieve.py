"""A person's Sieve scripts (RFC 9661), directly and through the gateway: on the stand-in, or on a real server
(conftest.py)."""

from typing import Any

import pytest

from mail_person import Person

SCRIPT = 'require ["fileinto"];\r\nif header :contains "subject" "x" { fileinto "Projects"; stop; }\r\n'


async def blob(ann: Person, text: str) -> str:
    return (await ann.upload(text.encode(), "application/sieve"))["blobId"]


async def make(ann: Person, name: str, text: str = SCRIPT) -> str:
    made = await ann.create("SieveScript", name=name, blobId=await blob(ann, text))
    assert "id" in made, made
    return made["id"]


async def active(ann: Person) -> list[str]:
    found = (await ann.call("SieveScript/get", ids=None, properties=["name", "isActive"]))["list"]
    return [each["name"] for each in found if each["isActive"]]


async def test_sieve_script_is_stored_and_read_back(ann: Person) -> None:
    assert (await ann.call("SieveScript/get", ids=None))["list"] == []
    made = await ann.call("SieveScript/set", create={"a": {"name": "First", "blobId": await blob(ann, SCRIPT)}})
    assert made["oldState"] != made["newState"]
    (number, blob_id) = (made["created"]["a"][name] for name in ("id", "blobId"))
    expected = {"id": number, "name": "First", "blobId": blob_id, "isActive": False}
    assert await ann.get("SieveScript", number) == expected
    found = await ann.call("SieveScript/get", ids=[number, "zz", "no id!"])
    assert (found["list"], sorted(found["notFound"]), found["state"]) == (
        [expected],
        ["no id!", "zz"],
        made["newState"],
    )
    answer = await ann.http.get(f"/jmap/download/{ann.account}/{blob_id}/x?accept=text/plain")
    assert answer.text == SCRIPT


async def test_sieve_script_can_be_changed(ann: Person) -> None:
    number = await make(ann, "First")
    assert await ann.update("SieveScript", number, name="Second") == {}
    before = (await ann.get("SieveScript", number))["blobId"]
    changed = await ann.call("SieveScript/set", update={number: {"blobId": await blob(ann, "keep;\r\n")}})
    after = changed["updated"][number]["blobId"]
    assert after != before
    assert await ann.get("SieveScript", number) == {"id": number, "name": "Second", "blobId": after, "isActive": False}
    assert (await ann.http.get(f"/jmap/download/{ann.account}/{before}/x?accept=text/plain")).text != "keep;\r\n"


async def test_at_most_one_sieve_script_is_active(ann: Person) -> None:
    script = await blob(ann, SCRIPT)
    made = await ann.call(
        "SieveScript/set", create={"a": {"name": "one", "blobId": script}}, onSuccessActivateScript="#a"
    )
    one = made["created"]["a"]
    assert one["isActive"] is True
    two = await make(ann, "two")
    assert await active(ann) == ["one"]
    for wanted, found in ((two, ["two"]), ("zz", ["two"]), ("#nowhere", ["two"]), (one["id"], ["one"])):
        await ann.call("SieveScript/set", onSuccessActivateScript=wanted)
        assert await active(ann) == found
    await ann.call("SieveScript/set", onSuccessDeactivateScript=True)
    assert await active(ann) == []
    # Not specified in RFC 9661.
    await ann.update("SieveScript", two, isActive=True)
    assert await active(ann) == ["two"]
    await ann.update("SieveScript", two, isActive=False)
    assert await active(ann) == []


async def test_sieve_script_is_not_activated_if_any_change_was_rejected(ann: Person) -> None:
    number = await make(ann, "one")
    answer = await ann.call("SieveScript/set", create={"a": {"name": "two"}}, onSuccessActivateScript=number)
    assert answer["notCreated"]["a"]["type"] == "invalidProperties"
    assert await active(ann) == []


async def test_active_sieve_script_cannot_be_destroyed(ann: Person) -> None:
    number = await make(ann, "one")
    await ann.call("SieveScript/set", onSuccessActivateScript=number)
    answer = await ann.call("SieveScript/set", destroy=[number, "zz"])
    assert {key: each["type"] for key, each in answer["notDestroyed"].items()} == {
        number: "scriptIsActive",
        "zz": "notFound",
    }
    await ann.call("SieveScript/set", onSuccessDeactivateScript=True)
    assert (await ann.call("SieveScript/set", destroy=[number]))["destroyed"] == [number]
    assert await ann.query("SieveScript") == []


@pytest.mark.parametrize(
    ("value", "refusal", "names"),
    [
        ({"name": "q", "blobId": None}, "invalidProperties", ["blobId"]),
        ({"name": "q", "blobId": "nowhere"}, "invalidProperties", ["blobId"]),
        ({"name": "x" * 513}, "invalidProperties", ["name"]),
        ({"name": 1}, "invalidProperties", ["name"]),
        ({"nonsense": 1}, "invalidProperties", ["nonsense"]),
        ({"id": "x"}, "invalidProperties", ["id"]),
        ({"name": "Vacation"}, "forbidden", ["name"]),
        ({"name": "taken"}, "alreadyExists", None),
    ],
)
async def test_invalid_sieve_script_is_rejected(
    ann: Person, value: dict[str, Any], refusal: str, names: list[str] | None
) -> None:
    await make(ann, "taken")
    found = await ann.create("SieveScript", **({"blobId": await blob(ann, SCRIPT)} | value))
    assert (found.get("type"), found.get("properties")) == (refusal, names)


async def test_sieve_script_without_a_name_gets_one(ann: Person) -> None:
    for name in ({}, {"name": ""}, {"name": None}):
        made = await ann.create("SieveScript", blobId=await blob(ann, SCRIPT), **name)
        assert (await ann.get("SieveScript", made["id"]))["name"]


async def test_sieve_scripts_are_queried_by_name_and_by_active_state(ann: Person) -> None:
    one, two, three = [await make(ann, name) for name in ("b", "A", "cA")]
    await ann.call("SieveScript/set", onSuccessActivateScript=three)
    by_name = [{"property": "name", "isAscending": False}]
    assert await ann.query("SieveScript") == [two, one, three]
    assert await ann.query("SieveScript", sort=by_name) == [three, one, two]
    assert await ann.query("SieveScript", sort=[{"property": "isActive"}]) == [three, two, one]
    assert await ann.query("SieveScript", filter={"name": "a"}) == [two, three]
    assert await ann.query("SieveScript", filter={"isActive": False}) == [two, one]
    either = {"operator": "OR", "conditions": [{"name": "b"}, {"isActive": True}]}
    found = await ann.call("SieveScript/query", filter=either, limit=1, calculateTotal=True)
    assert (found["ids"], found["total"]) == ([one], 2)
    assert (await ann.call("SieveScript/query", filter={"nonsense": "x"}))["type"] == "unsupportedFilter"
    assert (await ann.call("SieveScript/query", sort=[{"property": "nonsense"}]))["type"] == "unsupportedSort"


async def test_vacation_response_is_a_sieve_script_that_clients_cannot_write(ann: Person) -> None:
    """Only one of the two is active: activating a script ends the automatic replies."""
    number = await make(ann, "one")
    vacation = {"isEnabled": True, "subject": "Away", "textBody": 'Until "Monday"'}
    await ann.update("VacationResponse", "singleton", **vacation)
    assert await active(ann) == ["vacation"]
    (vacation,) = [each for each in await ann.query("SieveScript") if each != number]
    assert (await ann.update("SieveScript", vacation, name="x"))["type"] == "forbidden"
    await ann.call("SieveScript/set", onSuccessActivateScript=number)
    reply = await ann.get("VacationResponse", "singleton")
    assert (reply["isEnabled"], reply["subject"]) == (False, "Away")
    await ann.update("VacationResponse", "singleton", isEnabled=True)
    assert await active(ann) == ["vacation"]
    await ann.update("VacationResponse", "singleton", isEnabled=False)
    assert await active(ann) == []
    await ann.call("SieveScript/set", destroy=[vacation])
    assert (await ann.get("VacationResponse", "singleton"))["subject"] is None


VALID = [
    "",
    "keep",
    SCRIPT,
    "# one\r\n/* two */ keep;",
    "if true { stop; } elsif false { keep; } else { discard; }",
    'if not allof(true, size :over 1M) { redirect "a@example.net"; }',
    'if address :all :is ["from", "to"] "a@example.net" { discard; }',
    'if header :comparator "i;octet" :matches "X" ["a", "b*"] { keep; }',
    'require "vacation"; vacation :days 7 :subject "s" text:\r\nHi\r\n..dot\r\n.\r\n;',
    'require ["imap4flags", "copy", "fileinto"]; setflag "\\\\Seen"; fileinto :copy "a \\"b\\"";',
    'if anyof(exists "x", true) { keep; } keep;',
    'require "nobody knows it"; keep;',
    "stop; stop;",
]
INVALID = [
    "nonsense;",
    'fileinto "x";',
    'vacation "x";',
    "if true { keep;",
    "keep }",
    "keep;;",
    '"x";',
    'keep "x";',
    "keep 1;",
    "elsif true { keep; }",
    "else { keep; }",
    'if exists "x" keep;',
    'if header "x" { keep; }',
    'if header :nope "a" "b" { keep; }',
    'if anyof (header :contains "a" "b",) { stop; }',
    'require ["fileinto" "copy"]; keep;',
    'redirect "a',
    "\xff",
]


@pytest.mark.stand_in
@pytest.mark.parametrize("text", VALID, ids=lambda text: text[:30])
async def test_valid_sieve_script_is_accepted(straight: Person, text: str) -> None:
    assert (await straight.call("SieveScript/validate", blobId=await blob(straight, text)))["error"] is None
    await make(straight, "any", text)


@pytest.mark.stand_in
@pytest.mark.parametrize(
    ("text", "place"),
    [
        *[(text, "") for text in INVALID],
        ('keep;\r\n\r\nif header :contains "subject" "x" {\r\n  fileinto "x";\r\n}', "line 4, column 3"),
        ('require "fileinto";\nkeep\nstop;', "line 3, column 1"),
        ('fileinto "x";', "line 1, column 0"),
        ('keep;\nredirect "a;\n', "line 2, column 10"),
        ("if true\n{\n keep;", "line 2, column "),
        ('keep;\nif exists "x" keep;', "line 2, column 15"),
        ('redirect :copy "ann@example.org";', "line 1, column 9"),
        ('require ["fileinto"]; fileinto :flags "x" "y";', "line 1, column 31"),
        ('require ["fileinto"]; fileinto :create "y";', "line 1, column 31"),
        ('require ["fileinto"]; fileinto :specialuse "Junk" "y";', "line 1, column 31"),
        ('require ["fileinto","mailboxid"]; fileinto :mailboxid "a" "y";', "line 1, column 43"),
        ('if body :text :contains "x" { stop; }', "line 1, column 3"),
        ('if hasflag "x" { stop; }', "line 1, column 3"),
        ('if header :regex "a" "b" { stop; }', "line 1, column 10"),
        (f'if header :is "subject" "{"x" * 4097}" {{ stop; }}', "line 1, column 24"),
        # An unknown command, wherever it is.
        ("keep;\nnonsense;", "line 0, column 0"),
    ],
    ids=lambda text: text[:40],
)
async def test_invalid_sieve_script_is_rejected_with_a_description_of_the_place(
    straight: Person, text: str, place: str
) -> None:
    """Each that is `""` has its place in the version of the server."""
    blob_id = await blob(straight, text)
    for found in (
        (await straight.call("SieveScript/validate", blobId=blob_id))["error"],
        await straight.create("SieveScript", name="any", blobId=blob_id),
    ):
        assert found["type"] == "invalidScript"
        assert found["description"]
        assert not place or f" at {place}" in found["description"], found


async def test_sieve_capability_of_the_account_states_the_limits(ann: Person) -> None:
    session = (await ann.http.get("/jmap/session")).json()
    stated = session["accounts"][ann.account]["accountCapabilities"]["urn:ietf:params:jmap:sieve"]
    extensions = set(stated.pop("sieveExtensions"))
    assert {
        "fileinto",
        "imap4flags",
        "copy",
        "mailbox",
        "mailboxid",
        "special-use",
        "variables",
        "vacation",
    } <= extensions
    assert stated == {
        "maxSizeScriptName": 512,
        "maxSizeScript": 102_400,
        "maxNumberScripts": 100,
        "maxNumberRedirects": 1,
        "notificationMethods": ["mailto"],
        "externalLists": None,
    }


async def test_activation_of_a_sieve_script_changes_no_state(ann: Person) -> None:
    """So other clients are not told of it."""
    number = await make(ann, "one")
    for arguments in ({"onSuccessActivateScript": number}, {"onSuccessDeactivateScript": True}):
        answer = await ann.call("SieveScript/set", **arguments)
        assert answer["oldState"] == answer["newState"]
    state = answer["newState"]
    await ann.update("SieveScript", number, name="two")
    late = await ann.call("SieveScript/set", ifInState=state, onSuccessActivateScript=number)
    assert (late["type"], await active(ann)) == ("stateMismatch", [])


async def test_activation_wins_over_deactivation(ann: Person) -> None:
    number = await make(ann, "one")
    await ann.call("SieveScript/set", onSuccessActivateScript=number, onSuccessDeactivateScript=True)
    assert await active(ann) == ["one"]
    answer = await ann.call("SieveScript/set", destroy=[number], onSuccessDeactivateScript=True)
    assert answer["notDestroyed"][number]["type"] == "scriptIsActive"


async def test_sieve_script_may_be_made_from_the_content_of_another(ann: Person) -> None:
    first = (await ann.get("SieveScript", await make(ann, "one")))["blobId"]
    copy = await ann.create("SieveScript", name="copy", blobId=first)
    assert (await ann.http.get(f"/jmap/download/{ann.account}/{copy['blobId']}/x?accept=text/plain")).text == SCRIPT


async def test_sieve_script_may_have_at_most_100_kib(ann: Person) -> None:
    await make(ann, "large", "#" + "x" * 102_399)
    blob_id = await blob(ann, "#" + "x" * 102_400)
    assert (await ann.create("SieveScript", name="larger", blobId=blob_id))["type"] == "tooLarge"
    assert (await ann.call("SieveScript/validate", blobId=blob_id))["error"]["type"] == "invalidScript"


async def test_sieve_validation_of_a_missing_blob_is_blob_not_found(ann: Person) -> None:
    for arguments in ({"blobId": "nowhere"}, {}):
        assert (await ann.call("SieveScript/validate", **arguments))["error"]["type"] == "blobNotFound"

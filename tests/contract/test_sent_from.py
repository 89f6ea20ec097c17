"""Whose name may stand on what a person sends through the gateway: on the stand-in, or on a real server (conftest.py).

Without the gateway Stalwart delivers any From; only the envelope is checked.
"""

import os
from functools import partial
from typing import Any

import pytest

from eventually import eventually
from mail_person import Person
from stalwart_client import StalwartClient
from stalwart_settings import changed

STRANGER = "ceo@bank.example"
SENT = {"mailboxIds/d": None, "mailboxIds/e": True, "keywords/$draft": None}
OWN_FIELDS = {
    "as it is": "From: {own}",
    "with a name": "From: Ann Example <{own}>",
    "another address as the name": 'From: "ceo@bank.example" <{own}>',
    "an encoded word": "From: =?utf-8?q?ceo=40bank=2Eexample?= <{own}>",
    "a folded field": "From:\r\n\tAnn B. Example\r\n <{own}>",
    "upper case": "FROM: <{upper}>",
    "an alias": "From: {alias}",
    "the alias in Unicode": "From: {unicode}",
    "a group of oneself": "From: Team: {own}, {alias};",
    "both fields": "From: {own}\r\nSender: {alias}",
    "resent by a stranger": f"Resent-From: {STRANGER}\r\nResent-Sender: {STRANGER}\r\nFrom: {{own}}",
    "replies go to a stranger": f"From: {{own}}\r\nReply-To: {STRANGER}",
}
FOREIGN_FIELDS = {
    "a colleague": "From: {colleague}",
    "the operator": "From: postmaster@example.org",
    "a stranger": f"From: {STRANGER}",
    "own address as the name": f'From: "{{own}}" <{STRANGER}>',
    "own address as a comment": f"From: {STRANGER} ({{own}})",
    "two addresses": f"From: {{own}}, {STRANGER}",
    "two fields": f"From: {STRANGER}\r\nFrom: {{own}}",
    "two fields, one with a blank": f"From : {STRANGER}\r\nFrom: {{own}}",
    "a stranger in a group": f"From: Team: {{own}}, {STRANGER};",
    "a group of nobody": "From: undisclosed:;",
    "an empty field": "From:",
    "no field": "To: {own}",
    "a Sender alone": "Sender: {own}",
    "a foreign Sender": f"From: {{own}}\r\nSender: {STRANGER}",
    "an empty Sender": "From: {own}\r\nSender:",
    "two Senders": f"From: {{own}}\r\nSender: {{own}}\r\nSender: {STRANGER}",
    "resent by oneself": f"Resent-From: {{own}}\r\nFrom: {STRANGER}",
    "an encoded address": "From: =?utf-8?q?{own}?=",
    "a subaddress": "From: {sub}",
    "a subdomain": "From: {local}@mail.example.org",
    "two addresses in brackets": f"From: <{STRANGER}> <{{own}}>",
    "a route": "From: <@bank.example:{own}>",
    "no comma": f"From: {STRANGER} {{own}}",
    "a blank in the name": "Fr om: {own}",
    "a line that is no field": f"From: {{own}}\r\nno field\r\n \r\nFrom: {STRANGER}",
    "a CR alone": f"From: {{own}}\r\nX-A: x\rFrom: {STRANGER}",
    # Stalwart's parser takes the line after this Date for a part of it, and the one with a blank for From.
    "a Date that hides it": f"Date: Thu, 1 Jan 2026 10:00:00 Z\r\nFrom: {STRANGER}\r\nX-A: x\r\nFr om: {{own}}",
}


@pytest.fixture
async def names(admin: StalwartClient, straight: Person, ben: Person) -> dict[str, str]:
    """What the fields above name: Ann has an alias in a domain beyond ASCII."""
    await straight.call("Identity/get")  # makes the first one
    domain = await admin.ensure_domain("xn--bcher-kva.test")
    local = straight.address.partition("@")[0]
    document = (await admin.call("x:Account/get", ids=[straight.account]))["list"][0]
    aliases = {"0": {"name": local, "domainId": domain, "enabled": True}}
    changed = await admin.call("x:Account/set", update={document["id"]: {"aliases": aliases}})
    assert "updated" in changed, changed
    made = await straight.create("Identity", name="Ann", email=f"{local}@xn--bcher-kva.test")
    assert "id" in made or made["type"] == "overQuota", made
    return {
        "own": straight.address,
        "upper": straight.address.upper(),
        "local": local,
        "sub": straight.address.replace("@", "+x@"),
        "alias": f"{local}@xn--bcher-kva.test",
        "unicode": f"{local}@bücher.test",
        "colleague": ben.address,
    }


async def submission(ann: Person, email: str, to: Person, **parameters: str) -> dict[str, Any]:
    identity = (await ann.call("Identity/get", ids=None))["list"][0]
    envelope = {
        "mailFrom": {"email": identity["email"], "parameters": parameters or None},
        "rcptTo": [{"email": to.address}],
    }
    return {"identityId": identity["id"], "emailId": email, "envelope": envelope}


def mail(fields: str, names: dict[str, str], subject: str = "A word") -> bytes:
    return f"{fields.format(**names)}\r\nSubject: {subject}\r\n\r\nHello\r\n".encode()


async def verdicts(ann: Person, to: Person, table: dict[str, str], names: dict[str, str]) -> dict[str, str | None]:
    """The type of the SetError for each of the mails, None for those that were sent."""
    found: dict[str, str | None] = {}
    for what, fields in table.items():
        email = (await ann.add(mail(fields, names), "d"))["id"]
        answer = await ann.call("EmailSubmission/set", create={"s": await submission(ann, email, to)})
        error = answer.get("notCreated", {}).get("s")
        assert error is None or error["description"], what
        found[what] = error and error["type"]
    return found


async def test_mail_is_sent_from_addresses_of_the_persons_identities_only(
    through: Person, ben: Person, names: dict[str, str]
) -> None:
    assert await verdicts(through, ben, OWN_FIELDS, names) == dict.fromkeys(OWN_FIELDS)
    assert await verdicts(through, ben, FOREIGN_FIELDS, names) == dict.fromkeys(FOREIGN_FIELDS, "forbiddenFrom")


async def test_mail_server_itself_sends_mail_from_anybody(straight: Person, ben: Person, names: dict[str, str]) -> None:
    """Why the gateway checks it. If this fails, the mail server has learnt to do so."""
    assert await verdicts(straight, ben, FOREIGN_FIELDS, names) == dict.fromkeys(FOREIGN_FIELDS)


async def test_names_that_the_mail_server_writes_can_be_read_back(through: Person, ben: Person) -> None:
    """Whatever name a person has given themselves, their mail leaves."""
    for name in (
        'Doe, "Ann"',
        "a@b.example",
        "(Ann)",
        "back\\slash",
        "Änn: <b>;",
        "Ann" * 60,
        "安 Ann 😀",
        "A\tB",
        None,
    ):
        email = await through.draft(ben.address, **{"from": [{"name": name, "email": through.address}]})
        made = await through.create("EmailSubmission", **await submission(through, email, ben))
        assert "id" in made, (name, made)


async def test_line_end_in_a_value_brings_no_second_from_field(through: Person, ben: Person) -> None:
    """A real Stalwart writes line ends in a value as they are; the stand-in refuses or encodes them."""
    end = f"\r\nFrom: {STRANGER}"
    for forged in (
        {"subject": f"x{end}"},
        {"from": [{"name": "Ann", "email": f"{through.address}{end}"}]},
        {"header:X-Y:asAddresses": [{"name": "x", "email": f"ann@bank.example{end}"}]},
    ):
        draft = {"mailboxIds": {"d": True}, "from": [{"email": through.address}], **forged}
        made = await through.create("Email", **draft)
        if "id" not in made:
            continue
        fields = (await through.get("Email", made["id"], properties=["header:From:all"]))["header:From:all"]
        sent = await through.create("EmailSubmission", **await submission(through, made["id"], ben))
        assert sent.get("type") == (None if len(fields) == 1 else "forbiddenFrom"), (forged, fields, sent)


async def test_refused_submission_stops_neither_the_others_nor_what_follows(
    through: Person, ben: Person, names: dict[str, str]
) -> None:
    """In one request: mail made in it, imported into it, sent at once and later, moved on success, and read after."""
    blob = (await through.upload(mail(f"From: {STRANGER}", names, "Forged")))["blobId"]
    own = (await through.upload(mail("From: {own}", names, "Own")))["blobId"]
    draft = {
        "mailboxIds": {"d": True},
        "keywords": {"$draft": True},
        "from": [{"email": through.address}],
        "to": [{"email": ben.address}],
        "subject": "Composed",
    }
    answers = await through.calls(
        (
            "Email/import",
            {"emails": {n: {"blobId": b, "mailboxIds": {"d": True}} for n, b in (("f", blob), ("o", own))}},
        ),
        ("Email/set", {"create": {"c": draft}}),
        ("Email/query", {"filter": {"inMailbox": "d"}}),
        (
            "EmailSubmission/set",
            {
                "create": {
                    "forged": await submission(through, "#f", ben),
                    "own": await submission(through, "#o", ben),
                    "composed": await submission(through, "#c", ben, HOLDFOR="900"),
                    "unknown": await submission(through, "zzzzz", ben),
                },
                "onSuccessUpdateEmail": {"#forged": SENT, "#own": SENT, "#composed": SENT},
            },
        ),
        ("Email/get", {"#ids": {"resultOf": "2", "name": "Email/query", "path": "/ids"}, "properties": ["mailboxIds"]}),
        ("EmailSubmission/set", {"create": {"again": await submission(through, "#f", ben)}}),
        ("Email/get", {"ids": ["#c", "#f"], "properties": ["subject"]}),
    )
    names_of = [name for name, _ in answers]
    assert names_of == [
        "Email/import",
        "Email/set",
        "Email/query",
        "EmailSubmission/set",
        "Email/set",
        "Email/get",
        "EmailSubmission/set",
        "Email/get",
    ], answers
    first, moved, second = (answers[at][1] for at in (3, 4, 6))
    assert first["created"].keys() == {"own", "composed"}
    assert {key: each["type"] for key, each in first["notCreated"].items()} == {
        "forged": "forbiddenFrom",
        "unknown": "invalidProperties",
    }
    ids = {key: answers[0][1]["created"][key]["id"] for key in "fo"} | {"c": answers[1][1]["created"]["c"]["id"]}
    assert moved["updated"].keys() == {ids["o"], ids["c"]}
    folders = {each["id"]: list(each["mailboxIds"]) for each in answers[5][1]["list"]}
    assert {key: folders[ids[key]] for key in "foc"} == {"f": ["d"], "o": ["e"], "c": ["e"]}
    assert second["notCreated"]["again"]["type"] == "forbiddenFrom"
    assert {each["subject"] for each in answers[7][1]["list"]} == {"Composed", "Forged"}
    await eventually(lambda: _subjects(ben, {"Own"}), "only the own one arrives now")
    held = await through.query("EmailSubmission", filter={"emailIds": [ids["c"]]})
    await through.call("EmailSubmission/set", update={held[0]: {"undoStatus": "canceled"}})


async def test_no_mail_is_copied_to_be_sent(through: Person, ben: Person) -> None:
    """Email/copy is between accounts, and a person has one."""
    copied = {"c": {"id": await through.draft(ben.address), "mailboxIds": {"d": True}}}
    for source in (through.account, ben.account):
        submitted = {"s": await submission(through, "#c", ben)}
        answers = await through.calls(
            ("Email/copy", {"fromAccountId": source, "create": copied}), ("EmailSubmission/set", {"create": submitted})
        )
        assert [name for name, _ in answers] == ["error", "error"], answers


async def test_references_across_a_submission_lead_where_they_do_without_the_gateway(
    through: Person, straight: Person, ben: Person
) -> None:
    """The id of a blob made before is known after; a reference to an email that was not made fails its call only."""
    upload = ("Blob/upload", {"create": {"b": {"data": [{"data:asText": "Hello"}], "type": "text/plain"}}})
    get = ("Blob/get", {"ids": ["#b"], "properties": ["size"]})
    own = await submission(straight, await straight.draft(ben.address), ben)
    for create in ({"s": own}, {"s": own, "t": own | {"emailId": "#nothing"}}):
        calls = (upload, ("EmailSubmission/set", {"create": create}), get)
        directly, divided = await straight.calls(*calls), await through.calls(*calls)
        assert [name for name, _ in divided] == [name for name, _ in directly]
        assert divided[1][1].get("type") == directly[1][1].get("type")
        assert divided[2] == directly[2]


CONFIRMED = "mail.example.org; dmarc=pass header.from=bank.example"
FORGING = {"From": STRANGER, "Authentication-Results": CONFIRMED}
CHANGING = {
    "editheader": 'deleteheader "From";' + "".join(f'addheader "{name}" "{value}";' for name, value in FORGING.items()),
    "replace": f'replace :from "{STRANGER}" "text";',
    "enclose": f'enclose :headers ["From: {STRANGER}"] "text";',
}


async def test_persons_script_sends_in_another_name_unless_it_is_disabled(
    admin: StalwartClient, straight: Person, ben: Person
) -> None:
    """As docs/how-to/mail.md says: the script changes mail that the person receives, and redirects it. It can write
    the field on top by which readers believe the server that the name is true."""
    if "STALWART_URL" not in os.environ:
        pytest.skip("NOT TESTED: scripts change no mail on the stand-in")

    async def redirected(name: str, marker: str) -> set[tuple[str, bool]]:
        """The authors of what Ben gets before the marker, and whether his reader takes them for confirmed."""
        redirect = f'{CHANGING[name]} redirect "{ben.address}"; keep;'
        blob = (await straight.upload(f'require "{name}"; {redirect}'.encode(), "application/sieve"))["blobId"]
        script = {"name": marker, "blobId": blob}
        await straight.call("SieveScript/set", create={"a": script}, onSuccessActivateScript="#a")
        await _sent(ben, straight, "A word")
        await eventually(partial(straight.query, filter={"inMailbox": "a"}), "the mail is kept")
        await straight.call("Email/set", destroy=await straight.query(filter={"inMailbox": "a"}))
        await _sent(straight, ben, marker)
        await eventually(partial(ben.query, filter={"inMailbox": "a", "subject": marker}), "the marker arrives")
        ids = await ben.query(filter={"inMailbox": "a"})
        topmost = "header:Authentication-Results:all"
        found = (await ben.call("Email/get", ids=ids, properties=["from", topmost]))["list"]
        await ben.call("Email/set", destroy=ids)
        authors = {(author["email"], CONFIRMED in str(each[topmost][:1])) for each in found for author in each["from"]}
        return authors - {(straight.address, False)}

    for name in CHANGING:
        assert await redirected(name, f"With {name}") == {(STRANGER, name == "editheader")}
    async with changed(admin, "SieveUserInterpreter", {"disableCapabilities": dict.fromkeys(CHANGING, True)}):
        for name in CHANGING:
            assert await redirected(name, f"Without {name}") == set()


async def _sent(author: Person, to: Person, subject: str) -> None:
    email = await author.draft(to.address, subject=subject)
    assert "id" in await author.create("EmailSubmission", **await submission(author, email, to))


async def _subjects(reader: Person, wanted: set[str]) -> bool:
    ids = await reader.query(filter={"inMailbox": "a"})
    found = (await reader.call("Email/get", ids=ids, properties=["subject"]))["list"]
    return {each["subject"] for each in found} == wanted

"""The rules of Stalwart's mail: writing, organising and sending. On the stand-in, or on a real server (conftest.py)."""

import os
from typing import Any

import pytest

from eventually import eventually
from mail_person import Person, message

TEXT = {"bodyValues": {"t": {"value": "Grüße\nzwei"}}, "textBody": [{"partId": "t", "type": "text/plain"}]}

pytestmark = pytest.mark.stand_in


@pytest.fixture
def ann(straight: Person) -> Person:
    return straight


# Emails


async def test_created_email_has_the_given_time_of_receipt_and_header_field(ann: Person) -> None:
    """What else is in it: test_written_mail.py."""
    given = {"receivedAt": "2026-01-01T10:00:00Z", "header:X-Word:asText": "wörd"}
    made = await ann.create("Email", mailboxIds={"d": True}, **given, **TEXT)
    assert await ann.get("Email", made["id"], properties=[*given]) == {"id": made["id"]} | given


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("text/plain", b"a\r\nb\r\n"),
        ("text/csv", b"\xff;\r"),
        ("text/plain", b"x" * 5000),
        ("image/png", b"\0\r\n\xff"),
        ("application/zip", b""),
    ],
)
async def test_attachment_is_downloaded_as_it_was_uploaded(ann: Person, kind: str, content: bytes) -> None:
    """Except for lone line feeds in text: a real server writes CRLF for them, the stand-in leaves them unchanged."""
    blob = (await ann.upload(content, kind))["blobId"]
    attachments = [{"blobId": blob, "type": kind, "name": "a"}, {"blobId": blob, "type": kind, "name": "b"}]
    made = await ann.create("Email", mailboxIds={"d": True}, attachments=attachments, **TEXT)
    email = await ann.get("Email", made["id"], properties=["attachments", "preview", "hasAttachment"])
    assert email["hasAttachment"] is not kind.startswith("image/")  # it is shown within the body
    assert email["preview"] == "Grüße\nzwei"
    assert [(part["name"], part["disposition"]) for part in email["attachments"]] == [("a", None), ("b", None)]
    for part in email["attachments"]:
        path = f"/jmap/download/{ann.account}/{part['blobId']}/a"
        assert (await ann.http.get(path)).content == content


async def test_email_is_created_with_the_given_body_structure(ann: Person) -> None:
    tree = {
        "type": "multipart/related",
        "subParts": [{"partId": "h", "type": "text/html"}, {"partId": "t", "type": "text/css", "cid": "c"}],
    }
    values = {"h": {"value": "<p>x</p>"}, "t": {"value": "p{}"}}
    made = await ann.create("Email", mailboxIds={"d": True}, bodyStructure=tree, bodyValues=values)
    wanted = {"properties": ["bodyStructure"], "bodyProperties": ["type", "cid", "partId"]}
    root = (await ann.get("Email", made["id"], **wanted))["bodyStructure"]
    kinds = [(part["type"], part["cid"]) for part in root["subParts"]]
    assert (root["type"], root["partId"]) == ("multipart/related", None)
    assert kinds == [("text/html", None), ("text/css", "c")]


@pytest.mark.parametrize(
    ("change", "properties"),
    [
        ({"mailboxIds": {}}, ["mailboxIds"]),
        ({"mailboxIds": {"zz": True}}, ["mailboxIds"]),
        ({"colour": "red"}, ["colour"]),
        ({"bodyStructure": {"partId": "t"}}, ["textBody", "bodyStructure"]),
        ({"textBody": [{"partId": "q"}]}, ["textBody/partId"]),
        ({"textBody": [{"partId": "t", "type": "text/html"}]}, ["textBody/type"]),
        ({"subject": 5}, ["subject"]),
        ({"attachments": [{"blobId": "ezzz"}]}, ["attachments/blobId"]),
    ],
)
async def test_invalid_email_create_is_rejected_and_changes_nothing(
    ann: Person, change: dict[str, Any], properties: list[str]
) -> None:
    answer = await ann.call("Email/set", create={"c": {"mailboxIds": {"d": True}} | TEXT | change})
    refusal = answer["notCreated"]["c"]
    assert (refusal["type"], refusal["properties"]) == ("invalidProperties", properties)
    assert answer["oldState"] == answer["newState"]


@pytest.mark.parametrize(
    "patch",
    [
        {"mailboxIds/a": None},
        {"mailboxIds/zz": True},
        {"mailboxIds": {}},
        {"subject": "new"},
        {"keywords": "$seen"},
        {"keywords/$seen": 5},
    ],
)
async def test_invalid_email_patch_changes_nothing(ann: Person, patch: dict[str, Any]) -> None:
    made = await ann.add(message(), keywords={"one": True})
    refusal = await ann.update("Email", made["id"], **({"keywords/two": True} | patch))
    email = await ann.get("Email", made["id"], properties=["mailboxIds", "keywords"])
    assert refusal["type"] == "invalidProperties"
    assert (email["mailboxIds"], email["keywords"]) == ({"a": True}, {"one": True})


async def test_keywords_and_mailboxes_can_be_patched_singly_or_as_a_whole(ann: Person) -> None:
    made = await ann.add(message(), keywords={"one": True, "two": True})
    for patch, mailboxes, keywords in (
        ({"keywords/one": None, "keywords/$Seen": True}, ["a"], ["$seen", "two"]),
        ({"mailboxIds/b": True}, ["a", "b"], ["$seen", "two"]),
        ({"keywords/$SEEN": None}, ["a", "b"], ["two"]),
        ({"mailboxIds": {"e": True}, "keywords": {}}, ["e"], []),
    ):
        assert await ann.update("Email", made["id"], **patch) == {}
        email = await ann.get("Email", made["id"], properties=["mailboxIds", "keywords"])
        assert (sorted(email["mailboxIds"]), sorted(email["keywords"])) == (mailboxes, keywords)


async def test_keywords_are_case_sensitive_except_those_the_server_knows(ann: Person) -> None:
    made = await ann.add(message(), keywords={"One": True, "a b": True, "$FLAGGED": True})
    assert await ann.update("Email", made["id"], **{"keywords/one": True, "keywords/ONE": None}) == {}
    email = await ann.get("Email", made["id"], properties=["keywords"])
    assert email["keywords"] == dict.fromkeys(["One", "one", "a b", "$flagged"], True)
    found = [await ann.query(filter={"hasKeyword": word}) for word in ("ONE", "One", "$Flagged")]
    assert found == [[], [made["id"]], [made["id"]]]


async def test_each_object_of_a_set_succeeds_or_fails_on_its_own(ann: Person) -> None:
    made = await ann.add(message())
    answer = await ann.call(
        "Email/set",
        create={"x": {}},
        update={made["id"]: {"keywords/a": True}, "zzzz": {"keywords/a": True}},
        destroy=["yyyy", made["id"]],
    )
    assert answer["notUpdated"][made["id"]]["type"] == "willDestroy"
    assert (answer["notUpdated"]["zzzz"]["type"], answer["notDestroyed"]["yyyy"]["type"]) == ("notFound", "notFound")
    assert (answer["destroyed"], list(answer["notCreated"])) == ([made["id"]], ["x"])


async def test_creation_ids_can_be_used_in_later_calls_of_a_request(ann: Person) -> None:
    uploaded = (await ann.upload(message("imported")))["blobId"]
    emails = {
        "e": {"blobId": uploaded, "mailboxIds": {"#child": True}},
        "f": {"blobId": "#b", "mailboxIds": {"#child": True}},
    }
    answers = await ann.calls(
        ("Mailbox/set", {"create": {"child": {"name": "Child", "parentId": "#top"}, "top": {"name": "Top"}}}),
        ("Blob/upload", {"create": {"b": {"data": [{"data:asText": "h"}, {"data:asBase64": "aQ=="}]}}}),
        ("Email/import", {"emails": emails}),
        ("Email/get", {"ids": ["#e"], "properties": ["subject", "mailboxIds"]}),
        ("Blob/get", {"ids": ["#b"], "properties": ["data:asText"]}),
    )
    made = answers[0][1]["created"]
    (email,) = answers[3][1]["list"]
    assert (email["subject"], email["mailboxIds"]) == ("imported", {made["child"]["id"]: True})
    # the id of a created blob can be used in Blob/get only
    assert answers[2][1]["notCreated"]["f"]["properties"] == ["blobId"]
    assert answers[4][1]["list"][0]["data:asText"] == "hi"
    assert (await ann.get("Mailbox", made["child"]["id"]))["parentId"] == made["top"]["id"]


# Mailboxes


async def test_mailbox_tree_has_no_duplicate_names_and_no_cycles(ann: Person) -> None:
    top = (await ann.create("Mailbox", name="Top"))["id"]
    child = (await ann.create("Mailbox", name="Top", parentId=top))["id"]
    for refused in (
        await ann.create("Mailbox", name=""),
        await ann.create("Mailbox", name="x", parentId="zz"),
        await ann.create("Mailbox", name="x", role="inbox"),
        await ann.create("Mailbox", name="x", colour="red"),
        await ann.update("Mailbox", top, parentId=child),
    ):
        assert refused["type"] == "invalidProperties"
    other = (await ann.create("Mailbox", name="Other"))["id"]
    for twin in (await ann.create("Mailbox", name="top"), await ann.update("Mailbox", other, name="Top")):
        assert (twin["type"], twin["existingId"]) == ("alreadyExists", top)
    await ann.call("Mailbox/set", destroy=[other])
    assert (await ann.get("Mailbox", child))["isSubscribed"] is False
    assert await ann.update("Mailbox", child, name="Child", sortOrder=3, isSubscribed=True) == {}
    box = await ann.get("Mailbox", child)
    assert (box["name"], box["parentId"], box["sortOrder"], box["isSubscribed"]) == ("Child", top, 3, True)
    assert await ann.query("Mailbox", filter={"parentId": top}) == [child]
    assert await ann.query("Mailbox", filter={"role": "sent"}) == ["e"]
    assert set(await ann.query("Mailbox", filter={"hasAnyRole": False})) == {top, child}


async def test_mailbox_destroy_needs_no_children_and_no_mail_unless_mail_removal_is_requested(ann: Person) -> None:
    top = (await ann.create("Mailbox", name="Top"))["id"]
    child = (await ann.create("Mailbox", name="Child", parentId=top))["id"]
    both = await ann.add(message("both"), mailboxIds={child: True, "a": True})
    only = await ann.add(message("only"), mailbox=child)

    async def refusal(number: str, **more: Any) -> str:
        answer = await ann.call("Mailbox/set", destroy=[number], **more)
        return answer.get("notDestroyed", {}).get(number, {}).get("type", "")

    assert await refusal(top) == "mailboxHasChild"
    assert await refusal(child) == "mailboxHasEmail"
    assert await refusal("a", onDestroyRemoveEmails=True) == "forbidden"
    assert await refusal(child, onDestroyRemoveEmails=True) == ""
    assert await refusal(top) == ""
    answer = await ann.call("Email/get", ids=[both["id"], only["id"]], properties=["mailboxIds"])
    assert ([email["mailboxIds"] for email in answer["list"]], answer["notFound"]) == ([{"a": True}], [only["id"]])


# Sending


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ({"identityId": "zz"}, "invalidProperties"),
        ({"emailId": "zz"}, "invalidProperties"),
        ({"envelope": {"mailFrom": {"email": "eve@example.org"}, "rcptTo": [{"email": "b@x.org"}]}}, "forbiddenFrom"),
    ],
)
async def test_invalid_submission_is_rejected(ann: Person, value: dict[str, Any], error: str) -> None:
    draft = await ann.draft("ben@example.org")
    identity = (await ann.call("Identity/get"))["list"][0]["id"]
    refusal = await ann.create("EmailSubmission", **({"identityId": identity, "emailId": draft} | value))
    assert refusal["type"] == error


async def test_envelope_without_recipients_gets_those_of_the_message(ann: Person) -> None:
    identity = (await ann.call("Identity/get"))["list"][0]["id"]
    envelope = {"mailFrom": {"email": ann.address}, "rcptTo": []}
    asked = {"identityId": identity, "envelope": envelope}
    draft = await ann.draft("ben@example.org", bcc=[{"email": ann.address}])
    made = await ann.create("EmailSubmission", **asked, emailId=draft)
    submission = await ann.get("EmailSubmission", made["id"])
    assert {each["email"] for each in submission["envelope"]["rcptTo"]} == {"ben@example.org", ann.address}
    nobodys = await ann.create("Email", mailboxIds={"d": True}, subject="For nobody")
    assert (await ann.create("EmailSubmission", **asked, emailId=nobodys["id"]))["type"] == "noRecipients"


@pytest.mark.skipif("STALWART_URL" in os.environ, reason="the stand-in tells why it does not send abroad")
async def test_stand_in_rejects_mail_for_other_domains_with_the_reason(ann: Person) -> None:
    draft = await ann.draft("someone@elsewhere.org")
    identity = (await ann.call("Identity/get"))["list"][0]["id"]
    made = await ann.create("EmailSubmission", identityId=identity, emailId=draft)
    assert made["undoStatus"] == "final"
    submission = await ann.get("EmailSubmission", made["id"])
    (status,) = submission["deliveryStatus"].values()
    assert (status["delivered"], "own domains only" in status["smtpReply"]) == ("no", True)


@pytest.mark.skipif("STALWART_URL" in os.environ, reason="who wrote the sample mail is known to the stand-in alone")
async def test_stand_in_accepts_a_reply_to_an_invented_sender_and_delivers_it_to_nobody(ann: Person) -> None:
    draft = await ann.draft("mara@papierwerk.example.org", subject="For nobody")
    identity = (await ann.call("Identity/get"))["list"][0]["id"]
    made = await ann.create("EmailSubmission", identityId=identity, emailId=draft)

    async def is_final() -> bool:
        return (await ann.get("EmailSubmission", made["id"]))["undoStatus"] == "final"

    await eventually(is_final, "the submission leaves the queue")
    (status,) = (await ann.get("EmailSubmission", made["id"]))["deliveryStatus"].values()
    assert (status["delivered"], status["smtpReply"][:3]) == ("unknown", "250")


# Identities


async def test_identity_get_creates_the_first_identity_only_if_there_is_none(ann: Person) -> None:
    draft = await ann.draft("ben@example.org")
    refusal = await ann.create("EmailSubmission", identityId="b", emailId=draft)
    assert refusal["properties"] == ["identityId"]
    await ann.create("Identity", name="Work", email=ann.address)
    assert [each["name"] for each in (await ann.call("Identity/get"))["list"]] == ["Work"]

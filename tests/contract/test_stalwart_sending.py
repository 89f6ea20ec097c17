"""The rules of Stalwart's mail: what is handed over, held, taken back and refused. On the stand-in, or on a real server
(conftest.py). The interface's engine relies on each of them: what a mail server does otherwise, it must be taught."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from eventually import eventually
from mail_person import Person

NOBODY = "nobody-at-all@example.org"
SENT = {"mailboxIds/d": None, "mailboxIds/e": True, "keywords/$draft": None}

pytestmark = pytest.mark.stand_in


@pytest.fixture
def ann(straight: Person) -> Person:
    return straight


async def submission(
    sender: Person, draft: str, *recipients: str, parameters: dict[str, Any] | None = None
) -> dict[str, Any]:
    """What an EmailSubmission/set creates."""
    identity = (await sender.call("Identity/get"))["list"][0]["id"]
    to = [{"email": address} for address in recipients]
    envelope = {"mailFrom": {"email": sender.address, "parameters": parameters}, "rcptTo": to}
    return {"identityId": identity, "emailId": draft, "envelope": envelope}


async def submit(sender: Person, draft: str, *recipients: str, **more: Any) -> dict[str, Any]:
    """The properties set by the server, or the SetError."""
    return await sender.create("EmailSubmission", **await submission(sender, draft, *recipients, **more))


async def arrives(reader: Person, subject: str) -> str:
    came: list[str] = []

    async def found() -> list[str]:
        came[:] = await reader.query(filter={"inMailbox": "a", "subject": subject})
        return came

    await eventually(found, f"mail with the subject {subject}")
    assert len(came) == 1
    return came[0]


# What became of it


async def test_submission_is_found_by_its_email_at_once_and_becomes_final(ann: Person, ben: Person) -> None:
    """To become final is no change of state."""
    draft = await ann.draft(ben.address, subject="Found")
    made = await submit(ann, draft, ben.address, parameters={"HOLDFOR": "1"})
    found = await ann.call("EmailSubmission/query", filter={"emailIds": [draft]})
    assert found["ids"] == [made["id"]]
    state = (await ann.call("EmailSubmission/get", ids=[]))["state"]
    assert await ann.query("EmailSubmission", filter={"emailIds": [await ann.draft(ben.address)]}) == []
    await arrives(ben, "Found")

    async def final() -> bool:
        return (await ann.get("EmailSubmission", made["id"]))["undoStatus"] == "final"

    await eventually(final, "the submission leaves the queue")
    assert (await ann.call("EmailSubmission/get", ids=[]))["state"] == state
    assert await ann.query("EmailSubmission", filter={"undoStatus": "final"}) == [made["id"]]
    status = (await ann.get("EmailSubmission", made["id"]))["deliveryStatus"][ben.address]
    assert (status["delivered"], status["smtpReply"][:3]) == ("unknown", "250")


async def test_unknown_recipient_is_reported_at_once_and_does_not_stop_the_others(ann: Person, ben: Person) -> None:
    """Also of mail that is held: there is time to take it back."""
    draft = await ann.draft(ben.address, subject="To some")
    made = await submit(ann, draft, ben.address, NOBODY, parameters={"HOLDFOR": "600"})
    assert made["undoStatus"] == "pending"
    status = (await ann.get("EmailSubmission", made["id"]))["deliveryStatus"]
    assert {address: each["delivered"] for address, each in status.items()} == {ben.address: "queued", NOBODY: "no"}
    assert status[NOBODY]["smtpReply"].startswith("550 5.1.2")
    assert await ann.update("EmailSubmission", made["id"], undoStatus="canceled") == {}


async def test_mail_that_reaches_nobody_is_no_error_and_counts_as_sent(ann: Person) -> None:
    draft = await ann.draft(NOBODY, subject="To nobody")
    create = {"s": await submission(ann, draft, NOBODY, "none-either@example.org")}
    (_, sent), (_, moved) = await ann.calls(
        ("EmailSubmission/set", {"create": create, "onSuccessUpdateEmail": {"#s": SENT}})
    )
    assert (sent["created"]["s"]["undoStatus"], moved["updated"]) == ("final", {draft: None})
    made = await ann.get("EmailSubmission", sent["created"]["s"]["id"])
    assert {each["delivered"] for each in made["deliveryStatus"].values()} == {"no"}
    email = await ann.get("Email", draft, properties=["mailboxIds", "keywords"])
    assert (email["mailboxIds"], email["keywords"]) == ({"e": True}, {})
    refusal = await ann.update("EmailSubmission", made["id"], undoStatus="canceled")
    assert (refusal["type"], refusal["properties"]) == ("invalidProperties", ["undoStatus"])


async def test_addresses_are_reported_in_lower_case(ann: Person, ben: Person) -> None:
    draft = await ann.draft(ben.address)
    made = await submit(ann, draft, ben.address.upper(), "Nobody-At-ALL@Example.ORG", parameters={"HOLDFOR": "600"})
    shown = await ann.get("EmailSubmission", made["id"])
    assert set(shown["deliveryStatus"]) == {ben.address, NOBODY}
    assert [each["email"] for each in shown["envelope"]["rcptTo"]] == [ben.address, NOBODY]
    await ann.update("EmailSubmission", made["id"], undoStatus="canceled")


@pytest.mark.parametrize(
    "address", ["ben", "ben@", "@example.org", '"a b"@example.org', "a..b@example.org", "a,b@x.org"]
)
async def test_one_malformed_recipient_refuses_the_whole_submission(ann: Person, ben: Person, address: str) -> None:
    draft = await ann.draft(ben.address, subject="Malformed")
    refusal = await submit(ann, draft, ben.address, address)
    assert (refusal["type"], refusal["properties"]) == ("invalidProperties", ["envelope"])
    assert await ann.query("EmailSubmission", filter={"emailIds": [draft]}) == []


async def test_recipients_get_no_bcc_and_the_sender_keeps_it(ann: Person, ben: Person) -> None:
    draft = await ann.draft(
        ben.address, subject="Secret", bcc=[{"name": "Cy", "email": "cy@example.org"}, {"email": ann.address}]
    )
    await submit(ann, draft, ben.address, ann.address)
    for reader in (ben, ann):
        came = await reader.get("Email", await arrives(reader, "Secret"), properties=["bcc", "blobId"])
        raw = (await reader.http.get(f"/jmap/download/{reader.account}/{came['blobId']}/a")).content
        assert (came["bcc"], b"cy@example.org" in raw) == (None, False)
    kept = await ann.get("Email", draft, properties=["bcc"])
    assert [each["email"] for each in kept["bcc"]] == ["cy@example.org", ann.address]


# Held mail


async def test_held_mail_leaves_when_its_time_has_come(ann: Person, ben: Person) -> None:
    draft = await ann.draft(ben.address, subject="Held for a moment")
    made = await submit(ann, draft, ben.address, parameters={"HOLDFOR": "5"})
    assert await ann.query("EmailSubmission", filter={"undoStatus": "pending"}) == [made["id"]]
    too_early = await ben.query(filter={"subject": "Held for a moment"})
    assert too_early == [] or datetime.now(UTC) >= datetime.fromisoformat(made["sendAt"])
    await arrives(ben, "Held for a moment")
    assert datetime.now(UTC) >= datetime.fromisoformat(made["sendAt"])
    assert (await ann.update("EmailSubmission", made["id"], undoStatus="canceled"))["type"] == "cannotUnsend"


async def test_mail_can_be_held_until_a_time(ann: Person, ben: Person) -> None:
    at = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    made = await submit(ann, await ann.draft(ben.address), ben.address, parameters={"HOLDUNTIL": at})
    assert (made["sendAt"], made["undoStatus"]) == (at, "pending")
    assert await ann.query("EmailSubmission", filter={"after": at[:10] + "T00:00:00Z"}) == [made["id"]]
    assert await ann.update("EmailSubmission", made["id"], undoStatus="canceled") == {}


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"HOLDFOR": "604801"}, "forbiddenMailFrom"),
        ({"HOLDUNTIL": "2020-01-01T00:00:00Z"}, "forbiddenMailFrom"),
        ({"HOLDUNTIL": "2099-01-01T00:00:00Z"}, "forbiddenMailFrom"),
        ({"HOLDFOR": "0"}, "invalidProperties"),
        ({"HOLDFOR": "-1"}, "invalidProperties"),
        ({"HOLDFOR": "soon"}, "invalidProperties"),
        ({"HOLDFOR": 60}, "invalidProperties"),
        ({"HOLDUNTIL": "tomorrow"}, "invalidProperties"),
        ({"HOLDFOR": "60", "COLOUR": "red"}, "invalidProperties"),
    ],
    ids=str,
)
async def test_mail_is_held_for_seven_days_at_most_whatever_the_session_says(
    ann: Person, ben: Person, parameters: dict[str, Any], error: str
) -> None:
    """`maxDelayedSend` of Stalwart's session is 30 days; its `futureRelease` is 7 by default."""
    draft = await ann.draft(ben.address)
    refusal = await submit(ann, draft, ben.address, parameters=parameters)
    assert refusal["type"] == error
    assert await ann.query("EmailSubmission", filter={"emailIds": [draft]}) == []


async def test_mail_may_be_held_for_seven_days_and_cancelled_once(ann: Person, ben: Person) -> None:
    made = await submit(ann, await ann.draft(ben.address), ben.address, parameters={"HOLDFOR": "604800"})
    left = datetime.fromisoformat(made["sendAt"]) - datetime.now(UTC)
    assert abs(left - timedelta(days=7)) < timedelta(minutes=1)
    assert await ann.update("EmailSubmission", made["id"], undoStatus="canceled") == {}
    shown = await ann.get("EmailSubmission", made["id"])
    assert (shown["undoStatus"], shown["deliveryStatus"][ben.address]["delivered"]) == ("canceled", "unknown")
    assert (await ann.update("EmailSubmission", made["id"], undoStatus="canceled"))["type"] == "cannotUnsend"
    assert await ann.query("EmailSubmission", filter={"undoStatus": "canceled"}) == [made["id"]]


async def test_cancelling_does_not_move_the_mail_whatever_is_asked_for(ann: Person, ben: Person) -> None:
    """Stalwart takes the key of `onSuccessUpdateEmail` for the id of an email, and would change another one."""
    other = await ann.draft(ben.address, subject="Another")
    draft = await ann.draft(ben.address, subject="Taken back")
    made = await submit(ann, draft, ben.address, parameters={"HOLDFOR": "600"})
    asked = {"update": {made["id"]: {"undoStatus": "canceled"}}, "onSuccessUpdateEmail": {made["id"]: SENT}}
    (_, answer), *_ = await ann.calls(("EmailSubmission/set", asked))
    assert answer["updated"] == {made["id"]: None}
    boxes = [(await ann.get("Email", each, properties=["mailboxIds"]))["mailboxIds"] for each in (draft, other)]
    assert boxes[0] == {"d": True}


async def test_held_mail_leaves_though_its_email_is_destroyed(ann: Person, ben: Person) -> None:
    draft = await ann.draft(ben.address, subject="Email destroyed")
    made = await submit(ann, draft, ben.address, parameters={"HOLDFOR": "1"})
    await ann.call("Email/set", destroy=[draft])
    await arrives(ben, "Email destroyed")
    assert (await ann.get("EmailSubmission", made["id"]))["emailId"] == draft


async def test_held_mail_leaves_though_its_submission_is_destroyed(ann: Person, ben: Person) -> None:
    """And nobody can take it back any more: a program must cancel it first."""
    draft = await ann.draft(ben.address, subject="Submission destroyed")
    made = await submit(ann, draft, ben.address, parameters={"HOLDFOR": "2"})
    assert (await ann.call("EmailSubmission/set", destroy=[made["id"]]))["destroyed"] == [made["id"]]
    assert (await ann.update("EmailSubmission", made["id"], undoStatus="canceled"))["type"] == "notFound"
    assert await ann.query("EmailSubmission", filter={"emailIds": [draft]}) == []
    await arrives(ben, "Submission destroyed")


# Exactly once


async def test_submission_of_a_destroyed_email_is_refused(ann: Person, ben: Person) -> None:
    """So a request that comes late sends nothing, if the email was made anew in the meantime."""
    draft = await ann.draft(ben.address, subject="Too late")
    anew = {"mailboxIds": {"d": True}, "to": [{"email": ben.address}], "subject": "Anew"}
    answer = await ann.call("Email/set", create={"m": anew}, destroy=[draft])
    assert (answer["destroyed"], answer["created"]["m"]["id"] == draft) == ([draft], False)
    refusal = await submit(ann, draft, ben.address)
    assert (refusal["type"], refusal["properties"]) == ("invalidProperties", ["emailId"])


async def test_state_of_submissions_is_not_compared(ann: Person, ben: Person) -> None:
    """`ifInState` is ignored, if it is a state at all: it does not protect against sending twice."""
    state = (await ann.call("EmailSubmission/get", ids=[]))["state"]
    await submit(ann, await ann.draft(ben.address, subject="Before"), ben.address)
    draft = await ann.draft(ben.address, subject="After")
    create = {"s": await submission(ann, draft, ben.address)}
    answer = await ann.call("EmailSubmission/set", ifInState=state, create=create)
    assert (list(answer["created"]), "oldState" in answer) == (["s"], False)


async def test_submissions_can_be_sorted_by_their_time_only_as_sent_at(ann: Person, ben: Person) -> None:
    made = [
        (await submit(ann, await ann.draft(ben.address), ben.address, parameters={"HOLDFOR": hold}))["id"]
        for hold in ("500", "900", "700")
    ]
    newest = await ann.query("EmailSubmission", sort=[{"property": "sentAt", "isAscending": False}])
    assert newest == [made[1], made[2], made[0]]
    refused = await ann.call("EmailSubmission/query", sort=[{"property": "sendAt"}])
    assert refused["type"] == "unsupportedSort"
    await ann.call("EmailSubmission/set", update={each: {"undoStatus": "canceled"} for each in made})


async def test_email_of_the_same_request_can_be_submitted(ann: Person, ben: Person) -> None:
    email = {
        "mailboxIds": {"d": True},
        "from": [{"email": ann.address}],
        "to": [{"email": ben.address}],
        "subject": "One go",
    }
    create = {"s": await submission(ann, "#m", ben.address)}
    answers = await ann.calls(("Email/set", {"create": {"m": email}}), ("EmailSubmission/set", {"create": create}))
    assert "s" in answers[1][1]["created"]
    await arrives(ben, "One go")


@pytest.mark.parametrize(
    ("change", "names"),
    [({"sendAt": "2099-01-01T00:00:00Z"}, ["sendAt"]), ({"deliveryStatus": {}}, ["deliveryStatus"])],
    ids=str,
)
async def test_what_the_server_sets_cannot_be_given(
    ann: Person, ben: Person, change: dict[str, Any], names: list[str]
) -> None:
    create = await submission(ann, await ann.draft(ben.address), ben.address) | change
    refusal = await ann.create("EmailSubmission", **create)
    assert (refusal["type"], refusal["properties"]) == ("invalidProperties", names)

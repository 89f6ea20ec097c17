"""Our JMAP client on servers that we did not write it against alone: Debian's Cyrus, and Stalwart or its stand-in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from eventually import eventually
from jmap_server import JmapServer, MailPerson, letter
from postroom.jmap.capability import MAIL, SUBMISSION
from postroom.jmap.changes import changes
from postroom.jmap.client import JmapClient
from postroom.jmap.errors import (
    CannotCalculateChanges,
    HttpError,
    MethodError,
    NotProvisioned,
    RequestError,
    SetErrors,
    StateMismatch,
    Unauthorized,
)
from postroom.jmap.event_source import StateChange, listen
from postroom.jmap.request import Request

SOON = 10.0
MEGABYTE = 1 << 20


@dataclass
class Mailbox:
    """A new, empty mailbox (RFC 8621 §2) of a person, for one test."""

    client: JmapClient
    person: MailPerson
    id: str

    @property
    def account_id(self) -> str:
        return self.person.account_id

    async def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        request = Request()
        call = request.add(method, {"accountId": self.account_id, **arguments})
        return (await self.client.call(request, deadline=SOON)).done(call)

    async def add(self, subject: str) -> str:
        """The id of a new email in it."""
        blob = await self.client.upload(self.account_id, letter(subject), type="message/rfc822", deadline=SOON)
        email = {"blobId": blob.id, "mailboxIds": {self.id: True}}
        return (await self.call("Email/import", emails={"e": email}))["created"]["e"]["id"]

    async def state(self) -> str:
        return (await self.call("Email/get", ids=[]))["state"]

    async def with_role(self, role: str) -> str:
        boxes = (await self.call("Mailbox/get", ids=None, properties=["role"]))["list"]
        return next(box["id"] for box in boxes if box["role"] == role)

    async def subjects(self, where: dict[str, str]) -> dict[str, str]:
        """The newest emails: id → subject."""
        request = Request()
        newest_first = [{"property": "receivedAt", "isAscending": False}]
        query = {"accountId": self.account_id, "filter": where, "sort": newest_first, "limit": 10}
        found = request.add("Email/query", query)
        got = request.add(
            "Email/get", {"accountId": self.account_id, "ids": found.ref("/ids"), "properties": ["subject"]}
        )
        emails = (await self.client.call(request, deadline=SOON)).of(got)["list"]
        return {email["id"]: email["subject"] for email in emails}


@pytest.fixture(params=["cyrus", "stalwart_mail"])
def server(request: pytest.FixtureRequest) -> JmapServer:
    return request.getfixturevalue(request.param)


@pytest.fixture
async def client(server: JmapServer) -> AsyncIterator[JmapClient]:
    client = server.client(server.people[0])
    yield client
    await client.aclose()


@pytest.fixture
async def mailbox(server: JmapServer, client: JmapClient) -> AsyncIterator[Mailbox]:
    mailbox = Mailbox(client, server.people[0], "")
    made = await mailbox.call("Mailbox/set", create={"m": {"name": f"Test {uuid4().hex[:8]}"}})
    mailbox.id = made["created"]["m"]["id"]
    yield mailbox
    await mailbox.call("Mailbox/set", destroy=[mailbox.id], onDestroyRemoveEmails=True)


# The session


async def test_the_session_is_found_and_its_urls_stay_at_the_server(server: JmapServer, client: JmapClient) -> None:
    session = await client.session(deadline=SOON)
    assert session.account_for(MAIL) == server.people[0].account_id
    assert session.api_url == f"{server.url}/jmap/"
    assert session.upload_url("a").startswith(f"{server.url}/jmap/upload/a")
    assert session.download_url("a", "b", name="c", type="d/e").startswith(f"{server.url}/jmap/download/a/b/c?")
    assert session.limits.max_calls_in_request >= 16
    assert session.limits.max_objects_in_get >= 500


async def test_wrong_credentials_are_told_apart(server: JmapServer) -> None:
    client = JmapClient(server.url, "Basic bm9ib2R5Ondyb25n")
    try:
        with pytest.raises(Unauthorized):
            await client.session(deadline=SOON)
    finally:
        await client.aclose()


async def test_an_account_whose_mailbox_is_not_there_yet_is_told_apart(cyrus: JmapServer) -> None:
    assert cyrus.unready, "CYRUS_LOGINS: end it with a login that never used IMAP"
    client = cyrus.client(cyrus.unready)
    try:
        with pytest.raises(NotProvisioned):
            (await client.session(deadline=SOON)).account_for(MAIL)
    finally:
        await client.aclose()


# Calls


async def test_a_call_takes_what_earlier_ones_answer(mailbox: Mailbox) -> None:
    ids = {await mailbox.add("one"), await mailbox.add("two")}
    account = {"accountId": mailbox.account_id}
    request = Request()
    query = request.add("Email/query", {**account, "filter": {"inMailbox": mailbox.id}})
    emails = request.add("Email/get", {**account, "ids": query.ref("/ids"), "properties": ["threadId", "subject"]})
    threads = request.add("Thread/get", {**account, "ids": emails.ref("/list/*/threadId")})
    answer = await mailbox.client.call(request, deadline=SOON)
    assert set(answer.of(query)["ids"]) == ids
    assert {email["subject"] for email in answer.of(emails)["list"]} == {"one", "two"}
    assert {email for thread in answer.of(threads)["list"] for email in thread["emailIds"]} == ids


async def test_an_email_is_made_changed_and_destroyed_and_the_changes_say_so(mailbox: Mailbox) -> None:
    states = [await mailbox.state()]
    email = await mailbox.add("changing")
    states.append(await mailbox.state())
    await mailbox.call("Email/set", update={email: {"keywords/$flagged": True}})
    states.append(await mailbox.state())
    await mailbox.call("Email/set", destroy=[email])
    expected = [([email], [], []), ([], [email], []), ([], [], [email])]
    for since, told in zip(states, expected, strict=True):
        created, updated, destroyed = list[str](), list[str](), list[str]()
        async for page in changes(mailbox.client, "Email", mailbox.account_id, since, deadline=SOON):
            created += page.created
            updated += page.updated
            destroyed += page.destroyed
        if since == states[0]:  # made and destroyed since: a server may leave it out (RFC 8620 §5.2)
            told = (created, [], destroyed)
            assert {*created, *destroyed} <= {email}
        elif since == states[1]:
            told = ([], [], [email])
        assert (created, updated, destroyed) == told


async def test_changes_come_in_pages_to_the_last_one(mailbox: Mailbox) -> None:
    since = await mailbox.state()
    ids = {await mailbox.add(f"page {number}") for number in range(5)}
    pages = [
        page async for page in changes(mailbox.client, "Email", mailbox.account_id, since, deadline=SOON, max_changes=2)
    ]
    assert len(pages) > 1
    assert all(len(page.created) <= 2 for page in pages)
    assert {email for page in pages for email in page.created} == ids
    assert pages[-1].new_state == await mailbox.state()


async def test_a_long_request_goes_in_parts_within_the_servers_limits(mailbox: Mailbox) -> None:
    email = await mailbox.add("many calls")
    most = (await mailbox.client.session(deadline=SOON)).limits.max_calls_in_request
    request = Request()
    calls = [
        request.add("Email/get", {"accountId": mailbox.account_id, "ids": [email], "properties": ["subject"]})
        for _ in range(most + 3)
    ]
    answer = await mailbox.client.call(request, deadline=SOON)
    assert {answer.of(call)["list"][0]["subject"] for call in calls} == {"many calls"}


# Errors, by type


async def test_a_state_that_has_passed_is_a_mismatch(mailbox: Mailbox) -> None:
    before = await mailbox.state()
    email = await mailbox.add("mismatch")
    with pytest.raises(StateMismatch) as raised:
        await mailbox.call("Email/set", ifInState=before, update={email: {"keywords/$seen": True}})
    assert raised.value.never_applied


async def test_changes_from_an_unknown_state_cannot_be_calculated(server: JmapServer, mailbox: Mailbox) -> None:
    with pytest.raises(CannotCalculateChanges):
        await mailbox.call("Email/queryChanges", sinceQueryState=server.lost_state)


async def test_what_is_wrong_with_one_call_leaves_the_others_alone(mailbox: Mailbox) -> None:
    account = {"accountId": mailbox.account_id}
    request = Request()
    unsupported = request.add("Email/query", {**account, "filter": {"nonsense": 1}})
    referring = request.add("Email/get", {**account, "ids": unsupported.ref("/ids")})
    unknown = request.add("Email/frobnicate", account)
    right = request.add("Mailbox/get", {**account, "ids": [mailbox.id], "properties": ["name"]})
    answer = await mailbox.client.call(request, deadline=SOON)
    kinds = list[str]()
    for call in (unsupported, referring, unknown):
        with pytest.raises(MethodError) as raised:
            answer.of(call)
        kinds.append(raised.value.type)
    # Both are allowed for a filter that is not known (RFC 8620 §5.5).
    assert kinds[0] in ("unsupportedFilter", "invalidArguments")
    # The former is what Cyrus 3.6 says.
    assert kinds[1] in ("resultReference", "invalidResultReference")
    assert kinds[2] == "unknownMethod"
    assert len(answer.of(right)["list"]) == 1


async def test_what_is_wrong_with_one_object_is_told_for_that_one(mailbox: Mailbox) -> None:
    wrong = {"wrong": {"name": "", "parentId": None}, "right": {"name": "Right", "parentId": mailbox.id}}
    with pytest.raises(SetErrors) as raised:
        await mailbox.call("Mailbox/set", create=wrong)
    assert [*raised.value.errors] == ["wrong"]
    assert raised.value.errors["wrong"].type == "invalidProperties"
    assert not raised.value.never_applied
    await mailbox.call("Mailbox/set", destroy=[raised.value.answer["created"]["right"]["id"]])


async def test_a_request_with_an_unknown_capability_is_refused_as_a_whole(mailbox: Mailbox) -> None:
    request = Request(using=["urn:example:unknown"])
    request.add("Mailbox/get", {"accountId": mailbox.account_id, "ids": []})
    with pytest.raises(RequestError) as raised:
        await mailbox.client.call(request, deadline=SOON)
    # The latter is Stalwart's.
    assert raised.value.type in ("unknownCapability", "notRequest")
    assert raised.value.never_applied


# Blobs


async def test_a_blob_goes_up_and_comes_down_as_a_stream(mailbox: Mailbox) -> None:
    content = bytes(range(256)) * 12_000

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content), MEGABYTE):
            yield content[start : start + MEGABYTE]

    kind = "application/octet-stream"
    blob = await mailbox.client.upload(mailbox.account_id, pieces(), type=kind, deadline=SOON)
    assert blob.size == len(content)
    name = "ein Name?/ü.bin"
    async with mailbox.client.download(mailbox.account_id, blob.id, name=name, type=kind, deadline=SOON) as found:
        assert found.status == 200
        assert found.headers["content-type"] == kind
        received = [chunk async for chunk in found.chunks()]
    assert len(received) > 1
    assert b"".join(received) == content


async def test_a_blob_that_is_not_there_is_not_found(mailbox: Mailbox) -> None:
    with pytest.raises(HttpError) as raised:
        async with mailbox.client.download(mailbox.account_id, "Gnowhere", deadline=SOON):
            pass
    assert raised.value.status == 404


# Sending


async def test_a_draft_is_sent_and_moved_in_one_request(server: JmapServer, mailbox: Mailbox) -> None:
    sender, recipient, *_ = server.people
    drafts, sent = await mailbox.with_role("drafts"), await mailbox.with_role("sent")
    subject = f"Sent {uuid4().hex}"
    account = {"accountId": sender.account_id}
    request = Request()
    identities = await mailbox.call("Identity/get", ids=None)
    draft = {
        "mailboxIds": {drafts: True},
        "keywords": {"$draft": True, "$seen": True},
        "from": [{"email": sender.email}],
        "to": [{"email": recipient.email}],
        "subject": subject,
        "textBody": [{"partId": "t", "type": "text/plain"}],
        "bodyValues": {"t": {"value": "Hello."}},
    }
    submission = {
        "emailId": "#d",
        "identityId": identities["list"][0]["id"],
        "envelope": {"mailFrom": {"email": sender.email}, "rcptTo": [{"email": recipient.email}]},
    }
    moved = {f"mailboxIds/{drafts}": None, f"mailboxIds/{sent}": True, "keywords/$draft": None}
    made = request.add("Email/set", {**account, "create": {"d": draft}})
    submitted = request.add(
        "EmailSubmission/set", {**account, "create": {"s": submission}, "onSuccessUpdateEmail": {"#s": moved}}
    )
    answer = await mailbox.client.call(request, deadline=SOON)
    email = answer.done(made)["created"]["d"]["id"]
    assert answer.done(submitted)["created"]["s"]["id"]
    (_, implicit) = answer.all(submitted)
    assert implicit[0] == "Email/set"
    assert [*implicit[1]["updated"]] == [email]
    (found,) = (await mailbox.call("Email/get", ids=[email], properties=["mailboxIds", "keywords"]))["list"]
    assert found["mailboxIds"] == {sent: True}
    assert "$draft" not in found["keywords"]

    other = server.client(recipient)
    theirs = Mailbox(other, recipient, "")
    try:
        inbox = {"inMailbox": await theirs.with_role("inbox")}

        async def arrived() -> bool:
            return subject in (await theirs.subjects(inbox)).values()

        await eventually(arrived, "the message is in the recipient's inbox")
    finally:
        await other.aclose()


async def test_submission_is_a_capability_of_the_account(server: JmapServer, client: JmapClient) -> None:
    session = await client.session(deadline=SOON)
    assert session.account_for(SUBMISSION) == server.people[0].account_id


# Events


async def test_a_delivery_is_told_to_who_listens_and_the_changes_name_it(server: JmapServer, mailbox: Mailbox) -> None:
    subject = f"Delivered {uuid4().hex}"
    async with asyncio.timeout(SOON), aclosing(listen(mailbox.client, ["Email"], ping=60)) as events:
        if await anext(events, None) is None:
            pytest.skip(f"NOT TESTED: this {server.name} has no event source (204), as the 3.6 of Debian 12 has none")
        since = await mailbox.state()
        await server.deliver(letter(subject), mailbox.person.email)
        change = await anext(events)
    assert isinstance(change, StateChange)
    state = change.changed[mailbox.account_id]["Email"]
    pages = [page async for page in changes(mailbox.client, "Email", mailbox.account_id, since, deadline=SOON)]
    assert pages[-1].new_state == state
    created = [email for page in pages for email in page.created]
    (found,) = (await mailbox.call("Email/get", ids=created, properties=["subject"]))["list"]
    assert found["subject"] == subject

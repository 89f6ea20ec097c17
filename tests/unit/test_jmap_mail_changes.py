"""The requests to a JMAP server about new mail, and the meaning of each response."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx2
import pytest

from postroom.arrivals.ports import ChangesPage, HistoryLost
from postroom.domain.arrival import CreatedEmail
from postroom.errors import Misconfigured, PostroomError, Throttled, Transient
from postroom.jmap.mail_changes import JmapMail
from postroom.mailboxes.ports import MailAccount
from postroom.stalwart.impersonation import Impersonation
from scripted_jmap import URL, ScriptedJmap, http_of, problem

ALICE = MailAccount(UUID(int=1), "alice@example.org", "a")
EMAIL = {"id": "M1", "mailboxIds": {"i": True}, "keywords": {"$seen": True}, "receivedAt": "2026-03-01T12:00:00Z"}
BOXES = {"list": [{"id": "i", "role": "inbox"}, {"id": "x", "role": None}]}


@dataclass
class Keys:
    """The port `MailAuthorization`, whose headers can be rejected."""

    fresh: list[str] = field(default_factory=list)
    header_of: str = "Basic first"
    refusals: list[str] = field(default_factory=list)

    async def header(self, account: MailAccount) -> str:
        return self.header_of

    async def refused(self, account: MailAccount, header: str) -> bool:
        self.refusals.append(header)
        if self.fresh:
            self.header_of = self.fresh.pop(0)
            return True
        return False


def page(state: Any, *emails: dict[str, Any], more: bool = False, boxes: dict[str, Any] = BOXES):
    """The responses to the three calls of a page."""

    def play(request: httpx2.Request) -> httpx2.Response:
        (_, arguments, one), (_, _, two), (_, _, three) = json.loads(request.content)["methodCalls"]
        changes = {"oldState": arguments["sinceState"], "newState": state, "hasMoreChanges": more}
        created = [each.get("id") for each in emails]
        found = [
            ["Email/changes", changes | {"created": created, "updated": [], "destroyed": []}, one],
            ["Email/get", {"state": state, "list": list(emails), "notFound": []}, two],
            ["Mailbox/get", boxes, three],
        ]
        # Not `json=`: it refuses some values that a broken server may send.
        return httpx2.Response(200, content=json.dumps({"methodResponses": found, "sessionState": "s0"}))

    return play


def error(kind: str) -> Callable[[httpx2.Request], httpx2.Response]:
    """Responds so to every call of the request."""

    def play(request: httpx2.Request) -> httpx2.Response:
        calls = json.loads(request.content)["methodCalls"]
        found = [["error", {"type": kind}, call_id] for _, _, call_id in calls]
        return httpx2.Response(200, json={"methodResponses": found, "sessionState": "s0"})

    return play


def mail_of(server: ScriptedJmap, keys: Keys | None = None) -> JmapMail:
    return JmapMail(URL, keys or Keys(), connection=http_of(server._handle))


async def pages(mail: JmapMail, since: str = "s1", account: MailAccount = ALICE) -> list[ChangesPage]:
    return [each async for each in mail.since(account, since)]


async def test_one_request_gets_created_emails_with_their_mailboxes_and_mailbox_roles() -> None:
    server = ScriptedJmap(page("s2", EMAIL))
    received = datetime(2026, 3, 1, 12, tzinfo=UTC)
    email = CreatedEmail("M1", frozenset({"i"}), frozenset({"$seen"}), received)
    assert await pages(mail_of(server)) == [ChangesPage([email], {"i": "inbox"}, "s2")]
    assert server.asked == ["/.well-known/jmap", "/jmap/"]
    using = json.loads(server.requests[-1].content)["using"]
    assert using == ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"]
    changes, get, boxes = server.calls()
    assert changes[1] == {"accountId": "a", "sinceState": "s1", "maxChanges": 500}
    assert get[1] == {
        "accountId": "a",
        "#ids": {"resultOf": changes[2], "name": "Email/changes", "path": "/created"},
        "properties": ["id", "mailboxIds", "keywords", "receivedAt"],
    }
    assert boxes[:2] == ["Mailbox/get", {"accountId": "a", "ids": None, "properties": ["id", "role"]}]


async def test_email_changes_pages_are_read_each_from_the_state_of_the_previous_one() -> None:
    server = ScriptedJmap(page("s2", EMAIL, more=True), page("s3", more=True), page("s4", EMAIL | {"id": "M2"}))
    assert [each.state for each in await pages(mail_of(server))] == ["s2", "s3", "s4"]
    assert [server.calls(place)[0][1]["sinceState"] for place in (1, 2, 3)] == ["s1", "s2", "s3"]


async def test_responses_about_another_account_are_not_used() -> None:
    """Where the address has passed to another account, and the mail server does not refuse the call."""
    server = ScriptedJmap(page("s2", EMAIL, boxes=BOXES | {"accountId": "b"}))
    with pytest.raises(Transient, match="account b"):
        await pages(mail_of(server))
    assert await pages(mail_of(ScriptedJmap(page("s2", EMAIL, boxes=BOXES | {"accountId": "a"}))))


async def test_malformed_email_does_not_block_others() -> None:
    server = ScriptedJmap()
    odd: list[dict[str, Any]] = [
        {},
        {"id": 7},
        {"id": ""},
        {"id": "M\ud800"},
        {"id": "M\x00"},
        {"id": "M" * 256},
        {"id": "M2"},
        {"id": "M3", "mailboxIds": None, "keywords": ["$seen"], "receivedAt": "yesterday"},
        {"id": "M4", "mailboxIds": {"i": True}, "keywords": {}, "receivedAt": "2026-03-01T12:00:00"},
    ]
    server.will(page("s2", *odd, EMAIL))
    (found,) = await pages(mail_of(server))
    assert [each.id for each in found.created] == ["M2", "M3", "M4", "M1"]
    assert [each.received_at for each in found.created[:3]] == [None, None, None]


@pytest.mark.parametrize("box", [{"role": "inbox"}, {"id": None, "role": "inbox"}, {"id": {}, "role": "sent"}, 7, None])
async def test_malformed_mailbox_does_not_block_emails(box: Any) -> None:
    server = ScriptedJmap(page("s2", EMAIL, boxes={"list": [box, {"id": "i", "role": "inbox"}]}))
    (found,) = await pages(mail_of(server))
    assert found.roles == {"i": "inbox"}


@pytest.mark.parametrize("state", ["s\x002", "s\ud800", "s\n2", None, 7, {}])
async def test_state_that_cannot_be_stored_is_unreadable(state: Any) -> None:
    server = ScriptedJmap(page(state, EMAIL))
    with pytest.raises(Transient):
        await pages(mail_of(server))
    server.will(lambda request: httpx2.Response(200, content=json.dumps(_present(request, state))))
    with pytest.raises(Transient):
        await mail_of(server).current_state(ALICE)


async def test_email_changes_requests_no_more_than_max_objects_in_get() -> None:
    """Otherwise `Email/get` of the ids that `Email/changes` found would be too large (RFC 8620 §5.1), every time."""
    server = ScriptedJmap(page("s2", EMAIL), capabilities={"urn:ietf:params:jmap:core": {"maxObjectsInGet": 100}})
    await pages(mail_of(server))
    assert server.calls()[0][1]["maxChanges"] == 100


UNKNOWN_STATE = (
    error("cannotCalculateChanges"),
    error("invalidArguments"),
    problem(400, "urn:ietf:params:jmap:error:notRequest"),
)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        *((each, HistoryLost) for each in UNKNOWN_STATE),
        (httpx2.ConnectError("refused"), Transient),
        (problem(503), Transient),
        (problem(500), Transient),
        (error("serverUnavailable"), Transient),
        (error("accountNotFound"), Transient),
        (problem(400, "urn:ietf:params:jmap:error:unknownCapability"), Transient),
        (problem(429, retry_after="600"), Throttled),
        (problem(403), Misconfigured),
        (error("forbidden"), Misconfigured),
        (problem(401), Misconfigured),
        (httpx2.Response(200, text="<html>"), Transient),
        (httpx2.Response(200, json={"methodResponses": []}), Transient),
        (page("s2", boxes={"list": None}), Transient),
        (page("s1", more=True), Transient),  # without end
    ],
)
async def test_state_unknown_to_the_server_means_lost_history_and_other_failures_are_mail_server_errors(
    answer: Any, kind: type[PostroomError]
) -> None:
    mail = mail_of(ScriptedJmap(answer))
    mail._login(ALICE).client.pause = _at_once
    with pytest.raises(kind) as caught:
        await pages(mail)
    assert type(caught.value) is kind
    assert "secret" not in str(caught.value)


async def test_unavailable_current_state_is_a_transient_error() -> None:
    server = ScriptedJmap(error("accountNotFound"))
    with pytest.raises(Transient):
        await mail_of(server).current_state(ALICE)


async def _at_once(_: float) -> None:
    return


async def test_current_state_is_fetched_without_any_email() -> None:
    server = ScriptedJmap(lambda request: httpx2.Response(200, json=_present(request)))
    assert await mail_of(server).current_state(ALICE) == "s7"
    assert server.calls()[0][:2] == ["Email/get", {"accountId": "a", "ids": []}]


def _present(request: httpx2.Request, state: Any = "s7") -> dict[str, Any]:
    call_id = json.loads(request.content)["methodCalls"][0][2]
    return {"methodResponses": [["Email/get", {"state": state, "list": [], "notFound": []}, call_id]]}


async def test_fresh_credential_is_tried_once_after_a_401() -> None:
    server, keys = ScriptedJmap(), Keys(["Basic second", "Basic third"])
    server.will(problem(401), page("s2"))
    assert len(await pages(mail_of(server, keys))) == 1
    assert (keys.refusals, server.requests[-1].headers["authorization"]) == (["Basic first"], "Basic second")
    server.will(problem(401))
    with pytest.raises(Misconfigured):
        await pages(mail_of(server, keys))
    assert keys.refusals == ["Basic first", "Basic second", "Basic third"], "each refusal is reported"


async def test_no_account_is_requested_once_the_master_login_is_rejected() -> None:
    """Its own login is tried, once: only this proves that the account was rejected."""
    server, asked = ScriptedJmap(), list[str]()

    async def refuses(header: str) -> bool:
        asked.append(header)
        return False

    master = Impersonation("master@example.org:secret", refuses, monotonic=lambda: 0.0)
    mail = JmapMail(URL, master, connection=http_of(server._handle))
    server.will(problem(401))
    for number in range(20):
        with pytest.raises(Misconfigured):
            await pages(mail, account=MailAccount(UUID(int=number), f"{number}@example.org", str(number)))
    assert (server.asked.count("/jmap/"), len(asked)) == (1, 1)


def stream(*changes: dict[str, Any]) -> httpx2.Response:
    text = "".join(f"event: state\ndata: {json.dumps({'changed': change})}\n\n" for change in changes)
    return httpx2.Response(200, text=text, headers={"content-type": "text/event-stream"})


class Ends:
    """The events of one connection. Then the server wants the listener to stop."""

    def __init__(self, *answers: httpx2.Response) -> None:
        self.answers = [*answers, httpx2.Response(204)]
        self.jmap = ScriptedJmap()
        self.asked: list[httpx2.Request] = []

    def handle(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path != "/jmap/eventsource/":
            return self.jmap._handle(request)
        self.asked.append(request)
        return self.answers.pop(0)


async def listened(server: Ends, keys: Keys) -> list[str | None]:
    mail = JmapMail(URL, keys, connection=http_of(server.handle))
    mail._login(ALICE).client.pause = _at_once
    return [each async for each in mail.listen(ALICE)]


async def test_new_connections_and_changes_of_the_account_are_hints_but_not_changes_of_others() -> None:
    server = Ends(
        stream({"a": {"Email": "s2", "EmailDelivery": "d"}}, {"b": {"Email": "s9"}}, {"a": {"EmailDelivery": "e"}})
    )
    assert await listened(server, Keys()) == [None, "s2", None]
    assert "types=EmailDelivery%2CEmail" in str(server.asked[0].url)


async def test_listener_continues_with_a_fresh_credential_and_fails_without_one() -> None:
    server = Ends(problem(401), stream({"a": {"Email": "s2"}}))
    assert await listened(server, Keys(["Basic second"])) == [None, "s2"]
    with pytest.raises(Misconfigured):
        await listened(Ends(problem(401)), Keys())
    keys = Keys(["Basic second", "Basic third"])
    with pytest.raises(Misconfigured):
        await listened(Ends(problem(401), problem(401)), keys)
    assert keys.refusals == ["Basic first", "Basic second"], "each refusal is reported"

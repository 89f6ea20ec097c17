"""What a person does through the gateway works as without it: on the stand-in, or on a real server (conftest.py)."""

from typing import Any

import pytest

from gateway_trial import ANN, GatewayTrial
from mail_person import Person
from postroom.domain.person import Scope


async def test_body_text_with_many_commas_and_brackets_is_saved(ann: Person) -> None:
    """The content of a text is not part of the structure of the request."""
    text = ',{["\\' * 30_000 + ",{[" * 120_000
    body: dict[str, Any] = {"bodyValues": {"t": {"value": text}}, "textBody": [{"partId": "t", "type": "text/plain"}]}
    made = await ann.create("Email", mailboxIds={"d": True}, **body)
    assert "id" in made, made
    found = await ann.get("Email", made["id"], properties=["bodyValues"], fetchTextBodyValues=True)
    ((_, value),) = found["bodyValues"].items()
    assert value["value"] == text


async def test_creation_id_may_have_any_name_even_account_id(ann: Person) -> None:
    """Even `accountId`. A reference to it is not an account id, which would have to be the person's own."""
    (identity,) = [each["id"] for each in (await ann.call("Identity/get", ids=None))["list"]]
    body = {
        "bodyValues": {"accountId": {"value": "Hello"}},
        "textBody": [{"partId": "accountId", "type": "text/plain"}],
    }
    people = {"from": [{"email": ann.address}], "to": [{"email": ann.address}], "subject": "A word"}
    draft = {"mailboxIds": {"#accountId": True}, "keywords": {"$draft": True}, **people, **body}
    submission = {"identityId": identity, "emailId": "#accountIds"}
    calls = [
        ("Mailbox/set", {"create": {"accountId": {"name": "Letters"}}}),
        ("Email/set", {"create": {"accountIds": draft}}),
        (
            "EmailSubmission/set",
            {
                "create": {"fromAccountId": submission},
                "onSuccessUpdateEmail": {"#fromAccountId": {"mailboxIds": {"e": True}}},
            },
        ),
    ]
    answers = await ann.calls(*calls)
    assert [name for name, _ in answers] == ["Mailbox/set", "Email/set", "EmailSubmission/set", "Email/set"], answers
    assert [answer["created"].keys() for _, answer in answers[:3]] == [{"accountId"}, {"accountIds"}, {"fromAccountId"}]
    assert len(answers[3][1].get("updated", ())) == 1, answers


@pytest.mark.parametrize("may_send", [False, True])
async def test_submission_capability_is_offered_exactly_if_sending_is_allowed(
    trial: GatewayTrial, through: Person, may_send: bool
) -> None:
    trial.people.change(ANN, scopes=frozenset(Scope) if may_send else frozenset({Scope.READ, Scope.WRITE}))
    session = (await through.http.get("/jmap/session")).raise_for_status().json()
    account = session["accounts"][through.account]["accountCapabilities"]
    for place in (session["capabilities"], account, session["primaryAccounts"]):
        assert ("urn:ietf:params:jmap:submission" in place) is may_send
    answer = await through.call("EmailSubmission/set", create={"a": {"identityId": "x", "emailId": "x"}})
    assert (answer.get("type") == "forbidden") is not may_send, answer


async def test_audio_is_served_inline_on_request(through: Person) -> None:
    blob = (await through.upload(b"ID3", "audio/mpeg"))["blobId"]
    url = f"/jmap/download/{through.account}/{blob}/song.mp3?accept=audio/mpeg"
    for query, disposition in (("", "attachment"), ("&disposition=inline", "inline")):
        answer = await through.http.get(url + query)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/mpeg")
        assert answer.headers["content-disposition"].partition(";")[0] == disposition

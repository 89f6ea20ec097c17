"""The session object for a client, and the account of a login: no request is sent unless the account is the person's
own."""

from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway_trial import ANN, BEN, BENS, QUERY, GatewayTrial, gateway, kind
from scripted_upstream import (
    Asked,
    Script,
    ScriptedUpstream,
    http_answer,
    json_answer,
    problem_answer,
)

JMAP = "urn:ietf:params:jmap:"
SESSION: dict[str, Any] = {
    "capabilities": {JMAP + "core": {"maxCallsInRequest": 16}, JMAP + "mail": {}, JMAP + "websocket": {}},
    "accounts": {
        "b": {"name": "ann", "isPersonal": True, "isReadOnly": False, "accountCapabilities": {JMAP + "mail": {}}},
        "c": {"name": "ben", "isPersonal": False, "isReadOnly": False, "accountCapabilities": {JMAP + "mail": {}}},
    },
    "primaryAccounts": {JMAP + "mail": "b"},
    "username": "ann",
    "apiUrl": "http://mail.internal:8080/jmap/",
    "uploadUrl": "http://169.254.169.254/{accountId}",
    "downloadUrl": "http://mail.internal:8080/d/{accountId}/{blobId}/{name}?accept={type}",
    "eventSourceUrl": "http://mail.internal:8080/e",
    "state": "c682b0ec",
}


def json_of(session: dict[str, Any]) -> Script:
    async def script(asked: Asked, writer: Any) -> None:
        del asked
        writer.write(json_answer(session))

    return script


# The session


async def test_well_known_jmap_redirects_to_the_session(trial: GatewayTrial) -> None:
    answer = await trial.http.get("/.well-known/jmap")
    assert (answer.status_code, answer.headers["location"]) == (307, "/jmap/session")


async def test_gateway_session_has_our_own_urls_and_nothing_internal(server: ScriptedUpstream) -> None:
    server.session = json_of(SESSION)
    async with gateway(server.url, public_url="https://mail.example.org/") as trial:
        answer = await trial.http.get("/jmap/session", headers=ANN)
    assert answer.status_code == 200
    assert "no-store" in answer.headers["cache-control"]
    for internal in ("internal", "169.254", '"c"', server.url):
        assert internal not in answer.text
    assert answer.json()["apiUrl"] == "https://mail.example.org/jmap/"
    assert (answer.json()["username"], answer.json()["state"]) == ("ann@example.org", SESSION["state"])


async def test_session_urls_follow_the_host_header_if_no_public_url_is_set(
    server: ScriptedUpstream, trial: GatewayTrial
) -> None:
    server.session = json_of(SESSION)
    answer = await trial.http.get("/jmap/session", headers=ANN | {"Host": "mail.example.net:8443"})
    assert answer.json()["apiUrl"] == "http://mail.example.net:8443/jmap/"
    for host in ("evil.example/x?", "a@b", "a b"):
        assert (await trial.http.get("/jmap/session", headers=ANN | {"Host": host})).status_code == 400


@pytest.mark.parametrize("text", ["", "[]", "nonsense", "{}"])
async def test_malformed_jmap_session_is_answered_502_mail_server_unusable(
    server: ScriptedUpstream, trial: GatewayTrial, text: str
) -> None:
    server.session = None
    server.will(http_answer(200, text.encode(), content_type="application/json"))
    assert kind(await trial.http.get("/jmap/session", headers=ANN)) == (502, "mail_server_unusable")


# The account of a login


def session_of(account_id: str | None) -> Script:
    """A session for a login that belongs to this account."""
    return json_of(SESSION | {"primaryAccounts": {JMAP + "mail": account_id} if account_id else {}})


async def test_address_that_now_belongs_to_another_account_gives_no_access(
    server: ScriptedUpstream, trial: GatewayTrial
) -> None:
    """Postroom logs in by address, and Stalwart accepts any account id in the path of an upload or a download. So the
    mailbox of the address's new owner would be read and changed."""
    server.session = session_of("c")
    with capture_logs() as logs:
        for answer in await trial.each_way():
            assert kind(answer) == (503, "mail_server_misconfigured")
            assert answer.headers["retry-after"] == "60"
    assert server.asked == []
    (line, *_) = [line for line in logs if line["log_level"] == "error"]
    assert (line["account_id"], line["identity_id"]) == ("b", str(trial.people.people[ANN["Cookie"]].identity_id))


async def test_login_without_a_mail_account_gets_503_mailbox_not_ready(
    server: ScriptedUpstream, trial: GatewayTrial
) -> None:
    server.session = session_of(None)
    for answer in await trial.each_way():
        assert kind(answer) == (503, "mailbox_not_ready")
    assert server.asked == []


async def test_account_of_a_login_is_verified_once_in_ten_minutes(
    server: ScriptedUpstream, trial: GatewayTrial
) -> None:
    for _ in range(3):
        assert (await trial.call(QUERY)).status_code == 200
    assert [asked.header("accept") for asked in server.sessions] == ["application/json"]
    await trial.call(BENS, who=BEN)
    assert len(server.sessions) == 2
    trial.now += timedelta(minutes=11)
    server.session = session_of("c")
    assert kind(await trial.call(QUERY)) == (503, "mail_server_misconfigured")
    assert len(server.asked) == 4


async def test_jmap_session_fetched_for_a_client_is_not_fetched_again_for_its_calls(
    server: ScriptedUpstream, trial: GatewayTrial
) -> None:
    server.session = session_of("b")
    assert (await trial.http.get("/jmap/session", headers=ANN)).status_code == 200
    assert (await trial.call(QUERY)).status_code == 200
    assert len(server.sessions) == 1


@pytest.mark.parametrize(("status", "times", "lookups"), [(400, 1, 0), (403, 2, 2), (500, 2, 0)])
async def test_login_owner_is_checked_again_after_a_403_or_500_of_the_mail_server(
    server: ScriptedUpstream, trial: GatewayTrial, status: int, times: int, lookups: int
) -> None:
    server.will(problem_answer(status))
    for _ in range(2):
        await trial.call(QUERY)
    assert (len(server.sessions), len(trial.verified)) == (times, lookups)

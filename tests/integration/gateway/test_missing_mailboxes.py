"""Requests for a mailbox that is missing at the mail server get a problem of their own, and the mailbox is looked
up."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway_trial import ANN, BEN, BENS, QUERY, GatewayTrial, kind
from postroom.errors import Misconfigured, Transient
from scripted_upstream import Asked, Script, ScriptedUpstream, json_answer, problem_answer

MAIL = "urn:ietf:params:jmap:mail"


async def login_of_nobody(asked: Asked, writer: Any) -> None:
    del asked
    writer.write(problem_answer(401))


def login_of(account_id: str) -> Script:
    async def script(asked: Asked, writer: Any) -> None:
        del asked
        writer.write(json_answer({"primaryAccounts": {MAIL: account_id}}))

    return script


async def test_request_for_a_mailbox_recorded_as_missing_is_not_forwarded(
    server: ScriptedUpstream, trial: GatewayTrial
) -> None:
    trial.accounts.missing.add("b")
    for answer in await trial.each_way():
        assert (kind(answer), answer.headers["retry-after"]) == ((503, "mailbox_missing"), "60")
        assert "an operator has to" in answer.json()["detail"]
    assert server.asked == server.sessions == []
    assert (await trial.call(BENS, who=BEN)).status_code == 200


@pytest.mark.parametrize("session", [lambda: login_of_nobody, lambda: login_of("c")], ids=["refused", "another id"])
async def test_a_refused_or_foreign_login_is_verified_and_the_mailbox_reported_missing(
    server: ScriptedUpstream, trial: GatewayTrial, session: Callable[[], Script]
) -> None:
    server.session = session()
    trial.missing.add("b")
    assert kind(await trial.call(QUERY)) == (503, "mailbox_missing")
    assert (trial.verified, server.asked) == (["b"], [])


async def test_mailbox_is_looked_up_when_its_login_is_rejected_later(
    server: ScriptedUpstream, trial: GatewayTrial
) -> None:
    assert (await trial.call(QUERY)).status_code == 200
    assert trial.verified == []
    trial.missing.add("b")
    trial.authorization.fresh = 0
    server.will(problem_answer(401))
    assert kind(await trial.call(QUERY)) == (503, "mailbox_missing")
    trial.accounts.missing.add("b")  # the lookup has recorded it, so from now on no request is sent
    assert kind(await trial.call(QUERY)) == (503, "mailbox_missing")
    assert (len(server.asked), trial.verified) == (2, ["b"])


async def test_a_person_blocked_after_an_earlier_refusal_is_verified(
    server: ScriptedUpstream, trial: GatewayTrial
) -> None:
    trial.authorization.error = Misconfigured("mail server knows no ann@example.org", unauthorized=True)
    assert kind(await trial.call(QUERY)) == (502, "mail_server_misconfigured")
    trial.missing.add("b")
    assert kind(await trial.call(QUERY)) == (503, "mailbox_missing")
    assert server.sessions == []


@pytest.mark.parametrize("error", [None, Transient("away")], ids=["it exists", "it cannot be verified"])
async def test_unless_the_mailbox_is_known_to_be_missing_the_refusal_is_reported(
    server: ScriptedUpstream, trial: GatewayTrial, error: Transient | None
) -> None:
    trial.lookup_error = error
    server.session = login_of_nobody
    assert kind(await trial.call(QUERY)) == (502, "mail_server_misconfigured")
    assert trial.verified == ["b"]


async def test_every_login_owner_is_checked_again_after_a_mail_server_outage(
    server: ScriptedUpstream, trial: GatewayTrial
) -> None:
    """It may have been restored from a backup, with other accounts."""
    for who, account in ((ANN, "b"), (BEN, "c")):
        assert (await trial.call(["Email/query", {"accountId": account}, "0"], who=who)).status_code == 200
    server.will(problem_answer(503))
    assert kind(await trial.call(QUERY)) == (503, "mail_server_away")
    await trial.call(BENS, who=BEN)
    assert len(server.sessions) == 3

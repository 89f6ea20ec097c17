"""Which credentials manage app passwords, and the effect of a rejection: each counts towards a ban of our address."""

from dataclasses import dataclass, field

import pytest

from mail_fakes import an_account, its_own
from postroom.errors import MailboxMissing, Misconfigured
from postroom.mailboxes.ports import MailAccount
from postroom.stalwart.app_passwords import StalwartAppPasswords, as_the_person, by_key
from postroom.stalwart.failed_logins import BLOCK_SECONDS
from scripted_stalwart import ScriptedStalwart, problem, responses
from scripted_upstream import json_answer, problem_answer, scripted_upstream

LISTED = responses(("x:AppPassword/get", {"list": []}))


@dataclass
class Authorization:
    refusals: list[tuple[MailAccount, str]] = field(default_factory=list)

    async def header(self, account: MailAccount) -> str:
        return "Basic person%master"

    async def refused(self, account: MailAccount, header: str) -> bool:
        self.refusals.append((account, header))
        return False


async def test_a_refused_person_is_reported_to_the_source_of_the_header() -> None:
    authorization, account = Authorization(), an_account()
    async with scripted_upstream() as server:
        people = StalwartAppPasswords(ScriptedStalwart().registry(), as_the_person(server.url, authorization))
        server.will(json_answer({"methodResponses": [["x:AppPassword/get", {"list": []}, "0"]], "sessionState": "s"}))
        await people.of(account)
        assert authorization.refusals == []
        server.will(problem_answer(401))
        for ask in (people.of(account), people.make(account, "phone"), people.revoke(account, "1")):
            with pytest.raises(Misconfigured):
                await ask
        assert authorization.refusals == [(account, "Basic person%master")] * 3


async def test_a_refusal_of_our_own_key_is_not_reported_for_the_person() -> None:
    authorization, ours = Authorization(), ScriptedStalwart()
    ours.session = problem(401)
    async with scripted_upstream() as server:
        people = StalwartAppPasswords(ours.registry(), as_the_person(server.url, authorization))
        with pytest.raises(Misconfigured):
            await people.of(an_account())
    assert authorization.refusals == []


async def test_rejected_key_is_not_sent_again_for_half_an_hour() -> None:
    server, now = ScriptedStalwart(), [0.0]
    people = StalwartAppPasswords(server.registry(), by_key(server.client(), its_own, monotonic=lambda: now[0]))
    server.will(problem(401), LISTED)
    for _ in range(100):
        with pytest.raises(Misconfigured) as error:
            await people.of(an_account())
        assert error.value.unauthorized
    assert server.asked == ["session", "x:AppPassword/get"]
    now[0] = BLOCK_SECONDS
    assert await people.of(an_account()) == []
    assert await people.of(an_account()) == []


async def test_our_key_sends_nothing_for_an_account_not_verified_as_the_persons() -> None:
    """The key selects an account only by its id. After a restore of the mail server that may be another person's
    account, and the key would make an app password for it."""
    server = ScriptedStalwart()

    async def anothers(account: MailAccount) -> None:
        raise MailboxMissing(f"account {account.account_id} does not carry the mark")

    people, alice = StalwartAppPasswords(server.registry(), by_key(server.client(), anothers)), an_account()
    for ask in (people.of(alice), people.make(alice, "phone"), people.revoke(alice, "e")):
        with pytest.raises(MailboxMissing):
            await ask
    assert server.asked == []

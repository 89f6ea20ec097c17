"""The mail server bans an address after 100 failed logins a day: how many of ours may fail, and whose."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from mail_fakes import an_account
from postroom.errors import Misconfigured
from postroom.mail.ports import MailAccount
from postroom.stalwart.failed_logins import (
    A_DAY,
    AT_MOST,
    FOR_NEWCOMERS,
    REMEMBERED,
    SETTLED,
    FailedLogins,
    SparingLogins,
)

LAST_OF_NEWCOMERS = int(AT_MOST * FOR_NEWCOMERS)


@pytest.fixture
def failed() -> FailedLogins:
    return FailedLogins()


def names(word: str) -> Iterator[str]:
    return (f"{word}{number}" for number in range(10 * AT_MOST))


def fail(failed: FailedLogins, logins: Iterator[str], now: float) -> int:
    """How many of them were sent, and refused each."""
    sent = 0
    for login in logins:
        if failed.allows(login, now):
            failed.note(now, login)
            sent += 1
    return sent


def test_logins_of_newcomers_end_at_two_thirds(failed: FailedLogins) -> None:
    assert fail(failed, names("new"), 0.0) == LAST_OF_NEWCOMERS
    assert fail(failed, names("later"), A_DAY - 1) == 0


def test_a_day_after_each_failure_there_is_room_for_another(failed: FailedLogins) -> None:
    fail(failed, names("new"), 0.0)
    assert fail(failed, names("later"), A_DAY) == LAST_OF_NEWCOMERS


def test_who_got_in_before_goes_on_when_newcomers_do_not(failed: FailedLogins) -> None:
    assert failed.allows("ann", 0.0)
    fail(failed, names("gone"), SETTLED)
    assert failed.allows("ann", SETTLED)
    assert not failed.allows("ben", SETTLED)


def test_who_was_sent_a_moment_ago_has_not_got_in_yet(failed: FailedLogins) -> None:
    assert failed.allows("ann", 0.0)
    fail(failed, names("gone"), SETTLED - 1)
    assert not failed.allows("ann", SETTLED - 1)


def test_the_last_failures_are_those_of_people_who_got_in_before_and_then_nobody_is_sent(failed: FailedLogins) -> None:
    for login in [*names("good"), "ann"]:
        assert failed.allows(login, 0.0)
    fail(failed, names("gone"), SETTLED)
    assert fail(failed, names("good"), SETTLED) == AT_MOST - LAST_OF_NEWCOMERS
    assert not failed.allows("ann", SETTLED)
    assert failed.allows("ann", SETTLED + A_DAY)


def test_who_is_vouched_for_counts_as_one_who_got_in(failed: FailedLogins) -> None:
    fail(failed, names("gone"), 0.0)
    failed.vouch("ann", 0.0)
    assert failed.allows("ann", 0.0)
    failed.note(0.0, "ann")
    assert not failed.allows("ann", 0.0)


def test_without_a_limit_everybody_is_sent() -> None:
    failed = FailedLogins(0)
    assert fail(failed, names("gone"), 0.0) == 10 * AT_MOST


def test_no_more_logins_are_remembered_than_fit(failed: FailedLogins) -> None:
    for number in range(REMEMBERED + 3):
        failed.allows(str(number), 0.0)
    assert len(failed._used) == REMEMBERED


# Whoever logs in for people


@dataclass
class Authorization:
    """`fresh`: whether there is another header after a refusal."""

    fresh: bool = False
    refusals: list[str] = field(default_factory=list)

    async def header(self, account: MailAccount) -> str:
        return f"Basic {account.account_id}"

    async def refused(self, account: MailAccount, header: str) -> bool:
        self.refusals.append(header)
        return self.fresh


def people(word: str, count: int = 10 * AT_MOST) -> Iterator[MailAccount]:
    return (MailAccount(an_account().identity_id, f"{word}{n}@example.org", f"{word}{n}") for n in range(count))


async def refuse(sparing: SparingLogins, accounts: Iterator[MailAccount]) -> int:
    """How many headers of these were given, and refused each."""
    given = 0
    for account in accounts:
        try:
            header = await sparing.header(account)
        except Misconfigured:
            continue
        given += 1
        await sparing.refused(account, header)
    return given


async def test_all_who_log_in_for_people_share_one_number() -> None:
    failed = FailedLogins()
    gateway, arrivals = (SparingLogins(Authorization(), failed, monotonic=lambda: 0.0) for _ in range(2))
    assert await refuse(gateway, people("one", 15)) == 15
    assert await refuse(arrivals, people("two")) == LAST_OF_NEWCOMERS - 15


async def test_a_refusal_is_told_to_who_gave_the_header_and_its_answer_passed_on() -> None:
    inner = Authorization(fresh=True)
    sparing = SparingLogins(inner, FailedLogins(), monotonic=lambda: 0.0)
    assert await sparing.refused(an_account(), "Basic x") is True
    inner.fresh = False
    assert await sparing.refused(an_account(), "Basic y") is False
    assert inner.refusals == ["Basic x", "Basic y"]


async def test_a_fresh_header_is_sent_though_newcomers_are_not() -> None:
    inner = Authorization()
    failed = FailedLogins()
    sparing = SparingLogins(inner, failed, monotonic=lambda: 0.0)
    await refuse(sparing, people("gone"))
    inner.fresh = True
    ann = an_account()
    assert await sparing.refused(ann, "Basic old")
    assert await sparing.header(ann)


async def test_a_wrong_master_goes_on_asking_by_its_own_login_when_nobody_else_is_sent() -> None:
    failed, asked = FailedLogins(), list[str]()

    class Master(Authorization):
        async def header(self, account: MailAccount) -> str:
            asked.append(account.email)
            return await super().header(account)

    sparing = SparingLogins(Master(), failed, monotonic=lambda: 0.0)
    await refuse(sparing, people("gone"))
    before = len(asked)
    with pytest.raises(Misconfigured) as error:
        await sparing.header(an_account())
    assert error.value.unauthorized
    assert len(asked) == before + 1

"""How many polls run at once, and when a failed one is repeated."""

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from arrivals_world import ALICE, BOB, World
from eventually import eventually
from postroom.arrivals.arrivals import DATABASE_PAUSE
from postroom.domain.poll_pace import FIRST_IN_BURST, LONGEST, SHORTEST
from postroom.errors import DatabaseUnavailable, Misconfigured, Throttled, Transient
from postroom.process.telemetry import ARRIVAL_POLLS, ARRIVALS, DATABASE_ERRORS, MAIL_DEFECTS

AWAY = Transient("mail server answered 503")


async def online(*failures: Exception, **more: Any) -> World:
    """Alice and Bob are online. The next polls fail with these errors."""
    world = World(listener=None, **more)
    for account in (ALICE, BOB):
        await world.watching.mark_online(account.identity_id)
    world.mail.failures = list(failures)
    world.mail.polls.clear()
    return world


async def polled(world: World, times: int, account_id: str = "b") -> None:
    await eventually(lambda: world.mail.polls.get(account_id, 0) == times, f"polls: {times}")


async def test_concurrent_account_polls_do_not_exceed_the_limit() -> None:
    world = await online(at_once=1)
    world.mail.gate = asyncio.Event()
    world.mail.most_at_once = 0
    async with world.running():
        world.arrivals.hint(["b", "c"])
        await eventually(lambda: world.mail.waiting, "one is polled")
        world.mail.gate.set()
        await polled(world, 1, "b")
        await polled(world, 1, "c")
    assert world.mail.most_at_once == 1


@pytest.mark.parametrize(
    ("mails", "early", "pause", "events"),
    [
        (
            2,
            1,
            SHORTEST,
            [{"state": "s1", "ids": ["b-1", "b-2"], "count": 2}, {"state": "s3", "ids": ["b-3"], "count": 1}],
        ),
        (
            500,
            400,
            LONGEST,
            [{"state": "s100", "count": 500, "more": True}, {"state": "s501", "ids": ["b-501"], "count": 1}],
        ),
    ],
    ids=["a few", "a burst"],
)
async def test_mail_that_the_server_lists_before_and_after_the_state_that_it_returns_is_announced_once(
    mails: int, early: int, pause: float, events: list[dict[str, Any]]
) -> None:
    """Stalwart 0.16.19 does so if mail arrives during the request: with thousands of messages per second, hundreds."""
    world = await online()
    world.mail.deliver("b", times=mails)
    world.mail.early = early
    async with world.running():
        await world.hint_of("b", after=0)
        world.mail.deliver("b")
        await world.hint_of("b", after=pause, events=2)
    assert world.states.events == events


async def test_lost_history_is_a_reload_and_later_mail_is_announced() -> None:
    counts = {each: ARRIVAL_POLLS.labels(result=each)._value for each in ("first", "reload", "announced", "nothing")}
    counts["new mails"] = ARRIVALS._value
    before = {each: count.get() for each, count in counts.items()}
    world = await online()
    world.mail.deliver("b", times=3)
    world.mail.forget_history("b")
    async with world.running():
        world.arrivals.hint(["b"])
        await eventually(lambda: world.states.events == [{"state": "s3", "reload": True}], "the reload")
        (after,) = world.mail.deliver("b")
        await world.hint_of("b", after=SHORTEST, events=2)
        world.arrivals.hint(["b"])
        await world.pass_time(FIRST_IN_BURST)
        await eventually(lambda: counts["nothing"].get() > before["nothing"], "a poll that finds nothing")
    assert world.states.events[1]["ids"] == [after]
    counted = {each: count.get() - before[each] for each, count in counts.items()}
    assert counted == {"first": 2, "reload": 1, "announced": 1, "nothing": 1, "new mails": 1}


@pytest.mark.parametrize("call", ["watched", "advance"])
async def test_hint_survives_a_postgresql_outage(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world = await online()
    before = DATABASE_ERRORS.labels(where="arrivals")._value.get()

    async def fails(*_: Any) -> None:
        monkeypatch.undo()
        raise DatabaseUnavailable("PostgreSQL cannot be reached")

    monkeypatch.setattr(world.states, call, fails)
    (first,) = world.mail.deliver("b")
    async with world.running():
        world.arrivals.hint(["b"])
        await eventually(lambda: DATABASE_ERRORS.labels(where="arrivals")._value.get() == before + 1, "it is counted")
        assert world.states.events == []
        await world.pass_time(DATABASE_PAUSE)
        await eventually(lambda: world.states.events, "it is published")
    assert [event["ids"] for event in world.states.events] == [[first]]


async def test_a_poll_that_fails_is_repeated_by_itself() -> None:
    """The hint is not repeated, and the sweep runs only minutes later."""
    world = await online(AWAY)
    (first,) = world.mail.deliver("b")
    async with world.running():
        world.arrivals.hint(["b"])
        await polled(world, 1)
        await world.pass_time(1.5)
        assert world.states.events == []
        await world.pass_time(0.5)
        await polled(world, 2)
    assert [event["ids"] for event in world.states.events] == [[first]]


async def test_account_whose_polls_fail_is_polled_with_backoff_despite_new_hints() -> None:
    world = await online(*[AWAY] * 7)
    async with world.running():
        world.arrivals.hint(["b"])
        for polls, pause in enumerate((2, 4, 8, 16, 32, 60, 60), start=1):
            await polled(world, polls)
            await world.pass_time(pause - 1)
            world.arrivals.hint(["b"])
            await world.settle()
            assert world.mail.polls["b"] == polls
            await world.pass_time(1)
        await polled(world, 8)
        world.mail.failures = [AWAY]
        await world.pass_time(60)
        world.arrivals.hint(["b"])
        await polled(world, 9)
        await world.pass_time(2)
        await polled(world, 10)  # A successful poll in between resets the back-off.


@pytest.mark.parametrize(
    ("failure", "quiet", "repeated_by"),
    [
        (Throttled("mail server answered 429", retry_after=30), 30, "time"),
        (Misconfigured("mail server answered 401", unauthorized=True), 3600, "hint"),
    ],
    ids=["busy", "misconfigured"],
)
async def test_failed_poll_is_not_repeated_before_retry_after_nor_after_misconfiguration_without_a_hint(
    failure: Exception, quiet: float, repeated_by: str
) -> None:
    """If Stalwart refuses a login, each further request with it counts towards a ban."""
    world = await online(failure)
    async with world.running():
        world.arrivals.hint(["b"])
        await polled(world, 1)
        await world.pass_time(quiet)
        assert world.mail.polls["b"] == 1
        if repeated_by == "hint":
            world.arrivals.hint(["b"])
        else:
            await world.pass_time(2)
        await polled(world, 2)


async def test_a_bug_in_a_poll_is_logged_and_counted_and_ends_nothing() -> None:
    """There are more failing polls than may run at once, so each must release its place."""
    world = await online(*[ZeroDivisionError("a defect") for _ in range(20)])
    counted = MAIL_DEFECTS.labels(where="poll")._value
    before = counted.get()
    with capture_logs() as logs:
        async with world.running():
            for number in range(1, 21):
                world.arrivals.hint(["b"])
                await polled(world, number)
                await world.pass_time(1)
            (first,) = world.mail.deliver("c")
            (second,) = world.mail.deliver("b")
            world.arrivals.hint(["b", "c"])
            await eventually(lambda: len(world.states.events) == 2, "both are published")
    assert sorted(event["ids"] for event in world.states.events) == [[second], [first]]
    assert counted.get() == before + 20
    broken = [each for each in logs if each["log_level"] == "error"]
    assert len(broken) == 20
    assert isinstance(broken[0]["exc_info"], ZeroDivisionError)


async def test_arrivals_run_restarts_after_an_error_without_forgetting_accounts() -> None:
    world = await online()
    world.states.failures = [ZeroDivisionError("a defect")]
    world.arrivals.hint(["b"])
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(world.arrivals.run(asyncio.Event()), 5)
    world.mail.deliver("b")
    async with world.running():
        await world.hint_of("b", after=1)

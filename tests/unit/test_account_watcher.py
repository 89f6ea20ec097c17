"""People online: which accounts are watched, which have a listener, and for how long."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from arrivals_world import ALICE, BOB, World
from eventually import eventually
from postroom.arrivals import account_watcher as watching_module
from postroom.arrivals.ports import MailState
from postroom.domain.poll_pace import SHORTEST
from postroom.errors import DatabaseUnavailable, MailboxMissing, Misconfigured, Throttled, Transient
from postroom.mailboxes.ports import MailAccount
from postroom.process.telemetry import EVENT_SOURCES, MAIL_DEFECTS

RELOAD_S1 = {"state": "s1", "reload": True}
MAIL_S1 = {"state": "s1", "ids": ["b-1"], "count": 1}


async def test_mark_online_makes_the_first_poll_before_it_returns() -> None:
    world = World()
    world.mail.deliver("b", times=2)
    await world.watching.mark_online(ALICE.identity_id)
    assert (world.states.stored["b"].email_state, world.states.events) == ("s2", [])


async def test_person_who_returns_gets_the_mail_that_came_meanwhile() -> None:
    world = World()
    world.states.stored["b"] = MailState(ALICE, "s0")
    async with world.running():
        world.mail.deliver("b")
        await world.watching.mark_online(ALICE.identity_id)
        await eventually(lambda: world.states.events, "it is published")


async def test_the_first_messages_after_coming_online_are_announced_within_50_ms() -> None:
    """Although one hint came before the person was online (the welcome message), and another when listening began."""
    async with World().running() as world:
        world.arrivals.hint(["b"])
        await eventually(lambda: world.states.asked, "the hint of the welcome message")
        await world.watching.mark_online(ALICE.identity_id)
        await world.until_open("b")
        for number in range(1, 3):  # No other time passes, so an account with a longer pause would never be polled.
            world.mail.deliver("b")
            await world.hint_of("b", after=SHORTEST, events=number)


async def test_person_without_a_mailbox_is_not_watched() -> None:
    world = World()
    await world.watching.mark_online(UUID(int=99))
    assert world.states.seen == []


async def test_missing_mailbox_is_no_longer_listened_to() -> None:
    async with World().listening() as world:
        world.accounts.missing.add("b")
        with pytest.raises(MailboxMissing):
            await world.watching.mark_online(ALICE.identity_id)
        await world.until_open()
        world.accounts.missing.clear()
        await world.watching.mark_online(ALICE.identity_id)
        await world.until_open("b")


async def test_each_online_report_is_recorded_but_only_the_first_polls() -> None:
    world = World()
    for _ in range(3):
        await world.watching.mark_online(ALICE.identity_id)
    assert (world.states.seen, world.mail.polls) == (["b", "b", "b"], {"b": 1})


async def test_unavailable_mail_server_does_not_delay_a_live_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching_module, "FIRST_POLL_TIMEOUT", 0.05)
    world = World(listener=None)
    world.mail.gate = asyncio.Event()
    await asyncio.wait_for(world.watching.mark_online(ALICE.identity_id), 2)
    world.mail.gate = None
    world.mail.failures = [Transient("mail server answered 503")]
    await world.watching.mark_online(BOB.identity_id)
    async with world.running():
        await eventually(lambda: all(each.email_state for each in world.states.stored.values()), "polled afterwards")


@pytest.mark.parametrize(("known", "event"), [(None, RELOAD_S1), ("s0", MAIL_S1)], ids=["new", "returning"])
@pytest.mark.parametrize("part", ["accounts", "states"])
async def test_an_unavailable_postgresql_is_reported_and_the_next_report_counts(
    part: str, known: str | None, event: dict[str, Any]
) -> None:
    """A new browser has received `hello`, but no event for mail that arrived since, so it has to reload its list."""
    world = World()
    if known:
        world.states.stored["b"] = MailState(ALICE, known)
    failing = getattr(world, part)
    failing.unavailable = True
    async with world.running():
        with pytest.raises(DatabaseUnavailable):
            await world.watching.mark_online(ALICE.identity_id)
        world.mail.deliver("b")
        failing.unavailable = False
        await world.watching.mark_online(ALICE.identity_id)
        await eventually(lambda: world.states.events, "it is published")
    assert world.states.events == [event]


async def test_a_first_poll_after_the_greeting_is_a_reload(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can tell the mail that arrived between `hello` and the first poll from older mail."""
    monkeypatch.setattr(watching_module, "FIRST_POLL_TIMEOUT", 0.05)
    world = World()
    world.mail.gate = asyncio.Event()
    async with world.running():
        await world.watching.mark_online(ALICE.identity_id)
        world.mail.gate = None
        world.mail.deliver("b")
        await eventually(lambda: world.states.events, "it is published")
    assert world.states.events == [RELOAD_S1]


async def test_a_second_report_makes_no_silent_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(listener=None)
    world.mail.failures = [Misconfigured("mail server answered 403")] * 2
    await world.watching.mark_online(ALICE.identity_id)
    async with world.running():
        await eventually(lambda: not world.mail.failures, "it was polled without success")
        world.mail.deliver("b")
        await world.watching.mark_online(ALICE.identity_id)
        await world.pass_time(SHORTEST)
        await eventually(lambda: world.states.events, "it is published")
    assert world.states.events == [RELOAD_S1]


async def test_two_concurrent_browsers_cause_no_event() -> None:
    async with World().running() as world:
        await asyncio.gather(*(world.watching.mark_online(ALICE.identity_id) for _ in range(2)))
        assert world.states.stored["b"].email_state == "s0"
        await world.until_open("b")
    assert world.states.events == []


async def test_a_hint_during_the_first_poll_makes_no_reload() -> None:
    """The webhook about the welcome message arrives at that moment. The first event for a new person must not be a
    reload."""
    world = World(listener=None)
    held = world.mail.gate = asyncio.Event()
    async with world.running():
        coming = asyncio.create_task(world.watching.mark_online(ALICE.identity_id))
        await eventually(lambda: world.mail.waiting == 1, "the first poll")
        world.mail.gate = None
        world.arrivals.hint(["b"])
        await eventually(lambda: world.states.stored["b"].email_state, "the poll of the hint was faster")
        held.set()
        await coming
        world.mail.deliver("b")
        await world.hint_of("b", after=SHORTEST)
    assert world.states.events == [MAIL_S1]


async def test_the_first_poll_is_a_reload_if_an_earlier_client_was_greeted_before_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watching_module, "FIRST_POLL_TIMEOUT", 0.1)
    world = World(listener=None)
    held = world.mail.gate = asyncio.Event()
    first = asyncio.create_task(world.watching.mark_online(ALICE.identity_id))
    await eventually(lambda: world.mail.waiting == 1, "the first one polls")
    monkeypatch.setattr(watching_module, "FIRST_POLL_TIMEOUT", 10)
    second = asyncio.create_task(world.watching.mark_online(ALICE.identity_id))
    await eventually(lambda: world.mail.waiting == 2, "the second one polls, too")
    await first
    held.set()
    await second
    assert world.states.events == [{"state": "s0", "reload": True}]


async def test_event_source_of_an_online_person_gives_hints() -> None:
    async with World().listening() as world:
        world.mail.deliver("b")
        world.listener.open["b"].put_nowait("s1")
        await world.pass_time(SHORTEST)
        await eventually(lambda: world.states.events == [MAIL_S1], "it is published")
        polls = world.mail.polls["b"]
        await world.pass_time(SHORTEST)
        world.listener.open["b"].put_nowait("s1")
        await asyncio.sleep(0.3)
        assert world.mail.polls["b"] == polls, "that state was already known"
    assert world.listener.open == {}


@pytest.mark.parametrize(("leaves", "seconds"), [(True, 60), (False, 900)])
async def test_event_listener_stops_a_minute_after_the_last_stream_closed_or_after_three_token_lifetimes(
    leaves: bool, seconds: float
) -> None:
    """The latter for a person who never reports leaving."""
    async with World().listening() as world:
        if leaves:
            await world.watching.mark_offline(ALICE.identity_id)
        await world.watching.mark_offline(BOB.identity_id)  # who was not online
        await world.pass_time(seconds - 1)
        assert world.listener.open.keys() == {"b"}
        await world.pass_time(1)
        await world.until_open()
        assert len(world.listener.begun) == 1


async def test_page_reload_keeps_the_event_listener_running() -> None:
    async with World().listening() as world:
        await world.watching.mark_offline(ALICE.identity_id)
        await world.watching.mark_online(ALICE.identity_id)
        await world.pass_time(300)
        assert (world.listener.open.keys(), len(world.listener.begun)) == ({"b"}, 1)


async def test_event_listeners_do_not_exceed_the_limit_and_the_next_person_gets_a_free_one() -> None:
    async with World(most=1).listening() as world:
        await world.watching.mark_online(BOB.identity_id)
        await world.pass_time(0)
        assert world.listener.open.keys() == {"b"}
        assert EVENT_SOURCES._value.get() == 1
        await world.watching.mark_offline(ALICE.identity_id)
        await world.pass_time(60)
        await world.pass_time(0)
        await world.until_open("c")
    assert EVENT_SOURCES._value.get() == 0


async def test_changed_address_restarts_the_event_listener() -> None:
    async with World().listening() as world:
        renamed = MailAccount(ALICE.identity_id, "alicia@example.org", "b")
        world.accounts.accounts[ALICE.identity_id] = renamed
        await world.watching.mark_online(ALICE.identity_id)
        await eventually(lambda: world.listener.begun == [ALICE, renamed], "it listens with the new address")


@pytest.mark.parametrize(
    ("error", "pause"),
    [
        (Misconfigured("mail server does not know our credentials", unauthorized=True), 300),
        (Transient("mail server answered 404"), 2),
        (Throttled("mail server answered 429", retry_after=100), 102),
        (DatabaseUnavailable("PostgreSQL cannot be reached"), 10),
    ],
)
async def test_failed_event_listener_restarts_after_a_pause_without_affecting_others(
    error: Exception, pause: float
) -> None:
    world = World()
    world.listener.failures = [error]
    async with world.running():
        await world.watching.mark_online(ALICE.identity_id)
        await eventually(lambda: len(world.listener.begun) == 1, "it is listening")
        await world.watching.mark_online(BOB.identity_id)
        await world.until_open("c")
        await world.pass_time(pause - 1)
        assert world.listener.open.keys() == {"c"}
        await world.pass_time(1)
        await world.until_open("b", "c")


async def test_repeatedly_failing_event_listener_backs_off_to_once_a_minute() -> None:
    world = World()
    world.listener.failures = [Transient("mail server answered 404")] * 7
    async with world.running():
        await world.watching.mark_online(ALICE.identity_id)
        await eventually(lambda: len(world.listener.begun) == 1, "it is listening")
        for begun, pause in enumerate((2, 4, 8, 16, 32, 60, 60), start=1):
            await world.pass_time(pause - 1)
            assert len(world.listener.begun) == begun
            await world.pass_time(1)
            await eventually(lambda: len(world.listener.begun) == begun + 1, "it is listening again")  # noqa: B023 - awaited here
        await world.until_open("b")


async def test_unexpected_listener_error_is_counted_and_listening_goes_on() -> None:
    """A defect in handling one person's events must not stop provisioning for everybody."""
    world = World()
    counted = MAIL_DEFECTS.labels(where="listener")._value
    before = counted.get()
    world.listener.failures = [ZeroDivisionError("a defect")]
    with capture_logs() as logs:
        async with world.running():
            await world.watching.mark_online(ALICE.identity_id)
            await eventually(lambda: counted.get() == before + 1, "it is counted")
            await world.watching.mark_online(BOB.identity_id)
            await world.until_open("c")
            await world.pass_time(300)
            await world.until_open("b", "c")
    (line,) = logs
    assert (line["log_level"], type(line["exc_info"])) == ("error", ZeroDivisionError)
    assert counted.get() == before + 1  # Stopping on purpose does not count as an error.


async def test_restarted_account_watcher_listens_to_the_same_people() -> None:
    world = World()
    for _ in range(2):
        async with world.listening():
            assert world.listener.open
        assert world.listener.open == {}


async def test_people_are_watched_even_without_an_event_source_listener() -> None:
    async with World(listener=None).running() as world:
        await world.watching.mark_online(ALICE.identity_id)
        world.mail.deliver("b")
        world.arrivals.hint(["b"])
        await eventually(lambda: world.states.events == [MAIL_S1], "it is published")


async def test_a_person_is_not_heard_of_while_the_mail_server_lets_nobody_listen() -> None:
    """Cyrus 3.6, for example, has no event source for us."""
    world = World()
    world.listener.failures = [Misconfigured("no event source")]
    async with world.running():
        assert world.watching.hears(ALICE.identity_id)
        await world.watching.mark_online(ALICE.identity_id)
        await eventually(lambda: not world.watching.hears(ALICE.identity_id), "it is known")
        assert not world.watching.hears(BOB.identity_id), "the next person need not find out"
        await world.pass_time(watching_module.LISTEN_RETRY_SECONDS)
        await world.until_open("b")
        assert world.watching.hears(ALICE.identity_id)


@pytest.mark.parametrize(("hooked", "heard"), [(True, True), (False, False)])
async def test_without_a_listener_a_person_is_heard_of_by_the_webhook_only(*, hooked: bool, heard: bool) -> None:
    assert World(listener=None, hooked=hooked).watching.hears(ALICE.identity_id) is heard

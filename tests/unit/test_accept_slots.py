"""How long a hook waits for a slot and for its own or another attempt, and its response. The slot comes free when the
test says. And the limit of concurrent attempts itself."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from eventually import eventually
from fakes import START, FakeBreakers, FakeClock, FakeMailServer, FakeRequests, FakeRetryIndex, Hang, request_of
from postroom.domain.mailbox import Account, Mailbox
from postroom.domain.request import HELD, Origin, Request, State, Status
from postroom.errors import Conflict, DatabaseUnavailable, Permanent
from postroom.ports import Clock
from postroom.provisioning.accept import BREAKER_REMEMBERED, Accept, Held, Ready, Rejected, WillRetry
from postroom.provisioning.attempt import FINISH_WITHIN, Attempts
from postroom.provisioning.slots import Slots
from postroom.provisioning.verdicts import Verdicts
from simulation.virtual_time import VirtualClock, in_virtual_time

DEADLINE = 5.0
LEASE = 10.0
MAILBOX = Mailbox(uuid4(), "alice@example.org", None)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


class SlowIndex(FakeRetryIndex):
    """A Redis that takes its time."""

    def __init__(self, *, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    async def add(self, requests: Sequence[Request]) -> None:
        await asyncio.sleep(self._seconds)
        await super().add(requests)


class OneSlot(Slots):
    """The slot becomes free after `seconds`. Waiting for it advances the clock."""

    def __init__(self, clock: FakeClock, seconds: float) -> None:
        super().__init__(1)
        self._clock = clock
        self._free_at = clock.monotonic() + seconds

    async def acquire(self, *, within: float) -> bool:
        comes_in = max(0.0, self._free_at - self._clock.monotonic())
        self._clock.seconds += min(comes_in, within)
        return comes_in <= within


class StoredRequests(FakeRequests):
    """No identity has a request. A stored request waits for the worker, whether there was a slot or not."""

    def __init__(self, clock: FakeClock, *, answers_after: float = 0.0) -> None:
        super().__init__()
        self._clock = clock
        self._answers_after = answers_after
        self.asked = 0
        self.had_slot: list[bool] = []

    async def read(self, identity_id: UUID) -> None:
        self.asked += 1
        self._clock.seconds += self._answers_after

    async def accept(
        self, mailbox: Mailbox, *, holder: UUID | None, lease: float, origin: Origin, action: str
    ) -> Request | None:
        self.had_slot.append(holder is not None)
        return request_of(mailbox.identity_id, state=State.WAITING, holder=None, due_at=START)


class KnownRequests(FakeRequests):
    """`reads` are told in turn, the last one for ever, a second apart. What is stored runs, while `gate`
    is open, or waits if the `breaker_open`; nothing is revived, and the request follows any address."""

    def __init__(self, clock: FakeClock, *reads: tuple[Request, Account | None] | None) -> None:
        super().__init__()
        self._clock = clock
        self._reads = list(reads)
        self.followed = State.WAITING
        self.gate = asyncio.Event()
        self.gate.set()

    async def read(self, identity_id: UUID) -> tuple[Request, Account | None] | None:
        self._clock.seconds += 1.0
        return self._reads.pop(0) if len(self._reads) > 1 else self._reads[0]

    async def accept(self, mailbox: Mailbox, **_: Any) -> Request | None:
        if self.breaker_open and mailbox != MAILBOX:
            return request_of(mailbox.identity_id, state=State.WAITING)
        await self.gate.wait()
        return None if any(self._reads) else request_of(mailbox.identity_id)

    async def revive(self, mailbox: Mailbox, **_: Any) -> None:
        return None

    async def follow_address(self, mailbox: Mailbox, *, origin: Origin, action: str) -> Request | None:
        assert action == "accept", "the audit tells it from what the sweep found"
        return request_of(mailbox.identity_id, email=mailbox.email, attempts=0, state=self.followed)


def accepting(
    requests: FakeRequests,
    slots: Slots,
    clock: Clock,
    *,
    deadline: float = DEADLINE,
    retry_index: FakeRetryIndex | None = None,
    wake: Callable[[UUID | None], None] = lambda _: None,
    read_soon: Callable[[UUID], None] = lambda _: None,
    server: FakeMailServer | None = None,
    **mail_server: Any,
) -> Accept:
    retry_index = retry_index or FakeRetryIndex()
    server = server or FakeMailServer(**mail_server)
    return Accept(
        requests,
        Attempts(requests, Verdicts(FakeBreakers(), server, clock), server, retry_index, clock),
        retry_index,
        slots,
        clock,
        new_id=uuid4,
        wake=wake,
        read_soon=read_soon,
        deadline=deadline,
        lease=LEASE,
    )


@pytest.mark.parametrize(
    ("free_after", "waited", "asked", "had_slot"),
    [
        (0.0, 0.0, 0, True),
        (0.2, 0.2, 1, True),
        (2.5, 2.5, 1, True),
        (2.6, 2.5, 1, False),
    ],
)
async def test_webhook_checks_for_a_repeat_then_waits_half_its_deadline_for_a_slot(
    free_after: float, waited: float, asked: int, had_slot: bool, clock: FakeClock
) -> None:
    requests = StoredRequests(clock)
    began = clock.monotonic()
    accept = accepting(requests, OneSlot(clock, free_after), clock)
    assert await accept(MAILBOX, Origin()) == WillRetry()
    assert clock.monotonic() - began == pytest.approx(waited)
    assert (requests.asked, requests.had_slot) == (asked, [had_slot])


async def test_webhook_that_finds_the_breaker_open_spares_those_of_the_next_second_a_slot_and_a_read(
    clock: FakeClock,
) -> None:
    requests = StoredRequests(clock)
    accept = accepting(requests, slots := Slots(1), clock)
    assert await accept(MAILBOX, Origin()) == WillRetry()
    async with slots.all():
        clock.seconds += BREAKER_REMEMBERED - 0.1
        assert await accept(MAILBOX, Origin()) == WillRetry()
    clock.seconds += 0.1
    assert await accept(MAILBOX, Origin()) == WillRetry()
    assert (requests.had_slot, requests.asked) == ([True, False, True], 0)


async def test_webhook_that_got_no_slot_does_not_show_that_the_breaker_is_open(clock: FakeClock) -> None:
    requests = StoredRequests(clock)
    accept = accepting(requests, OneSlot(clock, 3.0), clock)
    for _ in range(2):
        assert await accept(MAILBOX, Origin()) == WillRetry()
    assert requests.had_slot == [False, True]


async def test_webhook_that_lacked_only_a_slot_goes_first_and_one_that_found_the_breaker_open_does_not(
    clock: FakeClock,
) -> None:
    woken = list[UUID | None]()
    accept = accepting(StoredRequests(clock), OneSlot(clock, 3.0), clock, wake=woken.append)
    for _ in ("no slot", "breaker open", "breaker known to be open"):
        assert await accept(MAILBOX, Origin()) == WillRetry()
    await accept.drain(within=1)
    assert woken == [MAILBOX.identity_id, None, None]


@in_virtual_time
async def test_webhook_is_answered_before_redis_answers_and_the_drain_waits_for_both() -> None:
    clock = VirtualClock(asyncio.get_running_loop())
    retry_index = SlowIndex(seconds=0.2)
    accept = accepting(StoredRequests(FakeClock()), Slots(1), clock, retry_index=retry_index)
    assert await accept(MAILBOX, Origin()) == WillRetry()
    assert clock.monotonic() == 0
    await accept.drain(within=1)
    assert [each.identity_id for each in retry_index.added] == [MAILBOX.identity_id]
    assert clock.monotonic() < 1


@in_virtual_time
async def test_drain_ends_although_redis_never_answers() -> None:
    clock = VirtualClock(asyncio.get_running_loop())
    accept = accepting(StoredRequests(FakeClock()), Slots(1), clock, retry_index=SlowIndex(seconds=1000))
    assert await accept(MAILBOX, Origin()) == WillRetry()
    await accept.drain(within=1)
    assert clock.monotonic() == 1 + FINISH_WITHIN


@pytest.mark.parametrize(("deadline", "allowed"), [(3.0, 2.0), (20.0, LEASE / 2)])
async def test_attempt_in_line_ends_with_its_webhook_and_within_half_of_its_lease(
    deadline: float, allowed: float, clock: FakeClock
) -> None:
    """Behind it there must be time to store the outcome, or another process would attempt the request, too."""
    server = FakeMailServer()
    accept = accepting(KnownRequests(clock, None), OneSlot(clock, 1.0), clock, deadline=deadline, server=server)
    await accept(MAILBOX, Origin())
    assert server.deadlines == [pytest.approx(allowed)]


async def test_webhook_is_not_stored_after_its_deadline(clock: FakeClock) -> None:
    requests = StoredRequests(clock, answers_after=DEADLINE)  # PostgreSQL did not respond in time.
    accept = accepting(requests, OneSlot(clock, 60.0), clock)
    with pytest.raises(DatabaseUnavailable, match="within the in-line deadline"):
        await accept(MAILBOX, Origin())
    assert requests.had_slot == []


RUNNING, ACCOUNT = request_of(MAILBOX.identity_id), Account(uuid4())
DEAD = request_of(MAILBOX.identity_id, email="admin@example.org", state=State.DEAD, reason="refused")


@pytest.mark.parametrize("breaker_open", [False, True], ids=["breaker closed", "breaker open"])
@pytest.mark.parametrize(
    ("reads", "answer"),
    [
        ([RUNNING, RUNNING, replace(RUNNING, state=State.PROVISIONED)], Ready("alice@example.org", ACCOUNT.id)),
        ([RUNNING], WillRetry()),
        ([RUNNING, None], WillRetry()),
        ([DEAD], Held(HELD)),
        ([DEAD, DEAD, None], Held(HELD)),
        ([replace(DEAD, email="alice@example.org")], Held("refused")),
    ],
    ids=["that it ends", "as long as it may", "that it is deleted", "held", "held and deleted", "dead"],
)
async def test_repeated_webhook_is_answered_with_the_outcome_of_its_request(
    reads: list[Request | None], answer: object, breaker_open: bool, clock: FakeClock
) -> None:
    accounts = {State.RUNNING: ACCOUNT, State.PROVISIONED: ACCOUNT}
    requests = KnownRequests(clock, *(each and (each, accounts.get(each.state)) for each in reads))
    requests.breaker_open = breaker_open
    accept = accepting(requests, Slots(1), clock)
    if breaker_open:
        assert await accept(replace(MAILBOX, identity_id=uuid4()), Origin()) == WillRetry()
    assert await accept(MAILBOX, Origin()) == answer
    assert requests.settled == []


async def test_mailbox_that_is_made_while_its_webhook_changes_the_address_is_not_taken_for_lost(
    clock: FakeClock,
) -> None:
    ran = request_of(MAILBOX.identity_id, email="old@example.org", attempts=0, state=State.WAITING), None
    account = Account(uuid4())
    made = request_of(MAILBOX.identity_id, email="old@example.org", state=State.PROVISIONED), account
    requests = KnownRequests(clock, ran, made)
    requests.followed = State.PROVISIONED
    answer = await accepting(requests, OneSlot(clock, 99), clock)(MAILBOX, Origin())
    assert answer == Ready("old@example.org", account.id)


async def test_waiting_request_that_follows_a_new_address_is_added_to_the_retry_index(clock: FakeClock) -> None:
    retry_index = FakeRetryIndex()
    requests = KnownRequests(clock, (replace(RUNNING, state=State.WAITING, attempts=0), None))
    accept = accepting(requests, Slots(1), clock, retry_index=retry_index)
    assert await accept(replace(MAILBOX, email="ally@example.org"), Origin()) == WillRetry()
    await accept.drain(within=1)
    assert [each.email for each in retry_index.added] == ["ally@example.org"]


@pytest.mark.parametrize(
    ("request_", "account", "email", "is_read"),
    [
        (replace(RUNNING, state=State.PROVISIONED), ACCOUNT, "ally@example.org", True),
        (replace(RUNNING, state=State.PROVISIONED), ACCOUNT, "alice@example.org", True),
        (replace(DEAD, email="alice@example.org"), ACCOUNT, "ally@example.org", True),
        (replace(RUNNING, state=State.WAITING), None, "ally@example.org", True),
        (replace(RUNNING, state=State.WAITING), None, "alice@example.org", False),
        (replace(RUNNING, state=State.WAITING, attempts=0), None, "ally@example.org", False),
    ],
    ids=["renamed", "perhaps another name", "dead, with a mailbox", "attempted", "repeated", "not attempted"],
)
async def test_identity_is_read_after_a_hook_that_may_tell_of_a_change_to_its_mailbox(
    request_: Request, account: Account | None, email: str, is_read: bool, clock: FakeClock
) -> None:
    """The body of a hook may be late: what the identity is, only Kratos says."""
    read = list[UUID]()
    accept = accepting(KnownRequests(clock, (request_, account)), OneSlot(clock, 99), clock, read_soon=read.append)
    answer = await accept(replace(MAILBOX, email=email), Origin())
    assert read == [MAILBOX.identity_id] * is_read
    if account:
        assert answer == Ready("alice@example.org", account.id)


@pytest.mark.parametrize(
    ("create", "gone", "answer"),
    [
        (Conflict("a foreign one"), False, Held("a foreign one")),
        (Permanent("no"), False, Rejected("no")),
        (None, True, WillRetry()),
    ],
)
async def test_webhook_is_answered_with_the_outcome_of_its_attempt(
    create: Any, gone: bool, answer: object, clock: FakeClock
) -> None:
    requests = KnownRequests(clock, None)
    requests.gone = gone
    assert (
        await accepting(requests, Slots(1), clock, creates=[create] * 2 if create else [])(MAILBOX, Origin()) == answer
    )


async def test_attempt_continues_past_its_webhook_deadline_and_is_interrupted_after_the_drain(clock: FakeClock) -> None:
    requests = KnownRequests(clock, None)
    accept = accepting(requests, Slots(1), clock, deadline=0.15, creates=[Hang()])
    assert await accept(MAILBOX, Origin()) == WillRetry()
    assert requests.settled == []
    await accept.drain(within=0)
    assert [move.status for _, move, _ in requests.settled] == [Status.INTERRUPTED]


@pytest.mark.parametrize(("within", "status"), [(10.0, Status.SUCCESS), (0.0, Status.INTERRUPTED)])
async def test_webhook_stored_during_the_drain_is_attempted_but_not_after_it(
    within: float, status: Status, clock: FakeClock
) -> None:
    requests = KnownRequests(clock, None)
    requests.gate.clear()
    accept = accepting(requests, Slots(1), clock)
    hook = asyncio.create_task(accept(MAILBOX, Origin()))
    await eventually(lambda: requests.gate._waiters, "it is being stored")
    drain = asyncio.create_task(accept.drain(within=within))
    await asyncio.sleep(0)
    requests.gate.set()
    await drain
    assert [move.status for _, move, _ in requests.settled] == [status]
    assert isinstance(await hook, Ready if status is Status.SUCCESS else WillRetry)


# The limit itself


async def test_no_more_slots_can_be_acquired_than_exist() -> None:
    slots = Slots(2)
    assert [await slots.acquire(within=0.001) for _ in range(3)] == [True, True, False]
    slots.release()
    assert await slots.acquire(within=0.001)


async def test_slots_are_granted_in_order_of_request() -> None:
    slots, served = Slots(1), []
    await slots.acquire(within=0)

    async def ask(name: int) -> None:
        await slots.acquire(within=10)
        served.append(name)
        slots.release()

    async with asyncio.TaskGroup() as group:
        for name in range(5):
            group.create_task(ask(name))
            await asyncio.sleep(0)
        slots.release()
    assert served == [0, 1, 2, 3, 4]


async def test_timed_out_waiter_holds_no_slot() -> None:
    slots = Slots(1)
    await slots.acquire(within=0)
    assert not await slots.acquire(within=0.001)
    slots.release()
    assert await slots.acquire(within=0)
    assert not await slots.acquire(within=0)


async def test_all_slots_are_acquired_only_when_nothing_else_runs() -> None:
    slots = Slots(3)
    await slots.acquire(within=0)
    exclusive = asyncio.Event()

    async def run_exclusively() -> None:
        async with slots.all():
            exclusive.set()
            assert not await slots.acquire(within=0.001)

    task = asyncio.create_task(run_exclusively())
    await asyncio.sleep(0.01)
    assert not exclusive.is_set(), "an attempt is running"
    slots.release()
    await task
    assert exclusive.is_set()


async def test_all_slots_are_free_after_an_exclusive_run() -> None:
    slots = Slots(3)
    with pytest.raises(ZeroDivisionError):
        async with slots.all():
            raise ZeroDivisionError
    assert [await slots.acquire(within=0) for _ in range(4)] == [True, True, True, False]


async def test_cancelled_wait_for_all_slots_leaves_them_free() -> None:
    slots = Slots(3)
    await slots.acquire(within=0)
    waiting = False

    async def run_exclusively() -> None:
        nonlocal waiting
        waiting = True
        async with slots.all():
            raise AssertionError

    task = asyncio.create_task(run_exclusively())
    await eventually(lambda: waiting, "it waits")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [await slots.acquire(within=0) for _ in range(3)] == [True, True, False]

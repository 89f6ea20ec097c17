"""How long a webhook waits for a slot, for its own attempt or for another one, and what it is answered."""

import asyncio
from dataclasses import replace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from eventually import eventually
from fakes import START, FakeBreakers, FakeClock, FakeMailServer, FakeRequests, FakeRetryIndex, Hang, request_of
from postroom.domain.mailbox import Account, Mailbox
from postroom.domain.request import HELD, Origin, Request, State, Status
from postroom.errors import Conflict, DatabaseUnavailable, Permanent
from postroom.provisioning.accept import Accept, Held, Ready, Rejected, WillRetry
from postroom.provisioning.attempt import Attempts
from postroom.provisioning.slots import Slots

DEADLINE = 5.0
MAILBOX = Mailbox(uuid4(), "alice@example.org", None)


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
    """`read` takes a second and returns each of `reads` in turn, then the last one repeatedly. Accepting waits for
    `gate`; the accepted request runs. Nothing is revived, and the request follows any address."""

    def __init__(self, clock: FakeClock, *reads: tuple[Request, Account | None] | None) -> None:
        super().__init__()
        self._clock = clock
        self._reads = list(reads)
        self.gate = asyncio.Event()

    async def read(self, identity_id: UUID) -> tuple[Request, Account | None] | None:
        self._clock.seconds += 1.0
        return self._reads.pop(0) if len(self._reads) > 1 else self._reads[0]

    async def accept(self, mailbox: Mailbox, **_: Any) -> Request | None:
        await self.gate.wait()
        return None if any(self._reads) else request_of(mailbox.identity_id)

    async def revive(self, mailbox: Mailbox, **_: Any) -> None:
        return None

    async def follow_address(self, mailbox: Mailbox, *, origin: Origin) -> Request | None:
        return request_of(mailbox.identity_id, wanted_email=mailbox.email, state=State.WAITING)


def accepting(
    requests: FakeRequests, slots: Slots, clock: FakeClock, *, deadline: float = DEADLINE, **mail_server: Any
) -> Accept:
    retry_index = FakeRetryIndex()
    return Accept(
        requests,
        Attempts(requests, FakeBreakers(), FakeMailServer(**mail_server), retry_index, clock),
        retry_index,
        slots,
        clock,
        new_id=uuid4,
        wake=lambda _: None,
        deadline=deadline,
        lease=10.0,
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
    free_after: float, waited: float, asked: int, had_slot: bool
) -> None:
    clock = FakeClock()
    requests = StoredRequests(clock)
    began = clock.monotonic()
    accept = accepting(requests, OneSlot(clock, free_after), clock)
    assert await accept(MAILBOX, Origin()) == WillRetry()
    assert clock.monotonic() - began == pytest.approx(waited)
    assert (requests.asked, requests.had_slot) == (asked, [had_slot])


async def test_webhook_is_not_stored_after_its_deadline() -> None:
    clock = FakeClock()
    requests = StoredRequests(clock, answers_after=DEADLINE)  # PostgreSQL did not respond in time.
    accept = accepting(requests, OneSlot(clock, 60.0), clock)
    with pytest.raises(DatabaseUnavailable, match="within the in-line deadline"):
        await accept(MAILBOX, Origin())
    assert requests.had_slot == []


RUNNING, ACCOUNT = request_of(MAILBOX.identity_id), Account(uuid4())
DEAD = request_of(MAILBOX.identity_id, email="admin@example.org", state=State.DEAD, reason="refused")


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
    reads: list[Request | None], answer: object
) -> None:
    clock = FakeClock()
    requests = KnownRequests(clock, *(each and (each, ACCOUNT) for each in reads))
    requests.gate.set()
    assert await accepting(requests, Slots(1), clock)(MAILBOX, Origin()) == answer
    assert requests.settled == []


async def test_waiting_request_that_follows_a_new_address_is_replaced_in_the_retry_index() -> None:
    clock = FakeClock()
    requests = KnownRequests(clock, (replace(RUNNING, state=State.WAITING), None))
    requests.gate.set()
    accept = accepting(requests, Slots(1), clock)
    assert await accept(replace(MAILBOX, email="ally@example.org"), Origin()) == WillRetry()
    assert [each.wanted_email for each, _ in cast(FakeRetryIndex, accept._retry_index).replaced] == ["ally@example.org"]


@pytest.mark.parametrize(
    ("create", "gone", "answer"),
    [
        (Conflict("a foreign one"), False, Held("a foreign one")),
        (Permanent("no"), False, Rejected("no")),
        (None, True, WillRetry()),
    ],
)
async def test_webhook_is_answered_with_the_outcome_of_its_attempt(create: Any, gone: bool, answer: object) -> None:
    clock = FakeClock()
    requests = KnownRequests(clock, None)
    requests.gone = gone
    requests.gate.set()
    assert await accepting(requests, Slots(1), clock, creates=[create] if create else [])(MAILBOX, Origin()) == answer


async def test_attempt_continues_past_its_webhook_deadline_and_is_interrupted_after_the_drain() -> None:
    clock = FakeClock()
    requests = KnownRequests(clock, None)
    requests.gate.set()
    accept = accepting(requests, Slots(1), clock, deadline=0.15, creates=[Hang()])
    assert await accept(MAILBOX, Origin()) == WillRetry()
    assert requests.settled == []
    await accept.drain(within=0)
    assert [move.status for _, move, _ in requests.settled] == [Status.INTERRUPTED]


@pytest.mark.parametrize(("within", "status"), [(10.0, Status.SUCCESS), (0.0, Status.INTERRUPTED)])
async def test_webhook_stored_during_the_drain_is_attempted_but_not_after_it(within: float, status: Status) -> None:
    clock = FakeClock()
    requests = KnownRequests(clock, None)
    accept = accepting(requests, Slots(1), clock)
    hook = asyncio.create_task(accept(MAILBOX, Origin()))
    await eventually(lambda: requests.gate._waiters, "it is being stored")
    drain = asyncio.create_task(accept.drain(within=within))
    await asyncio.sleep(0)
    requests.gate.set()
    await drain
    assert [move.status for _, move, _ in requests.settled] == [status]
    assert isinstance(await hook, Ready if status is Status.SUCCESS else WillRetry)

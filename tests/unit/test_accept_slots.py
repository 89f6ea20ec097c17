"""How long a hook waits for a slot, and what it asks PostgreSQL meanwhile. The slot comes free when the test says."""

from uuid import UUID, uuid4

import pytest

from fakes import START, FakeAnnouncements, FakeBreakers, FakeClock, FakeMailServer, FakeRequests, request_of
from postroom.domain.mailbox import Mailbox
from postroom.domain.request import Origin, Request, State
from postroom.errors import Unavailable
from postroom.provisioning.accept import Accept, WillRetry
from postroom.provisioning.attempt import Attempts
from postroom.provisioning.slots import Slots

DEADLINE = 5.0
MAILBOX = Mailbox(uuid4(), "alice@example.org", None)


class OneSlot(Slots):
    """Free after `seconds`; who waits lets that time pass."""

    def __init__(self, clock: FakeClock, seconds: float) -> None:
        super().__init__(1)
        self._clock = clock
        self._free_at = clock.monotonic() + seconds

    async def take(self, *, within: float) -> bool:
        comes_in = max(0.0, self._free_at - self._clock.monotonic())
        self._clock.seconds += min(comes_in, within)
        return comes_in <= within


class StoredRequests(FakeRequests):
    """Nobody is known; what is stored waits for the worker, whatever slot there was."""

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


def accepting(requests: StoredRequests, slots: Slots, clock: FakeClock) -> Accept:
    announcements = FakeAnnouncements()
    return Accept(
        requests,
        Attempts(requests, FakeBreakers(), FakeMailServer(), announcements, clock),
        announcements,
        slots,
        clock,
        new_id=uuid4,
        wake=lambda _: None,
        deadline=DEADLINE,
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
async def test_a_hook_waits_for_a_slot_half_its_deadline_and_asks_first_whether_it_is_a_repeat(
    free_after: float, waited: float, asked: int, had_slot: bool
) -> None:
    clock = FakeClock()
    requests = StoredRequests(clock)
    began = clock.monotonic()
    accept = accepting(requests, OneSlot(clock, free_after), clock)
    assert await accept(MAILBOX, Origin()) == WillRetry()
    assert clock.monotonic() - began == pytest.approx(waited)
    assert (requests.asked, requests.had_slot) == (asked, [had_slot])


async def test_a_hook_whose_deadline_is_over_before_it_could_be_stored_is_not_stored() -> None:
    clock = FakeClock()
    requests = StoredRequests(clock, answers_after=DEADLINE)  # PostgreSQL stood still
    accept = accepting(requests, OneSlot(clock, 60.0), clock)
    with pytest.raises(Unavailable, match="within the in-line deadline"):
        await accept(MAILBOX, Origin())
    assert requests.had_slot == []

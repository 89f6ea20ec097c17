"""Accepts a hook: stores the request, attempts it in line, and returns the result."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from postroom.domain.mailbox import Account, Mailbox
from postroom.domain.missing import Doubt
from postroom.domain.request import HELD, Origin, Request, State, Status
from postroom.errors import DatabaseUnavailable, Stopping
from postroom.ports import Clock, Requests, RetryIndex, Settled
from postroom.process.pause import pause
from postroom.provisioning.attempt import FINISH_WITHIN, STOPPED, Attempts
from postroom.provisioning.retry_index_updates import RetryIndexUpdates
from postroom.provisioning.slots import Slots
from postroom.provisioning.unrecorded import REBUILD

SHARE_FOR_A_SLOT = 0.5
"""Part of the in-line deadline that may pass waiting for a slot; then the request is stored for the worker."""

BREAKER_REMEMBERED = 1.0
"""Seconds for which hooks rely on an earlier one that found the breaker open. They ask for no slot, since no attempt
would follow; a request that is stored in the second after the breaker closed is left to the worker."""

REPEAT_PAUSE = 0.05
"""Seconds between reads of a request that another hook or a worker is attempting."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The mailbox exists; `account_id` is the row in `email_accounts`."""

    email: str
    account_id: UUID


@dataclass(frozen=True, slots=True)
class WillRetry:
    """The request is committed and will be attempted again."""


@dataclass(frozen=True, slots=True)
class Held:
    """Another identity holds the address, or the request is in the dead letters: `reason` says why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The mail server will never make this mailbox."""

    reason: str


@dataclass(frozen=True, slots=True)
class Missing:
    """The mailbox was made, but checks do not find it at the mail server, or its record is lost: `reason` says what an
    operator has to do."""

    reason: str


AcceptResult = Ready | WillRetry | Held | Rejected | Missing


class Store(Protocol):
    """`Requests.accept` or `Requests.revive`."""

    async def __call__(
        self, mailbox: Mailbox, *, holder: UUID | None, lease: float, origin: Origin, action: str
    ) -> Request | None: ...


class Accept:
    """Call it with a mailbox. Raises `DatabaseUnavailable` when nothing could be stored.

    `deadline` is the in-line deadline in seconds, `lease` the lease of an in-line attempt. `wake` wakes the worker of
    this process; the identity it is given, if any, goes first. `read_soon` has an identity read whose mailbox may
    differ from it now.
    """

    def __init__(
        self,
        requests: Requests,
        attempts: Attempts,
        retry_index: RetryIndex,
        slots: Slots,
        clock: Clock,
        *,
        new_id: Callable[[], UUID],
        wake: Callable[[UUID | None], None],
        read_soon: Callable[[UUID], None],
        deadline: float,
        lease: float,
    ) -> None:
        self._requests = requests
        self._attempts = attempts
        self._updates = RetryIndexUpdates(retry_index, wake)
        self._slots = slots
        self._clock = clock
        self._new_id = new_id
        self._wake = wake
        self._read_soon = read_soon
        self._deadline = deadline
        self._lease = lease
        self._running: set[asyncio.Task[Settled | None]] = set()
        self._hooks: set[asyncio.Future[None]] = set()
        """one for each hook that may still begin an attempt, until it is answered"""
        self._breaker_open_until = 0.0
        """monotonic time until which the breaker counts as open"""
        self._stopping = False
        self._drained = False
        self.resumed = asyncio.Event()
        """while cleared, nothing is accepted: hooks are asked to come again"""
        self.resumed.set()

    async def existing(self, identity_id: UUID) -> Ready | None:
        """The mailbox of an identity whose hook is refused: it stays as it is, whatever has become of the identity."""
        found = await self._requests.read(identity_id)
        there = _at_hand(found[1]) if found else None
        if found is None or there is None:
            return None
        self._read_soon(identity_id)
        return Ready(found[0].email, there.id)

    async def __call__(self, mailbox: Mailbox, origin: Origin) -> AcceptResult:
        if not self.resumed.is_set():
            raise DatabaseUnavailable("the service is still starting")
        with self._under_way():
            return await self._answer(mailbox, origin)

    async def _answer(self, mailbox: Mailbox, origin: Origin) -> AcceptResult:
        ends = self._clock.monotonic() + self._deadline
        # The normal case first, a new identity: no read before the commit. A repeated hook must not wait for a slot,
        # since it needs none; while the breaker is open, no hook waits for one.
        has_slot = await self._acquire_slot(within=0)
        found = None if has_slot or self._is_breaker_open() else await self._requests.read(mailbox.identity_id)
        if found is None:
            started = await self._start(self._requests.accept, mailbox, origin, ends, has_slot=has_slot)
            if started:
                return started
            found = await self._requests.read(mailbox.identity_id)
        if found is None:
            return await self._refuse_held(mailbox, origin)
        if _asks_for_another(*found, mailbox):
            started = await self._start(self._requests.revive, mailbox, origin, ends)
            if started:
                return started
            # Not revived: the address is held, or an earlier hook whose response was lost has revived the request.
            found = await self._requests.read(mailbox.identity_id)
            if found is None or _asks_for_another(*found, mailbox):
                return Held(HELD)
        request, account = found
        if account or (request.attempts and request.email != mailbox.email):
            self._read_soon(mailbox.identity_id)
        return await self._repeat(request, account, mailbox, origin, ends)

    async def _refuse_held(self, mailbox: Mailbox, origin: Origin) -> AcceptResult:
        if born_dead := await self._requests.refuse_held(mailbox, origin=origin, action="accept"):
            return Held(born_dead.reason or HELD)
        raise DatabaseUnavailable("the request could not be stored: another process changed it at the same moment")

    async def _start(
        self, store: Store, mailbox: Mailbox, origin: Origin, ends: float, *, has_slot: bool = False
    ) -> AcceptResult | None:
        """Store the request by `store` and attempt it; None if it was not stored."""
        has_slot = has_slot or await self._acquire_slot(within=self._left_for_a_slot(ends))
        try:
            self._go_on()
            self._require_time(ends)
            holder = self._new_id() if has_slot else None
            before = self._clock.monotonic()
            request = await store(mailbox, holder=holder, lease=self._lease, origin=origin, action="accept")
            if request is None:
                return None
            if request.state is not State.RUNNING:
                if has_slot:
                    self._breaker_open_until = self._clock.monotonic() + BREAKER_REMEMBERED
                # One that only lacked a slot goes first, not behind the backlog of an outage.
                self._updates.add(request, first=not has_slot and not self._is_breaker_open())
                return WillRetry()
            task = asyncio.create_task(self._attempt(request, ends, before))
            has_slot = self._hand_over(task)
        finally:
            if has_slot:
                self._slots.release()
        done, _ = await asyncio.wait([task], timeout=max(0.0, ends - self._clock.monotonic()))
        # Cancelled: the service stops past its drain, and the request is due again at once.
        if not done or task.cancelled():
            return WillRetry()
        settled = task.result()
        # Without a stored outcome its lease runs out, and a worker tries again.
        return _after(settled) if settled else WillRetry()

    async def _attempt(self, request: Request, ends: float, before: float) -> Settled | None:
        lease_ends = before + self._lease
        if self._drained:
            return await self._attempts.release(request, STOPPED, lease_ends=lease_ends)
        # Not past the deadline, and within half of the lease, which began after `before`.
        return await self._attempts.run(request, ends=min(ends, before + self._lease / 2), lease_ends=lease_ends)

    async def _acquire_slot(self, *, within: float) -> bool:
        return not self._is_breaker_open() and await self._slots.acquire(within=within)

    def _is_breaker_open(self) -> bool:
        return self._clock.monotonic() < self._breaker_open_until

    def _require_time(self, ends: float) -> None:
        if self._clock.monotonic() >= ends:
            # Its sender has given up: after an outage, such hooks must not delay new ones.
            raise DatabaseUnavailable("PostgreSQL did not answer within the in-line deadline")

    def _left_for_a_slot(self, ends: float) -> float:
        return max(0.0, ends - self._deadline * (1 - SHARE_FOR_A_SLOT) - self._clock.monotonic())

    def _hand_over(self, task: asyncio.Task[Settled | None]) -> bool:
        """Let the attempt outlive its hook and keep the slot until it is settled. Returns False: the slot is not the
        hook's any more."""
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        task.add_done_callback(self._ended)
        return False

    def _ended(self, task: asyncio.Task[Settled | None]) -> None:
        self._slots.release()
        if task.cancelled() or task.exception():
            return
        settled = task.result()
        if settled and settled.request.state is State.WAITING:
            self._wake(None)  # it may be due before the worker polls again

    async def _repeat(
        self, request: Request, account: Account | None, mailbox: Mailbox, origin: Origin, ends: float
    ) -> AcceptResult:
        if request.state is not State.DEAD and not request.attempts and mailbox.email != request.email:
            changed = await self._requests.follow_address(mailbox, origin=origin, action="accept")
            if changed is None:
                return Held(HELD)
            if changed.state is State.WAITING:
                self._updates.add(changed)
            request = changed
            if request.state is State.PROVISIONED and account is None:
                # It was made since it was read: without its account it would be taken for lost.
                request, account = await self._requests.read(request.identity_id) or (request, account)
        while request.state is State.RUNNING and self._clock.monotonic() < ends:
            await asyncio.sleep(REPEAT_PAUSE)
            found = await self._requests.read(request.identity_id)
            if found is None:
                break
            request, account = found
        return _state_of(request, account)

    def stop(self) -> None:
        """Begin nothing more: new hooks, and those that wait for a slot, get an error that nothing was stored."""
        self._stopping = True

    def _go_on(self) -> None:
        if self._stopping:
            raise Stopping("the service is stopping")

    @contextmanager
    def _under_way(self) -> Generator[None]:
        self._go_on()
        answered = asyncio.get_running_loop().create_future()
        self._hooks.add(answered)
        try:
            yield
        finally:
            self._hooks.discard(answered)
            answered.set_result(None)

    async def drain(self, *, within: float) -> None:
        """Begin nothing more, and let the hooks and attempts under way end, and Redis learn of what they stored;
        interrupt the attempts that have not ended `within` seconds. Returns within `FINISH_WITHIN` after that, even if
        PostgreSQL or Redis hangs."""
        self.stop()
        await self._until_quiet(within)
        self._drained = True
        for task in self._running:
            task.cancel()
        await self._until_quiet(FINISH_WITHIN)

    async def _until_quiet(self, seconds: float) -> None:
        ends = self._clock.monotonic() + seconds
        while (left := ends - self._clock.monotonic()) > 0 and (under_way := self._all_under_way()):
            await pause(left, *under_way)

    def _all_under_way(self) -> set[asyncio.Future[Any]]:
        return {*self._running, *self._hooks, *self._updates.under_way}


def _asks_for_another(request: Request, account: Account | None, mailbox: Mailbox) -> bool:
    """Whether the request is dead and the hook names another address, which may work. Who has a mailbox needs none: a
    change of its address is another matter."""
    return request.state is State.DEAD and request.email != mailbox.email and not _at_hand(account)


def _at_hand(account: Account | None) -> Account | None:
    """The account, unless checks did not find its mailbox."""
    return account if account and not account.doubt else None


def _after(settled: Settled) -> AcceptResult:
    """The result for a hook whose own attempt was settled."""
    request = settled.request
    if request.state is State.DEAD and settled.status is Status.FAILED:
        return Rejected(request.reason or "")
    return _state_of(request, settled.account_id and Account(settled.account_id))


def _state_of(request: Request, account: Account | None) -> AcceptResult:
    if request.state is State.DEAD and (there := _at_hand(account)):
        return Ready(request.email, there.id)
    if request.state is State.PROVISIONED:
        if account is None:
            return Missing(
                f"{request.email} was made, but its record is lost; nothing is tried until an operator runs {REBUILD}"
            )
        return _missing(request, account.doubt) if account.doubt else Ready(request.email, account.id)
    if request.state is State.DEAD:
        return Held(request.reason or "")
    return WillRetry()


def _missing(request: Request, doubt: Doubt) -> Missing:
    if doubt is Doubt.SUSPECTED:
        return Missing(f"the last check did not find {request.email} at the mail server; the next is in two minutes")
    return Missing(
        f"{request.email} is not at the mail server any more; nothing is tried until an operator runs "
        f"postroom remake {request.email}"
    )

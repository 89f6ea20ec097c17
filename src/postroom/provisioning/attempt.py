"""One attempt: ask the mail server for the mailbox of a running request, and settle what came of it."""

import asyncio
from collections.abc import Sequence

from postroom.domain.backoff import MAX_RETRIES, MISCONFIGURED_DELAY
from postroom.domain.breaker import Cause
from postroom.domain.mailbox import Mailbox, StalwartAccount
from postroom.domain.request import (
    Failed,
    Interrupted,
    Move,
    Outcome,
    Provisioned,
    Request,
    State,
    Status,
    after_attempt,
)
from postroom.errors import MailServerError, Misconfigured, Permanent, Transient, Unavailable
from postroom.ports import Announcements, Breakers, Clock, MailServer, Requests, Settled
from postroom.telemetry import ATTEMPT_SECONDS, ATTEMPTS, BREAKER_OPENED, DATABASE_ERRORS, log

LOOK_UP_SECONDS = 1.0
"""What a look-up of the mark may need; with less left, the next attempt does it."""

LEAST_SECONDS = 0.1
"""An attempt with less left is none: PostgreSQL was slow, and failing for want of time would spend a retry."""

LAST_WORDS = 3.0
"""Seconds that an interrupted attempt may take to say so."""

SETTLE_PAUSE = 0.25
"""Seconds between tries to settle while PostgreSQL is away."""


class Attempts:
    """Runs attempts for holders. It never raises what the mail server said: that is an outcome."""

    def __init__(
        self,
        requests: Requests,
        breakers: Breakers,
        mail_server: MailServer,
        announcements: Announcements,
        clock: Clock,
    ) -> None:
        self._requests = requests
        self._breakers = breakers
        self._mail_server = mail_server
        self._announcements = announcements
        self._clock = clock

    async def run(self, request: Request, *, ends: float, held: Sequence[str] = ()) -> Settled:
        """Attempt `request` until the monotonic time `ends`, then settle. `held` are its members in Redis.

        Cancelling it (shutdown past the drain) settles it as interrupted and spends nothing.
        """
        started = self._clock.monotonic()
        try:
            outcome = await self._outcome(request, ends)
        except asyncio.CancelledError:
            await _last_words(asyncio.create_task(self._settle(request, Interrupted(), held)))
            raise
        storing = asyncio.create_task(self._settle(request, outcome, held))
        try:
            settled = await asyncio.shield(storing)
        except asyncio.CancelledError:
            await _last_words(storing)
            raise
        ATTEMPT_SECONDS.observe(self._clock.monotonic() - started)
        return settled

    async def give_up(self, request: Request, *, held: Sequence[str] = ()) -> Settled:
        """Settle a request that was claimed but could not be attempted; it is due at once and spends nothing."""
        return await self._settle(request, Interrupted("no slot was free within its lease", began=False), held)

    async def _outcome(self, request: Request, ends: float) -> Outcome:
        if ends - self._clock.monotonic() < LEAST_SECONDS:
            return Interrupted("PostgreSQL was slow: no time was left for the attempt", began=False)
        try:
            account = await self._make(request.mailbox, ends, look_first=request.outcome_unknown)
        except Transient as error:
            return Failed(error, server_well=await self._is_well(error))
        except Misconfigured as error:
            await self._alarm(error)
            return Failed(error, server_well=True)
        except MailServerError as error:
            return Failed(error, server_well=True)
        return Provisioned(account)

    async def _make(self, mailbox: Mailbox, ends: float, *, look_first: bool) -> StalwartAccount:
        if look_first:
            found = await self._mail_server.find(mailbox, deadline=self._left(ends))
            if found:
                return _verified(mailbox, found)
        try:
            return _verified(mailbox, await self._mail_server.create(mailbox, deadline=self._left(ends)))
        except Transient as error:
            if not error.outcome_unknown or self._left(ends) < LOOK_UP_SECONDS:
                raise
            found = await self._look_up_after(error, mailbox, ends)
            return _verified(mailbox, found)

    async def _look_up_after(self, error: Transient, mailbox: Mailbox, ends: float) -> StalwartAccount:
        """The mailbox that a create with unknown outcome made after all; raises `error` if there is none."""
        try:
            found = await self._mail_server.find(mailbox, deadline=self._left(ends))
        except MailServerError:
            raise error from None  # the create's failure is the news; the look-up only confirms the trouble
        if found is None:
            # Still unknown: the request may be on its way, and the next attempt must look first.
            raise error
        return found

    def _left(self, ends: float) -> float:
        return max(0.05, ends - self._clock.monotonic())

    async def _is_well(self, error: Transient) -> bool:
        """Whether a failure counts against the request. If not, the breaker opens for everybody."""
        problem = await self._mail_server.well()
        if problem is None:
            return True
        cause = _cause_of(problem) if isinstance(problem, Misconfigured) else Cause.OUTAGE
        await self._open_breaker(cause, f"{error}; asked again: {problem}")
        return False

    async def _alarm(self, error: Misconfigured) -> None:
        log.error("Mail server is misconfigured: an operator must act", error=str(error), domain=error.domain)
        if error.domain is None:
            await self._open_breaker(_cause_of(error), str(error))
            return
        try:
            await self._requests.postpone_domain(error.domain, MISCONFIGURED_DELAY)
        except Unavailable:
            DATABASE_ERRORS.labels(where="postpone").inc()  # each request will tell by itself

    async def _open_breaker(self, cause: Cause, error: str) -> None:
        try:
            await self._breakers.open(cause, error)
        except Unavailable:
            DATABASE_ERRORS.labels(where="breaker").inc()  # the next failure opens it
            return
        BREAKER_OPENED.labels(cause=cause).inc()
        log.warning("Breaker open: the mail server is not asked for now", cause=cause.value, error=error)

    async def _settle(self, request: Request, outcome: Outcome, held: Sequence[str]) -> Settled:
        move = after_attempt(request, outcome)
        account = outcome.account if isinstance(outcome, Provisioned) else None
        while True:
            try:
                settled = await self._requests.settle(request, move, account)
                break
            except Unavailable:
                # The same holder again, until it is known: after an unknown COMMIT this finds its own row, and
                # after another's claim it records itself as late. Giving up would count as a crash.
                DATABASE_ERRORS.labels(where="settle").inc()
                log.warning("Cannot store the outcome yet: PostgreSQL is away", email=request.email)
                await asyncio.sleep(SETTLE_PAUSE)
        ATTEMPTS.labels(status=settled.status).inc()
        _tell(request, move, settled)
        if held or settled.request.state is State.WAITING:
            await self._announcements.replace(settled.request, held)
        return settled


def _cause_of(error: Misconfigured) -> Cause:
    return Cause.UNAUTHORIZED if error.unauthorized else Cause.MISCONFIGURED


def _verified(mailbox: Mailbox, account: StalwartAccount) -> StalwartAccount:
    if account.email != mailbox.email:
        raise Permanent(
            f"the identity's mailbox on the mail server is {account.email} (account {account.id}) where "
            f"{mailbox.email} was asked for; it was left alone"
        )
    return account


async def _last_words(storing: asyncio.Task[Settled]) -> None:
    """Let a cancelled attempt store its outcome, for so long only: with PostgreSQL away as well, the lease runs out
    and counts as a crash."""
    done, _ = await asyncio.wait([storing], timeout=LAST_WORDS)
    if not done:
        storing.cancel()


def _tell(request: Request, move: Move, settled: Settled) -> None:
    who = {"identity_id": str(request.identity_id), "email": request.email, "attempts": request.attempts}
    if settled.status is Status.LATE:
        log.warning("Outcome came after the lease: another attempt decides", status=move.status.value, **who)
        return
    if move.state is State.PROVISIONED:
        log.info(f"Email account provisioned for {request.email}", **who)
        return
    if request.retries > 0 and move.status is Status.FAILED:
        log.warning(f"Retry attempt {request.retries} failed: {move.error}", **who)
    if move.state is State.WAITING:
        log.info(
            f"Enqueued retry job for {request.email} (attempt {move.retries}/{MAX_RETRIES}, delay: {move.delay:.0f}s)",
            status=move.status.value,
            error=move.error,
            **who,
        )
    elif move.state is State.DEAD:
        log.error(f"Dead letter for {request.email}: {move.reason}", **who)

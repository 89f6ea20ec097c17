"""One attempt: ask the mail server for the mailbox of a running request, and settle the outcome."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TypeGuard

from postroom.domain.backoff import MAX_RETRIES
from postroom.domain.change_outcome import Changed, Nearer, after_change
from postroom.domain.mailbox import Mailbox, StalwartAccount
from postroom.domain.request import (
    Failed,
    Interrupted,
    Move,
    Outcome,
    Provisioned,
    Request,
    RequestStep,
    State,
    Status,
    Verdict,
    after_attempt,
)
from postroom.errors import (
    Conflict,
    DatabaseUnavailable,
    MailServerError,
    Misconfigured,
    Permanent,
    Transient,
    Unstorable,
)
from postroom.ports import Clock, MailServer, Requests, RetryIndex, Settled
from postroom.process.telemetry import ATTEMPT_SECONDS, ATTEMPTS, DATABASE_ERRORS, log
from postroom.provisioning.mailbox_changes import MailboxChanges
from postroom.provisioning.verdicts import STALL, Verdicts

LOOKUP_SECONDS = 1.0
"""Seconds that a lookup of the mark, or the repetition of what was refused, may need; with less time left, the next
attempt does it."""

LEAST_SECONDS = 0.1
"""With less time left, no attempt is made: PostgreSQL was slow, and running out of time would spend a retry."""

FINISH_WITHIN = 3.0
"""Seconds that an interrupted attempt may take to store that."""

STOPPED = "stopped before it began"
"""Why an attempt that was claimed is interrupted at a clean stop."""

SETTLE_PAUSE = 0.25
"""Seconds between tries to settle while PostgreSQL does not store the outcome."""

STORED_BEFORE_LEASE_ENDS = 0.5
"""The last seconds of the lease, in which nothing more is tried: another holder may take over at its end."""

UNSTORABLE = "the mail server's response cannot be stored as text"


class Attempts:
    """Runs attempts. An error of the mail server is not raised: it is an outcome.

    `ends` and `lease_ends` are monotonic times: an attempt asks the mail server until the one, and tries to store its
    outcome until the other. If it cannot, the lease ends without an outcome. `changes`: None where none are claimed.
    """

    def __init__(
        self,
        requests: Requests,
        verdicts: Verdicts,
        mail_server: MailServer,
        retry_index: RetryIndex,
        clock: Clock,
        changes: MailboxChanges | None = None,
    ) -> None:
        self._requests = requests
        self._verdicts = verdicts
        self._mail_server = mail_server
        self._retry_index = retry_index
        self._clock = clock
        self._changes = changes

    async def run(
        self, request: Request, *, ends: float, lease_ends: float, members: Sequence[str] = ()
    ) -> Settled | None:
        """Attempt `request`, then settle it. `members` are its members in Redis. None if its outcome was not stored.

        A cancelled attempt (shutdown past the drain) is settled as interrupted and spends no retry.
        """
        started = self._clock.monotonic()
        try:
            outcome = await self._outcome(request, ends, lease_ends)
        except asyncio.CancelledError:
            await _finish_on_cancel(asyncio.create_task(self._settle(request, Interrupted(), lease_ends, members)))
            raise
        storing = asyncio.create_task(self._settle(request, outcome, lease_ends, members))
        try:
            settled = await asyncio.shield(storing)
        except asyncio.CancelledError:
            await _finish_on_cancel(storing)
            raise
        ATTEMPT_SECONDS.observe(self._clock.monotonic() - started)
        return settled

    async def release(
        self, request: Request, why: str, *, lease_ends: float, members: Sequence[str] = ()
    ) -> Settled | None:
        """Settle a request that was claimed but not attempted; it is due at once, and no retry is spent."""
        storing = asyncio.create_task(self._settle(request, Interrupted(why, began=False), lease_ends, members))
        try:
            return await asyncio.shield(storing)
        except asyncio.CancelledError:
            await _finish_on_cancel(storing)
            raise

    async def _outcome(self, request: Request, ends: float, lease_ends: float) -> Outcome | Changed:
        if ends - self._clock.monotonic() < LEAST_SECONDS:
            return Interrupted("PostgreSQL was slow: no time was left for the attempt", began=False)
        once = self._create if request.step is RequestStep.CREATE else self._change
        outcome = await once(request, ends, lease_ends)
        if not _is_refused_for_good(outcome):
            return outcome
        # A fault that ends between a refusal and its probe would bury the request: it counts only if it is repeated.
        if self._left(ends) < LOOKUP_SECONDS:
            return replace(outcome, verdict=Verdict.NONE)
        again = await once(request, ends, lease_ends)
        if not isinstance(outcome, Changed):
            return again
        # What the first one changed is recorded whatever became of the second.
        return again.after(outcome) if isinstance(again, Changed) else replace(outcome, verdict=Verdict.NONE)

    async def _create(self, request: Request, ends: float, lease_ends: float) -> Provisioned | Failed:
        try:
            account = await self._make(request.mailbox, ends, lookup_first=request.outcome_unknown)
        except MailServerError as error:
            verdict = await self._verdict(error, ends, lease_ends)
            if isinstance(error, Misconfigured) and verdict is not Verdict.CREATES:
                _alarm(request, error)
            return Failed(error, verdict)
        return Provisioned(account)

    async def _change(self, request: Request, ends: float, lease_ends: float) -> Interrupted | Changed:
        if self._changes is None:
            return Interrupted("this process makes no changes", began=False)
        try:
            changed = await self._changes.attempt(request.identity_id, partial(self._left, ends))
        except DatabaseUnavailable as error:
            return Interrupted(str(error), began=False)
        if not (error := changed.nearer.error):
            return changed
        verdict = await self._verdict(error, ends, lease_ends, is_change=True)
        if isinstance(error, Misconfigured) and verdict is not Verdict.CHANGES:
            _alarm(request, error)
        return replace(changed, verdict=verdict)

    async def _make(self, mailbox: Mailbox, ends: float, *, lookup_first: bool) -> StalwartAccount:
        if lookup_first:
            found = await self._mail_server.find(mailbox, deadline=self._left(ends))
            if found:
                return _verified(mailbox, found)
        try:
            return _verified(mailbox, await self._mail_server.create(mailbox, deadline=self._left(ends)))
        except Transient as error:
            if not error.outcome_unknown or self._left(ends) < LOOKUP_SECONDS:
                raise
            found = await self._look_up_after(error, mailbox, ends)
            return _verified(mailbox, found)

    async def _look_up_after(self, error: Transient, mailbox: Mailbox, ends: float) -> StalwartAccount:
        """The mailbox that a create with unknown outcome did make; raises `error` if there is none."""
        try:
            found = await self._mail_server.find(mailbox, deadline=self._left(ends))
        except MailServerError:
            raise error from None  # the failure of the create matters; that of the lookup only confirms it
        if found is None:
            # Still unknown: the create may be under way, and the next attempt must look up the mark first.
            raise error
        return found

    def _left(self, ends: float) -> float:
        return max(0.05, ends - self._clock.monotonic())

    async def _verdict(
        self, error: MailServerError, ends: float, lease_ends: float, *, is_change: bool = False
    ) -> Verdict:
        now = self._clock.monotonic()
        if isinstance(error, Transient) and now - ends > STALL:
            return Verdict.NONE
        within = lease_ends - STORED_BEFORE_LEASE_ENDS - now
        return await self._verdicts.of(error, within=within, is_change=is_change)

    async def _settle(
        self, request: Request, outcome: Outcome | Changed, lease_ends: float, members: Sequence[str]
    ) -> Settled | None:
        move = after_change(request, outcome) if isinstance(outcome, Changed) else after_attempt(request, outcome)
        settled = await self._store(request, move, outcome, lease_ends)
        if settled is None:
            return None
        ATTEMPTS.labels(status=settled.status).inc()
        _log_settled(request, move, settled)
        if members or settled.request.state is State.WAITING:
            await self._retry_index.replace(settled.request, members)
        if self._changes and isinstance(outcome, Changed):
            await self._changes.settled(request.identity_id, outcome.nearer)
        return settled

    async def _store(
        self, request: Request, move: Move, outcome: Outcome | Changed, lease_ends: float
    ) -> Settled | None:
        """Settle with the same holder until the result is known: after an unknown COMMIT that finds its own row, and
        after a claim by another process it records the outcome as late."""
        account = outcome.account if isinstance(outcome, Provisioned) else None
        who = {"identity_id": str(request.identity_id), "email": request.email}
        who["stalwart_account_id"] = account.id if account else "none"
        while True:
            try:
                if isinstance(outcome, Changed):
                    settled = await self._requests.settle_change(request, move, outcome)
                else:
                    settled = await self._requests.settle(request, move, account)
            except Unstorable as error:
                text = ascii(move.error)
                log.error(
                    "Outcome is stored without its text, which PostgreSQL refuses", error=str(error), text=text, **who
                )
                move = replace(move, error=move.error and UNSTORABLE, reason=move.reason and UNSTORABLE)
            except DatabaseUnavailable as error:
                log.warning("Cannot store the outcome yet", error=str(error), **who)
            else:
                if settled is None:
                    log.error("Request is gone from PostgreSQL; its outcome is in the audit only", **who)
                return settled
            DATABASE_ERRORS.labels(where="settle").inc()
            if self._clock.monotonic() + SETTLE_PAUSE > lease_ends - STORED_BEFORE_LEASE_ENDS:
                log.error("Outcome could not be stored within the lease; the next attempt looks up the mark", **who)
                return None
            await asyncio.sleep(SETTLE_PAUSE)


def _is_refused_for_good(outcome: Outcome | Changed) -> TypeGuard[Failed | Changed]:
    """Whether the mail server refused what was asked, and works for others as its probe showed."""
    match outcome:
        case Failed(error, verdict) | Changed(nearer=Nearer(error=error), verdict=verdict):
            return isinstance(error, Permanent | Conflict) and verdict is Verdict.HEALTHY
        case _:
            return False


def _alarm(request: Request, error: Misconfigured) -> None:
    log.error(
        "Mail server refuses the mailbox: an operator must act",
        email=request.email,
        error=str(error),
        domain=error.domain,
        fix=error.fix,
    )


def _verified(mailbox: Mailbox, account: StalwartAccount) -> StalwartAccount:
    if account.email != mailbox.email:
        raise Permanent(
            f"the identity's mailbox on the mail server is {account.email} (account {account.id}) where "
            f"{mailbox.email} was asked for; it was left alone"
        )
    return account


async def _finish_on_cancel(storing: asyncio.Task[Settled | None]) -> None:
    """Let a cancelled attempt store its outcome, for `FINISH_WITHIN` at most: if PostgreSQL is unavailable too, the
    lease runs out and counts as a crash."""
    done, _ = await asyncio.wait([storing], timeout=FINISH_WITHIN)
    if not done:
        storing.cancel()


def _log_settled(request: Request, move: Move, settled: Settled) -> None:
    who = {"identity_id": str(request.identity_id), "email": request.email, "attempts": request.attempts}
    if settled.status is Status.LATE:
        log.warning("Outcome came after the lease: another attempt decides", status=move.status.value, **who)
        return
    if move.state is State.PROVISIONED:
        made = request.step is RequestStep.CREATE
        log.info(f"{'Email account provisioned for' if made else 'Mailbox changed:'} {settled.request.email}", **who)
        return
    if request.retries > 0 and move.status is Status.FAILED:
        log.warning(f"Retry attempt {request.retries} failed: {move.error}", **who)
    if move.state is State.WAITING:
        attempt = max(1, move.retries)
        log.info(
            f"Enqueued retry job for {request.email} (attempt {attempt}/{MAX_RETRIES}, delay: {move.delay:.0f}s)",
            status=move.status.value,
            error=move.error,
            **who,
        )
    elif move.state is State.DEAD:
        log.error(f"Dead letter for {request.email}: {move.reason}", **who)

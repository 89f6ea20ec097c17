"""The port `Requests` on PostgreSQL. Each method is one statement and one commit; the rules are in `sql/`."""

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

import psycopg
from psycopg.errors import UniqueViolation

from postroom.domain.backoff import DELAY_AFTER_SECOND_CRASH, LONGEST_DELAY_AFTER_CRASHES
from postroom.domain.change_outcome import Changed
from postroom.domain.mailbox import Account, Mailbox, StalwartAccount, account_id_of
from postroom.domain.missing import Doubt
from postroom.domain.request import CREATE_ONLY, HELD, Move, Origin, Request, RequestStep, State, Status
from postroom.errors import DatabaseUnavailable, Unstorable
from postroom.ports import Claim, ClaimResult, Settled
from postroom.postgres.connection import UNSTORABLE, Lost, Pool, Row, row, rows
from postroom.process.telemetry import DATABASE_ERRORS, log


class PostgresRequests:
    """`new_id` draws random ids of holders; `delay_factor` shortens all delays in the trial and in tests. `steps`:
    those that are claimed."""

    def __init__(
        self,
        pool: Pool,
        *,
        new_id: Callable[[], UUID],
        delay_factor: float = 1.0,
        steps: Sequence[RequestStep] = CREATE_ONLY,
    ) -> None:
        self._pool = pool
        self._new_id = new_id
        self._delay_factor = delay_factor
        self._steps = list(steps)

    async def accept(
        self, mailbox: Mailbox, *, holder: UUID | None, lease: float, origin: Origin, action: str
    ) -> Request | None:
        return await self._start("accept", mailbox, holder, lease, origin, action)

    async def revive(
        self, mailbox: Mailbox, *, holder: UUID | None, lease: float, origin: Origin, action: str
    ) -> Request | None:
        return await self._start("revive", mailbox, holder, lease, origin, action)

    async def _start(
        self, name: str, mailbox: Mailbox, holder: UUID | None, lease: float, origin: Origin, action: str
    ) -> Request | None:
        parameters = _of_hook(mailbox, origin) | {"holder": holder, "lease": lease, "action": action}
        try:
            started = await self._stored(name, parameters, holder, mailbox)
        except UniqueViolation:
            return None  # another identity has the address, or another hook of this one was first
        return request_of(started) if started else None

    async def _stored(self, name: str, parameters: dict[str, object], holder: UUID | None, of: Mailbox) -> Row | None:
        try:
            return await row(self._pool, name, parameters)
        except Lost:
            # Perhaps committed: then the row is there. To give up would let its lease run out, which counts as a crash.
            return await row(self._pool, name, parameters) or await self._started_by(holder, of)

    async def _started_by(self, holder: UUID | None, mailbox: Mailbox) -> Row | None:
        """The row that we stored, or one that waits for the same mailbox: it may be another process', but to announce
        it again is harmless."""
        found = await row(self._pool, "read", {"identity_id": mailbox.identity_id})
        if found is None:
            return None
        waits = found["state"] == State.WAITING and found["email"] == mailbox.email
        return found if waits or (holder and found["holder"] == holder) else None

    async def read(self, identity_id: UUID) -> tuple[Request, Account | None] | None:
        found = await row(self._pool, "read", {"identity_id": identity_id})
        return (request_of(found), account_of(found)) if found else None

    async def refuse_held(self, mailbox: Mailbox, *, origin: Origin, action: str) -> Request | None:
        parameters = _of_hook(mailbox, origin) | {"action": action, "reason": HELD}
        born_dead = await row(self._pool, "refuse_held", parameters)
        return request_of(born_dead) if born_dead else None

    async def follow_address(self, mailbox: Mailbox, *, origin: Origin, action: str) -> Request | None:
        try:
            changed = await row(self._pool, "follow_address", _of_hook(mailbox, origin) | {"action": action})
        except UniqueViolation:
            return None
        except UNSTORABLE as error:
            raise Unstorable(type(error).__name__) from error
        if changed:
            return request_of(changed)
        found = await self.read(mailbox.identity_id)
        return found[0] if found else None

    async def claim(
        self, identity_ids: Sequence[UUID], *, lease: float, exclusive: bool = False, limit: int | None = None
    ) -> list[Claim]:
        asked = list(dict.fromkeys(identity_ids))
        left = len(asked) if limit is None else limit
        try:
            return await self._claim_together(asked, lease, exclusive, left)
        except psycopg.Error:
            # One request fails the statement, perhaps by a trigger or a broken row: the others must run all the same.
            claims: list[Claim] = []
            for each in asked:
                claims += await self._claim_by_itself(each, lease, exclusive, left)
                left -= claims[-1].result is ClaimResult.GRANTED
            return claims

    async def _claim_by_itself(self, identity_id: UUID, lease: float, exclusive: bool, limit: int) -> list[Claim]:
        try:
            return await self._claim_together([identity_id], lease, exclusive, min(limit, 1))
        except psycopg.Error as error:
            DATABASE_ERRORS.labels(where="claim").inc()
            log.error("PostgreSQL refuses a claim", identity_id=str(identity_id), sqlstate=error.sqlstate)
            return [Claim(identity_id, ClaimResult.REFUSED, None, None)]

    async def _claim_together(self, asked: Sequence[UUID], lease: float, exclusive: bool, limit: int) -> list[Claim]:
        parameters = {
            "identity_ids": asked,
            "holders": [self._new_id() for _ in asked],
            "lease": lease,
            "exclusive": exclusive,
            "limit": limit,
            "steps": self._steps,
            "held": HELD,
            "crash_delay": DELAY_AFTER_SECOND_CRASH * self._delay_factor,
            "longest_crash_delay": LONGEST_DELAY_AFTER_CRASHES * self._delay_factor,
        }
        return [
            Claim(
                identity_id=found["asked_id"],
                result=ClaimResult(found["result"]),
                request=request_of(found) if found["identity_id"] else None,
                due_in=found["due_in"],
                crashed=found["crashed"],
            )
            for found in await self._claim(parameters)
        ]

    async def _claim(self, parameters: Mapping[str, object]) -> list[Row]:
        try:
            return await rows(self._pool, "claim", parameters)
        except Lost:
            # Perhaps committed: asked again with the same holders, it returns what they hold and grants no more.
            again = await rows(self._pool, "claim", {**parameters, "limit": 0})
            if any(found["result"] == ClaimResult.GRANTED for found in again):
                return again
            return await rows(self._pool, "claim", parameters)

    async def settle(self, request: Request, move: Move, account: StalwartAccount | None) -> Settled | None:
        parameters = self._of_move(request, move) | {
            "account_id": account_id_of(request.identity_id),
            "stalwart_account_id": account.id if account else None,
        }
        return await self._settled("settle", request, move, parameters)

    async def settle_change(self, request: Request, move: Move, changed: Changed) -> Settled | None:
        last, audit = changed.nearer.last, changed.nearer.audit
        parameters = self._of_move(request, move) | {
            "goal": changed.goal,
            "main": last and last.email,
            "name": last and last.name,
            "stalwart_account_id": last and last.account_id,
            "because": sorted(last.because) if last else None,
            "seen": sorted(last.addresses) if last else [],
            "is_missing": last is None and changed.nearer.error is None,
            "actions": [each.action for each in audit],
            "texts": [f"{each.before or 'none'} -> {each.after or 'none'}" for each in audit],
        }
        return await self._settled("settle_change", request, move, parameters)

    async def _settled(
        self, name: str, request: Request, move: Move, parameters: Mapping[str, object]
    ) -> Settled | None:
        try:
            settled = await self._stored_outcome(name, parameters)
            if settled:
                return Settled(request_of(settled), settled["account_id"], move.status)
            late = await row(self._pool, "settle_late", parameters)
            found = await self.read(request.identity_id)
        except UNSTORABLE as error:
            raise Unstorable(type(error).__name__) from error
        except psycopg.Error as error:
            # Also for an error of ours or of the operator, a missing column or right: the outcome waits for the fix.
            raise DatabaseUnavailable(f"PostgreSQL refuses the outcome (SQLSTATE {error.sqlstate})") from error
        if found is None:
            return None
        current, account_found = found
        return Settled(current, account_found and account_found.id, Status.LATE if late else move.status)

    async def _stored_outcome(self, name: str, parameters: Mapping[str, object]) -> Row | None:
        try:
            return await row(self._pool, name, parameters)
        except UniqueViolation:
            # An address was reserved at the same moment. Now the statement sees by whom.
            return await row(self._pool, name, parameters)

    def _of_move(self, request: Request, move: Move) -> dict[str, object]:
        return {
            "identity_id": request.identity_id,
            "holder": request.holder,
            "email": request.email,
            "step": request.step,
            "attempts": request.attempts,
            "state": move.state,
            "status": move.status,
            "delay": None if move.delay is None else move.delay * self._delay_factor,
            "retries": move.retries,
            "postponed": move.postponed,
            "waits_for": move.waits_for,
            "outcome_unknown": move.outcome_unknown,
            "error": move.error,
            "reason": move.reason,
        }


def _of_hook(mailbox: Mailbox, origin: Origin) -> dict[str, object]:
    """The parameters that each statement about a hook has. `asdict` copies deeply, which takes fifty times as long."""
    return {
        "identity_id": mailbox.identity_id,
        "email": mailbox.email,
        "display_name": mailbox.display_name,
        "trigger_id": origin.trigger_id,
        "request_id": origin.request_id,
        "traceparent": origin.traceparent,
    }


def request_of(found: Row) -> Request:
    """The `Request` in a row that holds the columns of `email_requests`."""
    return Request(
        identity_id=found["identity_id"],
        email=found["email"],
        display_name=found["display_name"],
        state=State(found["state"]),
        due_at=found["due_at"],
        holder=found["holder"],
        attempts=found["attempts"],
        retries=found["retries"],
        crashes=found["crashes"],
        postponed=found["postponed"],
        outcome_unknown=found["outcome_unknown"],
        waits_for=found["waits_for"],
        enqueued_at=found["enqueued_at"],
        last_error=found["last_error"],
        reason=found["reason"],
        dismissed_at=found["dismissed_at"],
        step=RequestStep(found["step"]),
        goal=found["goal"],
    )


def account_of(found: Row) -> Account | None:
    """The `Account` in a row of `read.sql`."""
    if found["account_id"] is None:
        return None
    return Account(found["account_id"], found["doubt"] and Doubt(found["doubt"]))

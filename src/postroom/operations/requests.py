"""Retry, bury and dismiss requests: named ones, or all that match a selection, in batches.

A batch is one commit, so a run may be interrupted anywhere and repeated. A request for which the action is not possible
does not stop the others.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from postroom.domain.address import stored_form
from postroom.domain.identity import as_sent
from postroom.domain.request import HELD, Request, State
from postroom.errors import Refused
from postroom.operations.reason import required_reason
from postroom.ports import RetryIndex
from postroom.postgres.audit import Audit
from postroom.postgres.connection import Pool
from postroom.postgres.operator_moves import Found, OperatorMoves
from postroom.postgres.refusals import PostgresRefusals
from postroom.postgres.request_list import PAGE, RequestList, Selection

PAUSES = (0.05, 0.2, 1.0)
"""Seconds before each new try for rows that were locked, or whose address was taken at the same moment."""

Whom = Sequence[str] | Selection
"""Identity ids and addresses, or a selection."""
Named = Mapping[UUID, str]
"""Identities, each with the name that the operator gave."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An action that was not possible: for whom, as the operator named it; `code` is for programs."""

    who: str
    code: str
    error: str


@dataclass(frozen=True, slots=True)
class Batch:
    """`rows_read` rows or names were read. `done` are the requests after the action; in a dry run, before it."""

    rows_read: int
    done: list[Request] = field(default_factory=list[Request])
    failures: list[Failure] = field(default_factory=list[Failure])


@dataclass(frozen=True, slots=True)
class Action:
    """`move` does it. `refuse` returns code and error for a request for which it is not possible."""

    refuse: Callable[[Found], tuple[str, str] | None]
    move: Callable[[Collection[UUID]], Awaitable[Sequence[Request]]]
    dead_first: bool = False
    """an address stands for its dead request, not for the living one"""


def refuse_retry(found: Found) -> tuple[str, str] | None:
    if found.request.state not in (State.WAITING, State.DEAD):
        return _wrong_state(found, "only a waiting or dead request can be retried")
    if found.is_in_use:
        return _wrong_state(found, "its mailbox is there and in use; postroom dismiss takes it off the dead letters")
    return _held(found.address, found.held_by) if found.held_by else None


def refuse_bury(found: Found) -> tuple[str, str] | None:
    if found.request.state is not State.WAITING:
        return _wrong_state(found, "only a waiting request can be buried")
    if found.takes:
        return "takes", (
            f"the request of {found.request.email} is to switch a login off, or to take an address away: that is not "
            "given up"
        )
    return None


def refuse_dismissal(found: Found) -> tuple[str, str] | None:
    if found.request.state is not State.DEAD:
        return _wrong_state(found, "only a dead request can be dismissed")
    if found.request.dismissed_at:
        return "wrong_state", f"the request of {found.request.email} is dismissed already"
    return None


def _wrong_state(found: Found, rule: str) -> tuple[str, str]:
    return "wrong_state", f"the request of {found.request.email} is {found.request.state}: {rule}"


def _held(address: str, by: UUID | None) -> tuple[str, str]:
    return "held", f"{address}: {HELD}{f' ({by})' if by else ''}; nothing was changed"


class RequestOperations:
    """Every method raises `DatabaseUnavailable`; the batches before that are done."""

    def __init__(self, pool: Pool, retry_index: RetryIndex) -> None:
        self._moves = OperatorMoves(pool)
        self._list = RequestList(pool)
        self._audit = Audit(pool)
        self._refusals = PostgresRefusals(pool)
        self._retry_index = retry_index

    def retry(self, whom: Whom, *, actor: str, dry_run: bool = False) -> AsyncIterator[Batch]:
        """Have waiting and dead requests attempted now; a dead one gets its retries back."""
        return self._act(whom, Action(refuse_retry, partial(self._retry, actor)), dry_run=dry_run)

    def bury(self, whom: Whom, *, actor: str, reason: str, dry_run: bool = False) -> AsyncIterator[Batch]:
        """Move waiting requests to the dead letters. Raises `Refused` for an empty reason."""
        move = partial(self._moves.bury, actor=actor, reason=required_reason(reason))
        return self._act(whom, Action(refuse_bury, move), dry_run=dry_run)

    def dismiss(self, whom: Whom, *, actor: str, reason: str, dry_run: bool = False) -> AsyncIterator[Batch]:
        """Remove dead requests from the list of dead letters. Raises `Refused` for an empty reason."""
        move = partial(self._moves.dismiss, actor=actor, reason=required_reason(reason))
        return self._act(whom, Action(refuse_dismissal, move, dead_first=True), dry_run=dry_run)

    async def find(self, who: str) -> Request:
        """The request of an identity id or an address. Raises `Refused` if there is none."""
        named, failures = await self._identities([who], dead_first=False)
        found = await self._moves.find(named)
        if not found:
            failure = failures[0] if failures else await self._unknown(who, *named)
            raise Refused(failure.code, failure.error)
        return next(iter(found.values())).request

    async def remake(self, request: Request, *, actor: str) -> Request:
        """Have a missing mailbox made again. Raises `Refused` if it is not missing, or was never made."""
        if remade := await self._moves.remake(request.identity_id, actor=actor):
            await self._retry_index.add([remade])
            return remade
        rule = "only a mailbox that is missing at the mail server can be made again"
        raise Refused("wrong_state", f"the request of {request.email} is {request.state}: {rule}")

    async def _act(self, whom: Whom, action: Action, *, dry_run: bool) -> AsyncIterator[Batch]:
        if isinstance(whom, Selection):
            async for page in self._list.pages(whom):
                named = {each.request.identity_id: each.request.email for each in page.requests}
                yield await self._apply(named, action, Batch(page.rows_read), dry_run=dry_run)
            return
        all_names = list(dict.fromkeys(whom))
        for start in range(0, len(all_names), PAGE):
            names = all_names[start : start + PAGE]
            named, failures = await self._identities(names, dead_first=action.dead_first)
            yield await self._apply(named, action, Batch(len(names), failures=failures), dry_run=dry_run)

    async def _apply(self, left: Named, action: Action, batch: Batch, *, dry_run: bool) -> Batch:
        for pause in PAUSES:
            if not left:
                return batch
            found = await self._moves.find(left)
            batch.failures.extend([await self._unknown(left[each], each) for each in left if each not in found])
            allowed = _allowed(found, left, action, batch.failures)
            if dry_run:
                batch.done.extend(found[each].request for each in allowed)
                return batch
            moved = await action.move(allowed) if allowed else ()
            done = {each.identity_id: each for each in moved}
            batch.done.extend(done[each] for each in allowed if each in done)
            left = {each: left[each] for each in allowed if each not in done}
            if left:
                await asyncio.sleep(pause)
        why = "its row in PostgreSQL is locked by another transaction; try again"
        batch.failures.extend(Failure(who, "locked", f"{who}: {why}") for who in left.values())
        return batch

    async def _retry(self, actor: str, identity_ids: Collection[UUID]) -> Sequence[Request]:
        moved = await self._moves.retry(identity_ids, actor=actor)
        await self._retry_index.add(moved)
        return moved

    async def _identities(self, names: Iterable[str], *, dead_first: bool) -> tuple[Named, list[Failure]]:
        named: dict[UUID, str] = {}
        addresses: dict[str, str] = {}
        for name in names:
            try:
                named[UUID(name)] = name
            except ValueError:
                addresses[stored_form(as_sent(name) or "")] = name
        found = await self._moves.identities_of(addresses, dead_first=dead_first)
        named |= {found[address]: name for address, name in addresses.items() if address in found}
        unknown = [name for address, name in addresses.items() if address not in found]
        return named, [await self._unknown(name, *await self._audit.identities_of(name, limit=1)) for name in unknown]

    async def _unknown(self, who: str, identity_id: UUID | None = None) -> Failure:
        refusal = await self._refusals.last(identity_id) if identity_id else None
        hint = "; give the address as it was registered, or the id of the identity"
        why = f": refused as {refusal.code} ({refusal.reason})" if refusal else hint
        return Failure(who, "unknown", f"no request for {who}{why}")


def _allowed(found: Mapping[UUID, Found], named: Named, action: Action, failures: list[Failure]) -> list[UUID]:
    """Those of `named` for which the action is possible; for the others the error is added to `failures`. Of several
    dead requests for one address only the first can be retried."""
    allowed: list[UUID] = []
    addresses: set[str] = set()
    for identity_id, who in named.items():
        if identity_id not in found:
            continue
        refused = action.refuse(found[identity_id])
        if refused is None and action.refuse is refuse_retry and found[identity_id].address in addresses:
            refused = _held(found[identity_id].address, None)
        if refused:
            failures.append(Failure(who, *refused))
        else:
            addresses.add(found[identity_id].address)
            allowed.append(identity_id)
    return allowed

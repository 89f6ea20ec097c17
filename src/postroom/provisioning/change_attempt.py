"""One attempt to bring a mailbox nearer to what its identity wants: read it, change one thing, read it again."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol
from uuid import UUID

from postroom.domain.account_change import (
    Addresses,
    Audited,
    Observed,
    Refusal,
    Step,
    Wanted,
    audited,
    next_step,
    put_back,
)
from postroom.errors import Conflict, MailServerError, Misconfigured, Permanent, Transient


@dataclass(frozen=True, slots=True)
class Read:
    """The account before and after an update, read in the request that updated it. `error`: why it was not updated."""

    first: Observed
    last: Observed
    error: MailServerError | None = None


class ChangingAccounts(Protocol):
    """Accounts of people at the mail server. Raises `MailServerError`s."""

    async def observe(self, identity_id: UUID, *, deadline: float) -> Observed | None:
        """The account that carries the mark of this identity, if there is one."""
        ...

    async def change(self, identity_id: UUID, observed: Observed, step: Step, *, deadline: float) -> Read:
        """Read the account, update it, and read it again, in one request. `observed` is what `step` was made from."""
        ...


@dataclass(frozen=True, slots=True)
class Nearer:
    """What an attempt did. `reads`: what was read, in this order; none: no account carries the mark. To be recorded
    whatever the outcome. `next`: what remains by the last of them; None: what is wanted was reached. `error`: what the
    mail server answered to that."""

    reads: tuple[Observed, ...] = ()
    audit: tuple[Audited, ...] = ()
    next: Step | Refusal | None = None
    error: MailServerError | None = None


async def bring_nearer(
    accounts: ChangingAccounts, identity_id: UUID, wanted: Wanted, addresses: Addresses, left: Callable[[], float]
) -> Nearer:
    """Make one step. `left`: the seconds that are left."""
    try:
        observed = await accounts.observe(identity_id, deadline=left())
    except MailServerError as error:
        return Nearer(error=error)
    if observed is None:
        return Nearer()
    attempt = _Attempt(accounts, identity_id, addresses, left, observed)
    error = await attempt.run(wanted)
    last = attempt.reads[-1]
    return Nearer(tuple(attempt.reads), tuple(attempt.audit), next_step(wanted, last, addresses), error)


class _Attempt:
    def __init__(
        self,
        accounts: ChangingAccounts,
        identity_id: UUID,
        addresses: Addresses,
        left: Callable[[], float],
        observed: Observed,
    ) -> None:
        self._accounts = accounts
        self._identity_id = identity_id
        self._addresses = addresses
        self._left = left
        self.reads = [observed]
        self.audit: list[Audited] = []

    async def run(self, wanted: Wanted) -> MailServerError | None:
        """The first refusal. After it the rest is given: without the address, and then without the name."""
        refused: MailServerError | None = None
        for rest in (wanted, replace(wanted, email=None), replace(wanted, email=None, name=None)):
            step = next_step(rest, self.reads[-1], self._addresses)
            if not isinstance(step, Step):
                break
            error = await self._make(step)
            refused = refused or error
            if step.takes or not isinstance(error, Conflict | Permanent | Misconfigured):
                break
        return refused

    async def _make(self, step: Step) -> MailServerError | None:
        before = self.reads[-1]
        try:
            read = await self._change(step)
            last = read
            while repair := put_back(last.first, last.last, self._addresses):
                last = await self._change(repair)
                if last.error:
                    return last.error
        except MailServerError as error:
            return error
        if read.error and read.first.addresses != before.addresses:
            # Somebody changed it between the two requests: the refusal is about a step that is not due any more.
            return Transient(f"the account {before.account_id} was changed at the same moment: {read.error}")
        return read.error

    async def _change(self, step: Step) -> Read:
        read = await self._accounts.change(self._identity_id, self.reads[-1], step, deadline=self._left())
        self.reads += [read.first, read.last]
        self.audit += audited(read.first, read.last)
        return read

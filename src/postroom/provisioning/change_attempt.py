"""One attempt to bring a mailbox nearer to what its identity wants: read it, change one thing, read it again."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from typing import Protocol
from uuid import UUID

from postroom.domain.account_change import (
    Addresses,
    Audited,
    Observed,
    Step,
    Wanted,
    alarms,
    audited,
    next_step,
    put_back,
)
from postroom.domain.change_outcome import Nearer
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


async def bring_nearer(
    accounts: ChangingAccounts,
    identity_id: UUID,
    wanted: Wanted,
    look_up: Callable[[Collection[str]], Awaitable[Addresses]],
    left: Callable[[], float],
    *,
    gives: bool = True,
) -> Nearer:
    """Make one step; unless it `gives`, one that takes away. `look_up` reads the rows of addresses, `left` is the
    number of seconds that are left."""
    try:
        observed = await accounts.observe(identity_id, deadline=left())
    except MailServerError as error:
        return Nearer(error=error)
    if observed is None:
        return Nearer()
    addresses = await look_up({*observed.addresses, *([wanted.email] if wanted.email else [])})
    attempt = _Attempt(accounts, identity_id, addresses, left, observed)
    error = await attempt.run(wanted, gives=gives)
    last = attempt.reads[-1]
    return Nearer(
        tuple(attempt.reads),
        tuple(attempt.audit),
        next_step(wanted, last, addresses),
        error,
        tuple(alarms(wanted, last, addresses)),
    )


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

    async def run(self, wanted: Wanted, *, gives: bool) -> MailServerError | None:
        """The first refusal. After it the rest is given: without the address, and then without the name."""
        refused: MailServerError | None = None
        for rest in (wanted, replace(wanted, email=None), replace(wanted, email=None, name=None)):
            step = next_step(rest, self.reads[-1], self._addresses)
            if not isinstance(step, Step) or not (gives or step.takes):
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

"""Mailboxes of which something is wanted, and attempts that change them, on a real PostgreSQL."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from postroom.domain.account_change import (
    Alias,
    Login,
    Observed,
    Permissions,
    Refusal,
    Step,
    audited,
)
from postroom.domain.change_outcome import Changed, Nearer, after_change
from postroom.domain.mailbox import Mailbox
from postroom.domain.request import (
    Provisioned,
    Request,
    State,
)
from postroom.domain.wish import Wish
from postroom.errors import MailServerError, Transient
from postroom.ports import Settled
from postroom.postgres.requests import PostgresRequests
from postroom.postgres.wishes import PostgresWishes
from postroom.provisioning.wishes import Written
from records import Records, running, settled, stalwart_account

VERSION = datetime(2026, 12, 1, tzinfo=UTC)
NEW, THIRD = "new@example.org", "third@example.org"
OFF = Login(Permissions.MERGE, off=True, sole=True)
MARRIED = Wish(NEW, "Alice N.", None, VERSION)
CUT = Transient("cut", outcome_unknown=True)
NEXT = Step(email=NEW)


async def made(requests: PostgresRequests, of: Mailbox) -> Mailbox:
    await settled(requests, await running(requests, of), Provisioned(stalwart_account(of)))
    return of


async def wished(wishes: PostgresWishes, of: Mailbox, wish: Wish) -> Written:
    known = await wishes.read(of.identity_id)
    assert known
    written = await wishes.write(known, wish, action="sweep")
    assert written
    return written


async def claimed(requests: PostgresRequests, of: Mailbox) -> Request:
    (claim,) = await requests.claim([of.identity_id], lease=10)
    assert claim.request
    assert claim.request.state is State.RUNNING, claim
    return claim.request


def seen(of: Mailbox, email: str | None = None, *aliases: str, login: Login = Login(), why: Any = ()) -> Observed:  # noqa: B008
    """Its account, as it was read."""
    account, others = stalwart_account(of).id, tuple(map(Alias, aliases))
    return Observed(account, email or of.email, "Alice N.", others, login, frozenset(why))


async def changed(
    requests: PostgresRequests,
    request: Request,
    *reads: Observed,
    next: Step | Refusal | None = None,  # noqa: A002
    error: MailServerError | None = None,
) -> Settled:
    """The attempt of this request read that, and ended so."""
    audit = tuple(audited(reads[0], reads[-1])) if reads else ()
    outcome = Changed(request.goal, Nearer(reads, audit, next, error))
    settled = await requests.settle_change(request, after_change(request, outcome), outcome)
    assert settled
    return settled


async def owners(records: Records) -> dict[str, tuple[UUID, str]]:
    found = await records.rows("SELECT address, identity_id, role FROM addresses WHERE role <> 'leaving'")
    return {each["address"]: (each["identity_id"], each["role"]) for each in found}

"""What is with one person: the identity, what is wanted, the mailbox on record, and the account at the mail server."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from postroom.domain.account_change import Addresses, Because, Observed
from postroom.domain.backoff import MAX_RETRIES, calculate_backoff_seconds
from postroom.domain.identity import AddressPolicy, Identity, as_sent, display_name
from postroom.domain.request import State
from postroom.postgres.whole_record import OnRecord, RecordedAccount, WholeRecord
from postroom.provisioning.ports import FoundAccount


class Source(StrEnum):
    KRATOS = "kratos"
    POSTGRESQL = "postgresql"
    STALWART = "stalwart"


NOBODY = Addresses({}, {})


@dataclass(frozen=True, slots=True)
class Overview:
    """What each source said, asked at the same moment; None for what it does not have, or did not say: then it is
    among the `silent` ones, with why. `addresses`: whose the addresses are that are wanted or were read. `strangers`:
    accounts that have the address asked for, and not the mark of the identity. `follows`: mailboxes follow their
    identities."""

    identity_id: UUID | None
    identity: Identity | None
    on_record: OnRecord | None
    account: Observed | None
    policy: AddressPolicy
    follows: bool
    addresses: Addresses = NOBODY
    strangers: Sequence[FoundAccount] = ()
    silent: Mapping[Source, str] = field(default_factory=dict[Source, str])

    @property
    def record(self) -> WholeRecord | None:
        """None where the identity has no request."""
        return self.on_record and self.on_record.record

    def says(self, *sources: Source) -> bool:
        """Whether all of these did."""
        return not any(each in self.silent for each in sources)


@dataclass(frozen=True, slots=True)
class Place:
    """What one source says. `id`: of the identity or the account there, or the goal. `because`: why nobody may log in;
    empty where that is possible. `others`: further addresses, and what each is."""

    id: str
    email: str | None
    name: str | None
    because: Collection[Because] = ()
    version: datetime | None = None
    others: Mapping[str, str] = field(default_factory=dict[str, str])


def places(overview: Overview) -> Mapping[str, Place | None]:
    """What is at each place; None where there is nothing, or nothing is known."""
    identity, record, account = overview.identity, overview.record, overview.account
    return {
        "at_kratos": _of_identity(identity) if identity else None,
        "wanted": _of_wish(record) if record else None,
        "on_record": _of_record(record.account) if record and record.account else None,
        "at_stalwart": _of_account(account) if account else None,
    }


def _of_identity(identity: Identity) -> Place:
    because = () if identity.active else (Because.INACTIVE,)
    email, name = as_sent(identity.traits.get("email")), display_name(identity.traits)
    return Place(str(identity.id), email, name, because, identity.updated_at)


def _of_wish(record: WholeRecord) -> Place:
    wishing, roles = record.wishing, {address: role.value for address, role in record.addresses.items()}
    goal = f"goal {wishing.goal}" + (f", {record.have_goal} reached" if record.have_goal < wishing.goal else "")
    because = sorted(wishing.wanted().because)
    return Place(goal, wishing.email, wishing.name, because, wishing.version, roles)


def _of_record(account: RecordedAccount) -> Place:
    return Place(account.account_id, account.email, account.name, sorted(account.because))


def _of_account(account: Observed) -> Place:
    aliases = {each.address: "alias" if each.enabled else "disabled alias" for each in account.aliases}
    return Place(account.account_id, account.email, account.name, sorted(account.because), others=aliases)


@dataclass(frozen=True, slots=True)
class Upcoming:
    """`at`: None where no time is known."""

    at: datetime | None
    what: str


def upcoming(overview: Overview, *, delay_factor: float = 1.0) -> list[Upcoming]:
    """What comes next for the request, if nothing else happens."""
    record = overview.record
    if record is None:
        return []
    request = record.found.request
    if request.state is State.RUNNING:
        return [Upcoming(request.due_at, "the attempt under way ends by then, or another one takes over")]
    if request.state is not State.WAITING or request.due_at is None:
        return []
    number = f"retry {request.retries} of {MAX_RETRIES}" if request.retries else "the first attempt"
    if request.waits_for:
        return [Upcoming(request.due_at, f"{number}, or as soon as the cause has ended: {request.waits_for}")]
    found, at = [Upcoming(request.due_at, number)], request.due_at
    for retry in range(request.retries + 1, MAX_RETRIES + 1):
        at += timedelta(seconds=calculate_backoff_seconds(retry) * delay_factor)
        found.append(Upcoming(at, f"retry {retry} of {MAX_RETRIES}, if the attempt before it fails"))
    return [*found, Upcoming(at, "a dead letter, if that fails, too")]

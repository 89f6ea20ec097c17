"""What of a mailbox at rest differs from its record: an update came late, somebody changed it by hand, or a database
went back in time.

What is read is recorded, so that the same difference is met once. It makes the mailbox due without a new goal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from postroom.domain.account_change import Addresses, Because, Observed, Permissions, Role, Step, Wanted, next_step


@dataclass(frozen=True, slots=True)
class AtRest:
    """A mailbox on record of which nothing is due. `name`: None if it was never read back. `version`: it changes with
    each move of the row."""

    identity_id: UUID
    version: datetime
    email: str
    name: str | None
    because: frozenset[Because]
    """why its login was off"""
    own: Mapping[str, Role]
    """its rows of `addresses`"""
    wanted: frozenset[Because]
    """why nobody may log in to it"""

    def unknown(self, observed: Observed) -> frozenset[str]:
        """The addresses of the account of which this record says nothing: they may be another's."""
        return observed.addresses - self.own.keys()


def unrecorded(record: AtRest, observed: Observed, addresses: Addresses) -> list[str]:
    """What was read and is not on record, in words. That another's alias is disabled is as it should be."""
    pairs = [
        ("address", record.email, observed.email),
        ("name", observed.name if record.name is None else record.name, observed.name),
        ("login off", _words(record.because), _words(observed.because)),
    ]
    found = [f"{what}: {before} -> {now or 'none'}" for what, before, now in pairs if before != now]
    if new := sorted(each for each in record.unknown(observed) if not addresses.of_another(each)):
        found.append(f"not on record: {', '.join(new)}")
    return found


def is_due(record: AtRest, observed: Observed, addresses: Addresses, *, differs: bool, follows: bool) -> bool:
    """Whether an attempt is to bring it nearer to what is wanted. What takes something away is due as long as it is not
    done, also of a dead letter. `follows`: mailboxes follow their identities; otherwise only an operator's word
    counts."""
    if follows:
        step = next_step(Wanted(because=record.wanted), observed, addresses)
        return differs or (isinstance(step, Step) and step.takes)
    if Because.OPERATOR in record.wanted:
        return not observed.login.off and observed.login.kind is not Permissions.REPLACE
    return differs and observed.login.off and Because.OPERATOR in observed.note


def _words(because: frozenset[Because]) -> str:
    return ", ".join(sorted(because)) or "no"

"""How a mailbox follows its identity: at most one change of one account, from what is wanted and what was just read.

What takes away goes first and alone, so that nothing about an address can hold it back: login off, an address that an
operator gave to somebody else, an alias that the records give to somebody else. A repeated step changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

AUTHENTICATE = "authenticate"
"""Stalwart's permission to log in: without it nobody reads or sends, and mail is still accepted."""


class Because(StrEnum):
    """Why the login of a mailbox is off."""

    INACTIVE = "inactive"
    ABSENT = "absent"
    OPERATOR = "operator"
    HAND = "hand"
    """somebody else switched it off at the mail server: it is reported, and never switched on by us"""


_NOTED = "; login off: "


def described(mark: str, note: frozenset[Because]) -> str:
    """The description of a mark: what it is, and why we switched the login off. So the mail server itself says what we
    may switch on again, also after our database was lost."""
    return f"{mark}{_NOTED}{_words(note)}" if note else mark


def note_of(description: str | None) -> frozenset[Because]:
    """What such a description says."""
    _, _, words = (description or "").partition(_NOTED)
    return frozenset(each for each in Because if each in words.split(", ") and each is not Because.HAND)


class Role(StrEnum):
    """Whose an address is, by `addresses`."""

    WANTED = "wanted"
    HELD = "held"
    OLD = "old"
    LEAVING = "leaving"
    """an operator gave it to somebody else, and the account still has it"""


class Permissions(StrEnum):
    """The kind of an account's own permissions at Stalwart."""

    INHERIT = "Inherit"
    MERGE = "Merge"
    REPLACE = "Replace"
    """somebody listed all that this account may do: we do not change such a list"""


@dataclass(frozen=True, slots=True)
class Alias:
    address: str
    enabled: bool = True
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Login:
    """What the account's permissions say about its login."""

    kind: Permissions = Permissions.INHERIT
    off: bool = False
    sole: bool = False
    """its permissions switch the login off and say nothing else"""


@dataclass(frozen=True, slots=True)
class Observed:
    """An account as it was read. `aliases` are all but its mark; `note` is what its mark says of our suspension."""

    account_id: str
    email: str
    name: str | None = None
    aliases: tuple[Alias, ...] = ()
    login: Login = Login()
    note: frozenset[Because] = frozenset()

    @property
    def because(self) -> frozenset[Because]:
        """Why its login is off; empty if it is on."""
        if not self.login.off:
            return frozenset()
        return self.note or frozenset([Because.HAND])

    @property
    def addresses(self) -> frozenset[str]:
        return frozenset([self.email, *(alias.address for alias in self.aliases)])


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the identity and the operator want. `email`, `name`: None for as it is. `because`: empty for login on."""

    email: str | None = None
    name: str | None = None
    because: frozenset[Because] = frozenset()


@dataclass(frozen=True, slots=True)
class Holder:
    identity_id: UUID
    role: Role


@dataclass(frozen=True, slots=True)
class Addresses:
    """The rows of `addresses` about what is wanted or was read: those of this identity, and those of others, which are
    never `leaving`."""

    own: Mapping[str, Role]
    others: Mapping[str, Holder]

    def of_another(self, address: str) -> Holder | None:
        """Who holds it. Somebody's mere wish is not enough: what the mail server shows of this account counts more."""
        holder = self.others.get(address)
        return holder if holder and holder.role is not Role.WANTED else None

    def lets_go(self, address: str) -> bool:
        """Whether the account must not receive mail to it."""
        return self.own.get(address) is Role.LEAVING or self.of_another(address) is not None

    def refusal(self, address: str, observed: Observed) -> "Refusal | None":
        """Why the account does not get this address."""
        if holder := self.others.get(address):
            if holder.role is not Role.WANTED or address not in observed.addresses:
                return Refusal(address, f"{address} is held by the identity {holder.identity_id}", holder.identity_id)
        elif self.own.get(address) is Role.LEAVING:
            return Refusal(address, f"{address} was released by an operator")
        elif address not in self.own and address not in observed.addresses:
            return Refusal(address, f"{address} is not reserved for this identity")
        return None


@dataclass(frozen=True, slots=True)
class Refusal:
    """The address that the identity wants is not given. `reason` is a sentence."""

    email: str
    reason: str
    holder: UUID | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One update of the account: None for what stays. `aliases`: all of them, without the mark, whose note is
    `note`. `login`: whether it is on afterwards."""

    email: str | None = None
    name: str | None = None
    aliases: tuple[Alias, ...] | None = None
    note: frozenset[Because] = frozenset()
    login: bool | None = None
    takes: bool = False
    """it only takes away; what gives comes after it"""


def next_step(wanted: Wanted, observed: Observed, addresses: Addresses) -> Step | Refusal | None:
    """None: the mailbox is as it is wanted, but for what `alarms` says."""
    return _taking(wanted, observed, addresses) or _giving(wanted, observed, addresses)


def _taking(wanted: Wanted, observed: Observed, addresses: Addresses) -> Step | None:
    aliases = tuple(
        # Disabled, it still reserves the address: mail that two claim is delivered to neither.
        Alias(alias.address, alias.enabled and addresses.of_another(alias.address) is None, alias.description)
        for alias in observed.aliases
        if addresses.own.get(alias.address) is not Role.LEAVING
    )
    off, note = False, observed.note
    if wanted.because and observed.login.kind is not Permissions.REPLACE:
        off = not observed.login.off
        if off or observed.note:  # without a note, somebody else switched it off, and only they may switch it on
            note = wanted.because
    if aliases == observed.aliases and note == observed.note:
        return Step(login=False, takes=True) if off else None
    return Step(aliases=aliases, note=note, login=False if off else None, takes=True)


def _giving(wanted: Wanted, observed: Observed, addresses: Addresses) -> Step | Refusal | None:
    refusal, email, aliases, note = None, None, observed.aliases, observed.note
    if wanted.email and wanted.email != observed.email:
        refusal = addresses.refusal(wanted.email, observed)
        if refusal is None:
            email = wanted.email
            aliases = tuple(alias for alias in aliases if alias.address != email)
            if not addresses.lets_go(observed.email):
                aliases = (*aliases, Alias(observed.email))
    name = wanted.name if wanted.name != observed.name else None
    login = None
    if observed.note and not wanted.because:
        note = frozenset[Because]()
        # Of a list that somebody else wrote, and of a login that somebody else switched on, only the note ends.
        login = True if observed.login.off and observed.login.kind is Permissions.MERGE else None
    is_same = email is None and note == observed.note
    if is_same and name is None:
        return refusal
    return Step(email, name, None if is_same else aliases, note, login)


def put_back(first: Observed, last: Observed, addresses: Addresses) -> Step | None:
    """What repairs `last` after an update, if `first`, read in the same request before it, had addresses that the
    update did not know and has dropped: somebody else gave them to the account in between."""
    dropped = tuple(
        alias
        for alias in (Alias(first.email), *first.aliases)
        if alias.address not in last.addresses and not addresses.lets_go(alias.address)
    )
    return Step(aliases=(*last.aliases, *dropped), note=last.note) if dropped else None


def alarms(wanted: Wanted, observed: Observed, addresses: Addresses) -> list[str]:
    """What no step mends, or what somebody must know of: sentences for an operator."""
    found = [
        f"{observed.email} has the alias {alias.address}, which is held by the identity {holder.identity_id}: "
        "it is disabled"
        for alias in observed.aliases
        if alias.enabled and (holder := addresses.of_another(alias.address))
    ]
    if addresses.lets_go(observed.email):
        found.append(f"{observed.email} is the main address of the account {observed.account_id}, and somebody else's")
    if wanted.because and not observed.login.off:
        if observed.login.kind is Permissions.REPLACE:
            found.append(f"{observed.email} can log in at the mail server: its permissions there are a list of its own")
    elif Because.HAND in observed.because:
        found.append(f"somebody switched off the login of {observed.email} at the mail server")
    return found


@dataclass(frozen=True, slots=True)
class Audited:
    """A row of the audit beside that of the attempt."""

    action: str
    before: str | None
    after: str | None


def audited(before: Observed, after: Observed) -> list[Audited]:
    """What an update did, by what was read before and after it in its own request."""
    rows = [
        Audited("rename", before.email, after.email),
        Audited("describe", before.name, after.name),
        Audited("suspend" if after.because else "resume", _words(before.because), _words(after.because)),
    ]
    return [row for row in rows if row.before != row.after]


def _words(because: frozenset[Because]) -> str:
    return ", ".join(sorted(because)) or "active"

"""Writes what an identity, as it was read, wants of its mailbox.

What is wanted so far is read before Kratos is asked: if somebody else writes in between, what was read here may be
older, and is dropped.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol
from uuid import UUID

from postroom.domain.account_change import Addresses, Because
from postroom.domain.difference import Kind
from postroom.domain.identity import AddressPolicy, Identity
from postroom.domain.request import Request
from postroom.domain.wish import Judged, Wish, Wishing, judged, wish_of
from postroom.process.telemetry import log
from postroom.provisioning.ports import Doubts, Found


@dataclass(frozen=True, slots=True)
class Written:
    """The request after a wish, and what of that was `followed`. `is_new`: it has another goal now. `held`: what the
    brake holds, with what the identity says."""

    request: Request
    followed: Wish
    is_new: bool
    held: Mapping[Kind, str | None] = field(default_factory=dict[Kind, str | None])


class WishRecords(Protocol):
    """What is wanted of mailboxes, and whose addresses are. Raises `DatabaseUnavailable`."""

    async def read(self, identity_id: UUID) -> Wishing | None:
        """None if the identity has no request."""
        ...

    async def write(self, known: Wishing, wish: Wish, *, action: str) -> Written | None:
        """Write it, without what the brake holds. None if somebody else has written since `known` was read, or if there
        is no mailbox. Raises `Unstorable`."""
        ...

    async def addresses(self, identity_id: UUID, asked: Collection[str]) -> Addresses: ...


@dataclass(frozen=True, slots=True)
class Followed:
    """What is wanted after a read. `written`: None if nothing of it was followed."""

    known: Wishing
    written: Written | None


class Wishes:
    def __init__(self, records: WishRecords, doubts: Doubts, policy: AddressPolicy) -> None:
        self._records = records
        self._doubts = doubts
        self._policy = policy

    async def known(self, identity_id: UUID) -> Wishing | None:
        return await self._records.read(identity_id)

    async def addresses(self, identity_id: UUID, asked: Collection[str]) -> Addresses:
        return await self._records.addresses(identity_id, asked)

    async def follow(self, known: Wishing, identity: Identity, *, action: str) -> Followed | None:
        """Write what `identity` wants, which was read after `known`, and store what waits for an operator. None if it
        was dropped. Raises `DatabaseUnavailable` and `Unstorable`."""
        found, written = judged(wish_of(identity, self._policy), known), None
        if wish := found.wish:
            written = await self._records.write(known, wish, action=action)
            if written is None:
                return None
            wish = written.followed
            known = replace(
                known,
                email=wish.email or known.email,
                name=wish.name or known.name,
                because=wish.because,
                goal=written.request.goal,
                is_given_up=known.is_given_up and not written.is_new,
            )
            found = replace(found, waits={**found.waits, **written.held})
        await self._store_doubts(known, identity, found)
        return Followed(known, written)

    async def gone(self, known: Wishing, *, action: str) -> Wishing | None:
        """Kratos does not have the identity, read after `known`: nobody may log in to its mailbox, if whole passes have
        shown that before. What is wanted then; None if it was dropped. Raises as `follow`."""
        if not known.is_absent or known.because:
            return known
        written = await self._records.write(known, Wish(because=Because.ABSENT), action=action)
        if written is None:
            return None
        if not written.held:
            ended = [(known.identity_id, Kind.ABSENT)]
            await self._doubts.store([], ended, read_at=known.read_at, began_at=None, by_hook=True)
        is_given_up = known.is_given_up and not written.is_new
        return replace(known, because=written.followed.because, goal=written.request.goal, is_given_up=is_given_up)

    async def _store_doubts(self, known: Wishing, identity: Identity, found: Judged) -> None:
        if Kind.OLDER in found.waits and Kind.OLDER not in known.doubts:
            log.error(
                "Identity is older than it was: it is not followed",
                identity_id=str(identity.id),
                version=found.waits[Kind.OLDER],
                fix="if Kratos was restored from a backup, postroom list --state differs shows who is concerned",
            )
        new = [Found(identity.id, kind, seen, identity.updated_at) for kind, seen in found.waits.items()]
        ended: list[tuple[UUID, Kind]] = []
        if found.wish:
            # That an address cannot be assigned is no wish: the sweep reports it.
            ended = [(identity.id, kind) for kind in known.doubts if kind not in (Kind.ADDRESS, *found.waits)]
        if new or ended:
            await self._doubts.store(new, ended, read_at=known.read_at, began_at=None, by_hook=True)

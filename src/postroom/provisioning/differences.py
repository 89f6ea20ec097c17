"""Stores in what identities differ from their mailboxes: by each page of the sweep, and by one identity after a hook.

A hook says no more than that an identity may have changed: it may be lost, late or doubled. So the identity is read by
its id, and not while the hook waits. Where mailboxes follow their identities, what that identity wants is written at
once; otherwise nothing is done about a difference: operators are shown them.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from postroom.domain.account_change import Because
from postroom.domain.brake import Census
from postroom.domain.difference import Kind, differences
from postroom.domain.identity import AddressPolicy, Identity
from postroom.domain.request import Request, State
from postroom.errors import DatabaseUnavailable, KratosUnavailable, Unstorable
from postroom.process.heartbeats import Beat, unheard
from postroom.process.pause import pause
from postroom.process.telemetry import log
from postroom.provisioning.ports import Compared, Doubts, Found, IdentityPage, IdentityReads, Scope, Unlike
from postroom.provisioning.wishes import Wishes

MOST_WAITING = 1000
"""Identities that wait to be read after a hook; the next pass finds the others."""

IDLE = 5.0
"""Seconds between two heartbeats of a process whose hooks change nobody."""

HIGHEST = UUID(int=2**128 - 1)
LOWEST = UUID(int=0)
NOBODY = Scope(HIGHEST, LOWEST, LOWEST, LOWEST)


def scope_of(page: IdentityPage, *, after: UUID | None) -> Scope:
    """The ids of a page that follows the identity `after`; None if that is not known."""
    ids = [each.id for each in (*page.identities, *page.unreadable) if each.id]
    first, last = min(ids, default=HIGHEST), max(ids, default=LOWEST)
    above = first if after is None else after
    up_to = HIGHEST if page.next_token is None else last
    # An identity without a readable id may be anybody in the range.
    has_nameless = any(each.id is None for each in page.unreadable)
    is_empty = has_nameless or up_to < above or (not ids and after is None)
    return replace(NOBODY, first=first, last=last) if is_empty else Scope(first, last, above, up_to)


class IdentityDifferences:
    """`wishes` writes what an identity wants, `announce` is called with the requests that are due for that; None where
    mailboxes do not follow their identities."""

    def __init__(
        self,
        identities: IdentityReads,
        doubts: Doubts,
        policy: AddressPolicy,
        wishes: Wishes | None = None,
        *,
        announce: Callable[[Request], None] = lambda _: None,
        beat: Beat = unheard,
    ) -> None:
        self._identities = identities
        self._doubts = doubts
        self._policy = policy
        self._wishes = wishes
        self._announce = announce
        self._beat = beat
        self._waiting: dict[UUID, None] = {}
        self._woken = asyncio.Event()

    async def of_page(
        self, page: IdentityPage, compared: Compared, census: Census | None, *, read_at: datetime
    ) -> Mapping[Kind, int]:
        """Store those of a page, and who is absent from it, unless there is no census of the pass. Returns how many of
        each kind were found beyond those that are stored."""
        found, ended = self._compare(page.identities, compared.unlike)
        if self._wishes:
            for each in _back(page.identities, compared.unlike):
                self.read_soon(each)
        absentees = await self._absentees(compared) if census else []
        found += [Found(each, Kind.ABSENT) for each in absentees]
        more: dict[Kind, int] = {}
        if found or ended:
            began_at = census and census.began_at
            more |= await self._doubts.store(found, ended, read_at=read_at, began_at=began_at, by_hook=False)
        if census and (beyond := compared.absent - len(compared.absentees)):
            more[Kind.ABSENT] = more.get(Kind.ABSENT, 0) + beyond
        return more

    async def _absentees(self, compared: Compared) -> list[UUID]:
        """Those that do not exist. Who is known to be absent was asked for before."""
        new = [each for each, is_known in compared.absentees.items() if not is_known]
        existing = await self._identities.existing(new) if new else set[UUID]()
        return [each for each in compared.absentees if each not in existing]

    def _compare(
        self, identities: Iterable[Identity], unlike: Mapping[UUID, Unlike]
    ) -> tuple[list[Found], list[tuple[UUID, Kind]]]:
        """What is new about them, and what has ended."""
        found, ended = list[Found](), list[tuple[UUID, Kind]]()
        for identity in identities:
            known = unlike.get(identity.id)
            if known is None:
                continue
            newest, now = known.record and known.record.newest, dict[Kind, str | None]()
            if known.record and known.may_have_mailbox:
                now = {**differences(identity, known.record, self._policy)}
            version = max((each for each in (identity.updated_at, newest) if each), default=None)
            found += [
                Found(identity.id, kind, seen, version)
                for kind, seen in now.items()
                if kind not in known.doubts or known.doubts[kind] != seen or version != newest
            ]
            ended += [(identity.id, kind) for kind in known.doubts if kind not in now]
        return found, ended

    def read_soon(self, identity_id: UUID) -> None:
        """Read the identity soon, and compare it."""
        if len(self._waiting) < MOST_WAITING:
            self._waiting[identity_id] = None
            self._woken.set()

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._beat()
            self._woken.clear()
            while self._waiting and not stop.is_set():
                identity_id = next(iter(self._waiting))
                del self._waiting[identity_id]
                await self._of_one(identity_id)
                self._beat()
            await pause(IDLE, stop, self._woken)

    async def _of_one(self, identity_id: UUID) -> None:
        try:
            if self._wishes:
                await self._follow(self._wishes, identity_id)
            else:
                await self._note(identity_id)
        except (KratosUnavailable, DatabaseUnavailable, Unstorable) as error:
            log.warning(
                "Identity not read after a hook: the sweep finds what has changed",
                identity_id=str(identity_id),
                error=str(error),
            )

    async def _note(self, identity_id: UUID) -> None:
        read_at = await self._doubts.now()
        identity = await self._identities.read(identity_id)
        if identity is None:
            return  # who is absent, only passes tell
        compared = await self._doubts.compare([], NOBODY, others=[identity_id], read_at=read_at)
        found, ended = self._compare([identity], compared.unlike)
        if found or ended:
            await self._doubts.store(found, ended, read_at=read_at, began_at=None, by_hook=True)

    async def _follow(self, wishes: Wishes, identity_id: UUID) -> None:
        known = await wishes.known(identity_id)
        identity = await self._identities.read(identity_id) if known and known.has_mailbox else None
        if known is None or identity is None:
            return
        followed = await wishes.follow(known, identity, action="accept")
        if followed is None:
            self.read_soon(identity_id)  # somebody else has written at the same moment
        elif followed.written and followed.written.is_new and followed.written.request.state is State.WAITING:
            self._announce(followed.written.request)


def _back(identities: Iterable[Identity], unlike: Mapping[UUID, Unlike]) -> list[UUID]:
    """Those who may log in again, by what Kratos lists."""
    return [
        each.id
        for each in identities
        if (known := unlike.get(each.id))
        and known.record
        and known.record.because
        and (each.active or known.record.because is Because.ABSENT)
    ]

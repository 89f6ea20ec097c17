"""The sweep: reads all identities of Kratos and stores a request for each that has none.

Kratos has no outbox: a hook is lost when Kratos dies or when Postroom is down for longer than Kratos tries, and an
identity created by the admin API triggers none. The hook is the fast path; the sweep is the guarantee.

Every process may sweep, one at a time, a page at a time. The progress is in PostgreSQL, so that any process can
continue after another was killed. An address that has changed before the first attempt is followed as after a hook. The
sweep changes nothing else: it never revives a dead letter. In what identities differ from their mailboxes is stored
beside (`provisioning/differences.py`).
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from postroom.domain.brake import Census
from postroom.domain.difference import Kind
from postroom.domain.identity import AddressPolicy, Refusal, UnreadableIdentity, as_sent, mailbox_for
from postroom.domain.mailbox import Mailbox
from postroom.domain.request import Origin, Request, State
from postroom.errors import KratosUnavailable, PageTokenRefused, Refused, Unstorable
from postroom.ports import Leadership, Requests, RetryIndex
from postroom.process.heartbeats import Beat, unheard
from postroom.process.leader_loop import run_as_leader
from postroom.process.telemetry import SWEEP_FAILURES, SWEEP_PAGES, SWEPT, log
from postroom.provisioning.differences import LOWEST, NOBODY, IdentityDifferences, scope_of
from postroom.provisioning.ports import (
    Brakes,
    Compared,
    Doubts,
    IdentityList,
    IdentityPage,
    Refusals,
    SweepProgress,
    Swept,
    SweptPage,
)

PAGE_PAUSE = 0.5
"""Seconds between pages: a million identities take 17 minutes, and the load on Kratos is small."""

FAILURE_PAUSE = 30.0
"""Seconds before the next request to a Kratos that did not return a page."""

LONGEST_PAUSE = 900.0
"""The longest Retry-After of Kratos that is honoured, in seconds."""

MOST_LOGGED = 20
"""Unreadable identities of a page whose ids are logged."""

JITTER = 0.1
LONGEST_SLEEP = 5.0


@dataclass(slots=True)
class _Sorted:
    mailboxes: list[Mailbox] = field(default_factory=list[Mailbox])
    refusals: list[Refusal] = field(default_factory=list[Refusal])
    others: list[UUID] = field(default_factory=list[UUID])
    """the inactive identities, and the refused ones"""
    inactive: int = 0


class Sweep:
    """A new pass begins `every` seconds; `differences`: None if nobody asks for them; `brake`: None where mailboxes do
    not follow; `uniform` draws the jitter, `wake` wakes the worker of this process, `beat` is called in each
    iteration."""

    def __init__(
        self,
        identities: IdentityList,
        swept: Swept,
        doubts: Doubts,
        differences: IdentityDifferences | None,
        refusals: Refusals,
        requests: Requests,
        retry_index: RetryIndex,
        leadership: Leadership,
        policy: AddressPolicy,
        *,
        brake: Brakes | None = None,
        every: float,
        uniform: Callable[[float, float], float],
        wake: Callable[[], None],
        beat: Beat = unheard,
    ) -> None:
        self._identities = identities
        self._swept = swept
        self._doubts = doubts
        self._differences = differences
        self._refusals = refusals
        self._requests = requests
        self._retry_index = retry_index
        self._leadership = leadership
        self._policy = policy
        self._brake = brake
        self._every = every
        self._uniform = uniform
        self._wake = wake
        self._beat = beat
        self._began = False
        self._seen: tuple[str | None, UUID] | None = None
        """The page token that this process was given last, and the largest id before it"""
        self._after_empty: str | None = None
        """The page token that an empty page named"""

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop`. The first pass begins at once: hooks may have been lost while Postroom was down."""

        async def step() -> float:
            if not self._began:
                await self._swept.start_soon()
                self._began = True
            return await self.step()

        await run_as_leader("sweep", self._leadership, step, stop, every=LONGEST_SLEEP, beat=self._beat)

    async def step(self) -> float:
        """Sweep a page if one is due. Returns the seconds until the next step."""
        progress = await self._swept.progress()
        if progress.due_in > 0:
            return progress.due_in
        try:
            return await self._page(progress)
        except PageTokenRefused as error:
            SWEEP_FAILURES.inc()
            log.warning("Sweep begins a new pass", error=str(error))
            # Not at once: a Kratos that refuses every second page must not be asked for the first one in a tight loop.
            await self._swept.restart(FAILURE_PAUSE)
            return FAILURE_PAUSE
        except KratosUnavailable as error:
            SWEEP_FAILURES.inc()
            log.warning("Sweep waits for Kratos", error=str(error))
            seconds = min(max(FAILURE_PAUSE, error.retry_after or 0), LONGEST_PAUSE)
            await self._swept.put_off(seconds)
            return seconds

    async def _page(self, progress: SweepProgress) -> float:
        token = progress.token
        page = await self._identities.page(token)
        after = self._require_progress(page, token)
        found = self._sort_out(page)
        is_last = page.next_token is None
        due_in = self._every * self._uniform(1 - JITTER, 1 + JITTER) if is_last else PAGE_PAUSE
        # Before the progress: if the process is killed in between, they are repeated, and each is recorded once.
        await self._refusals.record(found.refusals, Origin())
        unreadable = [each.id for each in page.unreadable if each.id]
        compared = await self._doubts.compare(
            found.mailboxes,
            scope_of(page, after=after) if self._differences else NOBODY,
            others=found.others if self._differences else (),
            unreadable=unreadable,
            read_at=progress.read_at,
        )
        swept = await self._store(found, compared)
        await self._advance(page, progress, compared, due_in)
        for mailbox in swept.held:
            await self._requests.refuse_held(mailbox, origin=Origin(), action="sweep")
        waiting, unstorable = list[Request](), [*swept.refused]
        for mailbox in swept.changed:
            try:
                followed = await self._requests.follow_address(mailbox, origin=Origin(), action="sweep")
            except Unstorable as error:
                unstorable.append((mailbox, str(error)))
            else:
                waiting += [followed] if followed and followed.state is State.WAITING else []
        await self._refusals.record(_unstorable(unstorable), Origin())
        await self._retry_index.add([*swept.stored, *waiting])
        if swept.stored:
            log.info(f"Sweep found {len(swept.stored)} identities without a mailbox")
            self._wake()
        _count(page, found, swept)
        return due_in

    async def _store(self, found: _Sorted, compared: Compared) -> SweptPage:
        unlike = compared.unlike
        new = [each for each in found.mailboxes if (known := unlike.get(each.identity_id)) and not known.record]
        changed = [
            each
            for each in found.mailboxes
            if (known := unlike.get(each.identity_id))
            and known.record
            and known.may_follow
            and known.record.email != each.email
        ]
        return await self._swept.store([*new, *changed]) if new or changed else SweptPage()

    async def _advance(self, page: IdentityPage, progress: SweepProgress, compared: Compared, due_in: float) -> None:
        """Store the differences, then the progress: if the process is killed in between, the page is repeated."""
        counted, absent_since, census = None, None, None
        if self._differences:
            census = _census_of(progress)
            more = await self._differences.of_page(page, compared, census, read_at=progress.read_at)
            if census:
                census = _with_page(census, page, compared.mailboxes, more)
        if census and page.next_token is None:
            began_at = census.began_at
            counted, census = census.ended()
            absent_since = None if counted.implausible else began_at
        await self._swept.advance(
            progress.token,
            page.next_token,
            due_in=due_in,
            census=census,
            counted=counted,
            absent_since=absent_since,
        )
        if self._brake and counted:
            # After the progress: a process that is killed in between leaves it to the next pass.
            due = await self._brake.judge(counted)
            await self._retry_index.add(due)
            self._wake()

    def _require_progress(self, page: IdentityPage, token: str | None) -> UUID | None:
        """The identity that the page follows, None if that is not known.

        Raise `PageTokenRefused` if all identities of a page came before, or a second page in a row is empty: the pass
        would never end. Behind a proxy that drops the token, for example, each page is the first one, with another
        encrypted token."""
        is_empty = not page.identities and not page.unreadable and page.next_token is not None
        if is_empty and token is not None and token == self._after_empty:
            raise PageTokenRefused("Kratos lists one empty page after another")
        self._after_empty = page.next_token if is_empty else None
        before = self._seen[1] if self._seen and self._seen[0] == token else None
        ids = [each.id for each in (*page.identities, *page.unreadable) if each.id]
        last = max(ids, default=before)  # Kratos lists them by id
        if token and ids and before and max(ids) <= before:
            raise PageTokenRefused(
                "Kratos repeats identities instead of the next ones; does a proxy drop the page token?"
            )
        self._seen = (page.next_token, last) if last else None
        return LOWEST if token is None else _identity_in(token) or before

    def _sort_out(self, page: IdentityPage) -> _Sorted:
        found = _Sorted(refusals=_set_aside(page.unreadable))
        # By id: an identity that is listed twice would be counted and announced twice.
        for identity in {identity.id: identity for identity in page.identities}.values():
            if not identity.active:
                found.inactive += 1
                found.others.append(identity.id)
                continue
            try:
                found.mailboxes.append(mailbox_for(identity.id, identity.traits, self._policy))
            except Refused as error:
                found.others.append(identity.id)
                email = as_sent(identity.traits.get("email"))
                found.refusals.append(Refusal(identity.id, email, error.code, str(error)))
        return found


def _identity_in(token: str) -> UUID | None:
    """Kratos' page tokens are the last id before the page, unless it encrypts them."""
    try:
        return UUID(token)
    except ValueError:
        return None


def _census_of(progress: SweepProgress) -> Census | None:
    """Of the pass under way. None if other code has swept a page of it, and did not count."""
    before = progress.census
    if progress.token is None:
        return Census(progress.read_at, known=before.known if before else frozenset())
    return before if before and before.token == progress.token else None


def _with_page(census: Census, page: IdentityPage, mailboxes: int, more: Mapping[Kind, int]) -> Census:
    listed = {each.id: each.created_at for each in page.identities}
    return census.with_page(
        [(at, identity_id) for identity_id, at in listed.items()],
        page.next_token,
        unreadable=len(page.unreadable),
        mailboxes=mailboxes,
        more=more,
    )


def _unstorable(refused: Sequence[tuple[Mailbox, str]]) -> list[Refusal]:
    return _set_aside(
        [UnreadableIdentity(each.identity_id, f"PostgreSQL refuses to store it ({why})") for each, why in refused]
    )


def _set_aside(unreadable: Sequence[UnreadableIdentity]) -> list[Refusal]:
    """Log the identities that cannot be read or stored, each once a pass; returns the refusals of those whose id is
    known."""
    if unreadable:
        logged = [f"{each.id or 'without an id'}: {each.why}" for each in unreadable[:MOST_LOGGED]]
        log.error("Sweep sets aside identities that cannot be read", count=len(unreadable), identities=logged)
    return [
        Refusal(each.id, None, "unreadable_identity", f"the identity cannot be read: {each.why}; contact the operator")
        for each in unreadable
        if each.id
    ]


def _count(page: IdentityPage, found: _Sorted, swept: SweptPage) -> None:
    SWEEP_PAGES.inc()
    numbers = {
        "unreadable": len(page.unreadable) + len(swept.refused),
        "inactive": found.inactive,
        "refused": len(found.refusals) - sum(each.id is not None for each in page.unreadable),
        "missing": len(swept.stored),
        "held": len(swept.held),
        "changed": len(swept.changed),
    }
    others = len(swept.stored) + len(swept.held) + len(swept.changed) + len(swept.refused)
    numbers["known"] = len(found.mailboxes) - others
    for name, number in numbers.items():
        SWEPT.labels(found=name).inc(number)

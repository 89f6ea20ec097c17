"""Compares mailboxes of which nothing is due, as a lookup showed them, with what is on record.

Stalwart notifies nobody of a change by hand or of a restore, and an update may arrive after its attempt has ended. What
was read is recorded. If mailboxes follow their identities, a difference makes the mailbox due; otherwise only what an
operator's suspension wants does, and all else is reported.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol
from uuid import UUID

from postroom.domain.account_change import Addresses, Holder, Observed, Wanted, alarms
from postroom.domain.at_rest import AtRest, is_due, unrecorded
from postroom.domain.missing import Doubt, Recorded, doubt_after
from postroom.domain.request import Request
from postroom.process.telemetry import log
from postroom.provisioning.ports import Seen

MOST_LOGGED = 5
"""Mailboxes that a log line names."""


@dataclass(frozen=True, slots=True)
class Otherwise:
    """A mailbox that is not as it is on record, or not as it is wanted. `observed`: None if nothing was found under its
    id. `what`: in words, empty if it is on record."""

    record: AtRest
    observed: Observed | None
    is_due: bool
    what: str


class RestRecords(Protocol):
    """Raises `DatabaseUnavailable`."""

    async def read(self, identity_ids: Sequence[UUID]) -> Sequence[AtRest]:
        """The mailboxes of these identities of which nothing is due."""
        ...

    async def holders(self, addresses: Collection[str]) -> Mapping[str, Holder]:
        """Who has these addresses, by the records."""
        ...

    async def correct(self, found: Sequence[Otherwise]) -> Sequence[Request]:
        """Record what was observed, unless a row has moved since it was read. Returns the requests that are due now."""
        ...


class MailboxesAtRest:
    """`follows`: whether mailboxes follow their identities; `announce` is called with each request that is due."""

    def __init__(self, records: RestRecords, *, follows: bool, announce: Callable[[Request], None]) -> None:
        self._records = records
        self._follows = follows
        self._announce = announce

    async def read(self, page: Sequence[Recorded]) -> Sequence[AtRest]:
        """To be called before the lookup: what moves meanwhile is left alone."""
        return await self._records.read([each.identity_id for each in page])

    async def compare(self, records: Sequence[AtRest], page: Sequence[Recorded], seen: Mapping[UUID, Seen]) -> None:
        recorded = {each.identity_id: each for each in page}
        unknown = {
            address
            for each in records
            if (observed := seen[each.identity_id].observed)
            for address in each.unknown(observed)
        }
        holders = await self._records.holders(unknown) if unknown else dict[str, Holder]()
        found = [
            otherwise
            for each in records
            if (otherwise := self._otherwise(each, recorded[each.identity_id], seen[each.identity_id], holders))
        ]
        if found:
            _report([each for each in found if each.what])
            for due in await self._records.correct(found):
                self._announce(due)

    def _otherwise(
        self, record: AtRest, recorded: Recorded, seen: Seen, holders: Mapping[str, Holder]
    ) -> Otherwise | None:
        observed = seen.observed
        if observed is None:
            # The account may be there under another id: an attempt looks for its mark.
            is_gone = recorded.doubt is not Doubt.MISSING and doubt_after(recorded, seen.sighting) is Doubt.MISSING
            return Otherwise(record, None, is_due=True, what="") if is_gone and self._follows else None
        known = {each: holders[each] for each in record.unknown(observed) if each in holders}
        own = {each: holder.role for each, holder in known.items() if holder.identity_id == record.identity_id}
        others = {each: holder for each, holder in known.items() if each not in own}
        record = replace(record, own={**record.own, **own})
        addresses = Addresses(record.own, others)
        what = "; ".join(unrecorded(record, observed, addresses))
        due = is_due(record, observed, addresses, differs=bool(what), follows=self._follows)
        if what and not due:  # an attempt would say it
            for why in alarms(Wanted(because=record.wanted), observed, addresses):
                log.error("Mailbox is not as it should be", identity_id=str(record.identity_id), why=why)
        return Otherwise(record, observed, due, what) if what or due else None


def _report(found: Sequence[Otherwise]) -> None:
    if found:
        log.warning(
            f"{len(found)} mailboxes at the mail server are not as they are on record",
            mailboxes={str(each.record.identity_id): each.what for each in found[:MOST_LOGGED]},
        )

"""Looks up mailboxes on record at the mail server: are they there, with the identity's mark?"""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from postroom.domain.missing import Recorded, Sighting, doubt_after
from postroom.errors import Misconfigured, Transient
from postroom.ports import Breakers
from postroom.process.telemetry import log
from postroom.provisioning.ports import Accounts, DoubtChange, LookupRecords, Seen

MOST = 500
"""Mailboxes of one lookup, which is one request to the mail server."""

MOST_LOGGED = 5
"""Mailboxes that a log line names."""

REFUSED_PAUSE = 1800.0
"""Seconds without lookups after the mail server did not know our key; they double with each further refusal. Stalwart
bans an address after 100 failed logins a day, and every process looks up mailboxes."""

LONGEST_REFUSED_PAUSE = 86_400.0


class MailboxLookup:
    """A failure of the mail server proves nothing and opens no breaker; while it is open, nothing is looked up.
    `monotonic` is a monotonic clock."""

    def __init__(
        self,
        accounts: Accounts,
        records: LookupRecords,
        breakers: Breakers,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._accounts = accounts
        self._records = records
        self._breakers = breakers
        self._monotonic = monotonic
        self._closed_since: datetime | None = None
        self._pause, self._not_before = 0.0, 0.0

    async def look_up(self, recorded: Sequence[Recorded], *, deadline: float) -> Mapping[UUID, Seen]:
        """Look up at most `MOST` mailboxes; the results by identity. Raises `MailServerError`s and
        `DatabaseUnavailable`."""
        breaker = await self._breakers.read()
        if breaker.open:
            raise Transient("the mail server is not asked now: the breaker is open")
        if self._closed_since != breaker.changed_at:  # a probe has succeeded since, or an operator has resumed
            self._closed_since, self._pause, self._not_before = breaker.changed_at, 0.0, 0.0
        if self._monotonic() < self._not_before:
            raise Transient("the mail server is not asked now: it did not know our key")
        try:
            found = await self._accounts.look_up(
                {each.identity_id: each.account_id for each in recorded}, deadline=deadline
            )
        except Misconfigured as error:
            if error.unauthorized:
                self._refused(error)
            raise
        self._pause = 0.0
        seen = [(each, found[each.identity_id].sighting) for each in recorded]
        after = [(each, sighting, doubt_after(each, sighting)) for each, sighting in seen]
        changes = [DoubtChange(each, doubt, _why(each, at)) for each, at, doubt in after if doubt is not each.doubt]
        if changes:
            await self._record(changes)
        return found

    def _refused(self, error: Misconfigured) -> None:
        self._pause = min(max(REFUSED_PAUSE, self._pause * 2), LONGEST_REFUSED_PAUSE)
        self._not_before = self._monotonic() + self._pause
        log.error(
            "Mail server refuses the lookup of mailboxes: an operator must act",
            error=str(error),
            fix=error.fix,
            next_in=self._pause,
        )

    async def _record(self, changes: Sequence[DoubtChange]) -> None:
        missing, found = await self._records.record(changes)
        if missing:
            log.error(
                f"{len(missing)} mailboxes are missing at the mail server: postroom status",
                identity_ids=[str(each) for each in sorted(missing)[:MOST_LOGGED]],
            )
        if found:
            log.info(f"{len(found)} mailboxes are at the mail server again")


def _why(recorded: Recorded, sighting: Sighting) -> str:
    match sighting:
        case Sighting.PRESENT:
            return "the mail server has it again, with the mark of the identity"
        case Sighting.MISSING:
            return f"the mail server has no account {recorded.account_id}"
        case Sighting.UNMARKED:
            return f"account {recorded.account_id} at the mail server does not carry the mark of the identity"

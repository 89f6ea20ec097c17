"""Looks up mailboxes on record at the mail server: are they there, with the identity's mark?"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from postroom.domain.breaker import cause_of
from postroom.domain.missing import Recorded, Sighting, doubt_after
from postroom.errors import Misconfigured, Transient
from postroom.ports import Breakers
from postroom.provisioning.ports import Accounts, DoubtChange, LookupRecords
from postroom.telemetry import log

MOST = 500
"""Mailboxes of one lookup, which is one request to the mail server."""

MOST_LOGGED = 5
"""Mailboxes that a log line names."""


class MailboxLookup:
    """A failure of the mail server proves nothing; while the breaker is open, nothing is looked up."""

    def __init__(self, accounts: Accounts, records: LookupRecords, breakers: Breakers) -> None:
        self._accounts = accounts
        self._records = records
        self._breakers = breakers

    async def look_up(self, recorded: Sequence[Recorded], *, deadline: float) -> Mapping[UUID, Sighting]:
        """Look up at most `MOST` mailboxes; the results by identity. Raises `MailServerError`s and
        `DatabaseUnavailable`."""
        if (await self._breakers.read()).open:
            raise Transient("the mail server is not asked now: the breaker is open")
        try:
            found = await self._accounts.look_up(
                {each.identity_id: each.account_id for each in recorded}, deadline=deadline
            )
        except Misconfigured as error:
            # It concerns every request of ours: if each process went on with a refused key, we would be banned.
            await self._breakers.open(cause_of(error), str(error))
            raise
        after = [(each, found[each.identity_id], doubt_after(each, found[each.identity_id])) for each in recorded]
        changes = [DoubtChange(each, doubt, _why(each, seen)) for each, seen, doubt in after if doubt is not each.doubt]
        if changes:
            await self._record(changes)
        return found

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

"""The ports of mailbox lookups in memory: the accounts of a mail server, and the records of lookups."""

import asyncio
from collections.abc import Mapping, Sequence
from uuid import UUID

from fakes import uncalled
from postroom.domain.missing import Doubt, Sighting
from postroom.errors import MailServerError
from postroom.provisioning.ports import DoubtChange, Seen


class AtServer:
    """Accounts by id; `ill` is raised instead."""

    def __init__(self) -> None:
        self.sightings: dict[str, Sighting] = {}
        self.ill: MailServerError | None = None
        self.asked: list[set[str]] = []
        self.gate = asyncio.Event()
        """while cleared, each lookup waits for it"""
        self.gate.set()

    async def look_up(self, accounts: Mapping[UUID, str], *, deadline: float) -> Mapping[UUID, Seen]:
        self.asked.append(set(accounts.values()))
        await self.gate.wait()
        if self.ill:
            raise self.ill
        return {each: Seen(self.sightings.get(account_id, Sighting.PRESENT)) for each, account_id in accounts.items()}

    count = page = uncalled


class FakeLookupRecords:
    def __init__(self) -> None:
        self.changes: list[DoubtChange] = []

    async def record(self, changes: Sequence[DoubtChange]) -> tuple[set[UUID], set[UUID]]:
        self.changes += changes
        missing = {each.recorded.identity_id for each in changes if each.doubt is Doubt.MISSING}
        return missing, {each.recorded.identity_id for each in changes if each.doubt is None}

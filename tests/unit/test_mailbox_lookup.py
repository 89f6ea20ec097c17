"""A lookup of mailboxes: its requests, what it records, and what happens if the mail server is unhealthy."""

from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from fakes import FakeBreakers
from lookup_fakes import AtServer, FakeLookupRecords
from postroom.domain.breaker import Cause
from postroom.domain.missing import Doubt, Recorded, Sighting
from postroom.errors import MailServerError, Misconfigured, Throttled, Transient
from postroom.provisioning.mailbox_lookup import MOST_LOGGED, MailboxLookup


class World:
    def __init__(self) -> None:
        self.at_server, self.records, self.breakers = AtServer(), FakeLookupRecords(), FakeBreakers()
        self.lookup = MailboxLookup(self.at_server, self.records, self.breakers)


@pytest.fixture
def world() -> World:
    return World()


async def test_lookup_records_only_changes(world: World) -> None:
    there, gone, found = Recorded(uuid4(), "a"), Recorded(uuid4(), "b"), Recorded(uuid4(), "c", Doubt.MISSING, 99)
    still = Recorded(uuid4(), "d", Doubt.MISSING, 99)
    world.at_server.sightings = {"b": Sighting.MISSING, "d": Sighting.UNMARKED}
    with capture_logs() as logs:
        seen = await world.lookup.look_up([there, gone, found, still], deadline=1)
    assert [seen[each.identity_id] for each in (there, gone, found, still)] == [
        Sighting.PRESENT,
        Sighting.MISSING,
        Sighting.PRESENT,
        Sighting.UNMARKED,
    ]
    assert [(each.recorded, each.doubt) for each in world.records.changes] == [(gone, Doubt.SUSPECTED), (found, None)]
    assert world.at_server.asked == [{"a", "b", "c", "d"}], "one request for all"
    assert [line["event"] for line in logs] == ["1 mailboxes are at the mail server again"]


async def test_missing_mailboxes_are_logged_for_the_operator(world: World) -> None:
    gone = [Recorded(UUID(int=each), f"gone{each}", Doubt.SUSPECTED, 99) for each in range(MOST_LOGGED + 1)]
    world.at_server.sightings = {each.account_id: Sighting.MISSING for each in gone}
    with capture_logs() as logs:
        await world.lookup.look_up(gone, deadline=1)
    reported = [(line["log_level"], line["event"], line["identity_ids"]) for line in logs]
    named = [str(each.identity_id) for each in gone[:MOST_LOGGED]]
    assert reported == [
        ("error", f"{MOST_LOGGED + 1} mailboxes are missing at the mail server: postroom status", named)
    ]


@pytest.mark.parametrize("ill", [Transient("away"), Throttled("429"), Misconfigured("401", unauthorized=True)])
async def test_unavailable_mail_server_marks_no_mailbox_as_missing(world: World, ill: MailServerError) -> None:
    world.at_server.ill = ill
    with pytest.raises(type(ill)):
        await world.lookup.look_up([Recorded(uuid4(), "a", Doubt.SUSPECTED, 99)], deadline=1)
    assert world.records.changes == []


async def test_mailbox_lookup_asks_nothing_while_the_breaker_is_open(world: World) -> None:
    await world.breakers.open(Cause.PAUSED, "paused by olga")
    with pytest.raises(Transient):
        await world.lookup.look_up([Recorded(uuid4(), "a")], deadline=1)
    assert world.at_server.asked == []


async def test_key_rejected_in_a_mailbox_lookup_opens_the_breaker(world: World) -> None:
    world.at_server.ill = Misconfigured("mail server does not know our key (401)", unauthorized=True)
    with pytest.raises(Misconfigured):
        await world.lookup.look_up([Recorded(uuid4(), "a")], deadline=1)
    assert [cause for cause, _ in world.breakers.openings] == [Cause.UNAUTHORIZED]

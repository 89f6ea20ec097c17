"""Times that a clock wrote that was ahead: no rule puts them there, and nobody must wait for them."""

from collections.abc import Awaitable, Callable

import pytest
from structlog.testing import capture_logs

from fakes import AlwaysLeader
from postroom.domain.breaker import Cause
from postroom.postgres.breaker import PostgresBreakers
from postroom.postgres.connection import Pool
from postroom.postgres.far_times import PostgresTimes
from postroom.postgres.requests import PostgresRequests
from postroom.process.telemetry import REGISTRY
from postroom.retry.far_times import FarTimes, within
from records import FAILED_WHILE_HEALTHY, NOWHERE, Records, mailbox, records_of, running
from servers import Database

LEASE = 30.0
SetTimes = Callable[..., Awaitable[None]]
KINDS = within(sweep_every=300, lease=LEASE)


@pytest.fixture
def far_times(pool: Pool) -> FarTimes:
    return FarTimes(PostgresTimes(pool), AlwaysLeader(), sweep_every=300, lease=LEASE)


@pytest.fixture
async def at(requests: PostgresRequests, breakers: PostgresBreakers, records: Records) -> SetTimes:
    """Sets each time to so many seconds more or less than its rule allows."""
    await running(requests, mailbox("runs"))
    await requests.accept(mailbox("waits"), holder=None, lease=10, origin=NOWHERE, action="accept")
    await breakers.open(Cause.OUTAGE, str(FAILED_WHILE_HEALTHY))
    await breakers.creates_fail("500")

    async def set_times(seconds: float, *kinds: str) -> None:
        """Of `kinds`, or of all; the others are as near as they may be."""
        away = {what: allowed + (seconds if what in (kinds or KINDS) else -5.0) for what, allowed in KINDS.items()}
        await records.rows("UPDATE email_requests SET due_at = now() + make_interval(secs => %s)", away["request"])
        await records.rows(
            "UPDATE mail_server_breaker SET interval_s = 1800, probe_at = now() + make_interval(secs => %s), "
            "slow_until = now() + make_interval(secs => %s), creates_probe_at = now() + make_interval(secs => %s)",
            *[away[what] for what in ("probe", "slow", "create_probe")],
        )
        await records.rows("UPDATE identity_sweep SET due_at = now() + make_interval(secs => %s)", away["sweep"])
        await records.rows(
            "UPDATE mailbox_inspection SET due_at = now() + make_interval(secs => %s)", away["inspection"]
        )

    return set_times


EVERY_TIME = """
SELECT email AS what, extract(epoch FROM due_at - now())::float8 AS seconds FROM email_requests
UNION ALL SELECT 'probe', extract(epoch FROM nullif(probe_at, 'infinity') - now())::float8 FROM mail_server_breaker
UNION ALL SELECT 'slow', extract(epoch FROM slow_until - now())::float8 FROM mail_server_breaker
UNION ALL SELECT 'create_probe', extract(epoch FROM creates_probe_at - now())::float8 FROM mail_server_breaker
UNION ALL SELECT 'sweep', extract(epoch FROM due_at - now())::float8 FROM identity_sweep
UNION ALL SELECT 'inspection', extract(epoch FROM due_at - now())::float8 FROM mailbox_inspection
"""


def counted(what: str) -> float:
    return REGISTRY.get_sample_value("postroom_far_times_total", {"what": what}) or 0


async def test_times_out_of_reach_are_brought_back_counted_and_named(
    far_times: FarTimes, at: SetTimes, records: Records
) -> None:
    await at(86_400.0)
    before = {what: counted(what) for what in KINDS}
    with capture_logs() as lines:
        await far_times.step()
    assert {what: counted(what) - before[what] for what in KINDS} == dict.fromkeys(KINDS, 1) | {"request": 2}
    assert {line["what"]: len(line["identities"]) for line in lines} == dict.fromkeys(KINDS, 0) | {"request": 2}
    found = {each["what"]: each["seconds"] for each in await records.rows(EVERY_TIME)}
    assert 0 < found.pop("runs@example.org") <= LEASE, "its attempt may be under way"
    assert found.pop("slow") is None
    assert max(found.values()) <= 0


async def test_times_of_a_clock_that_was_half_an_hour_ahead_are_brought_back(
    far_times: FarTimes, at: SetTimes, records: Records
) -> None:
    """An hour may be right for another request, and half an hour for another probe."""
    await at(-5.0)
    await records.rows(
        "UPDATE email_requests SET enqueued_at = now() + interval '30 min', due_at = now() + interval '31 min'"
    )
    await records.rows("UPDATE mail_server_breaker SET interval_s = 15, probe_at = now() + interval '30 min'")
    await far_times.step()
    found = {each["what"]: each["seconds"] for each in await records.rows(EVERY_TIME)}
    assert 0 < found["runs@example.org"] <= LEASE
    assert max(found["waits@example.org"], found["probe"]) <= 0
    assert await records.value("SELECT max(enqueued_at) <= now() FROM email_requests"), "or it would be released late"


@pytest.mark.parametrize("kind", KINDS)
async def test_only_the_time_that_is_out_of_reach_is_changed(
    far_times: FarTimes, at: SetTimes, records: Records, kind: str
) -> None:
    await at(86_400.0, kind)
    before = {each["what"]: each["seconds"] for each in await records.rows(EVERY_TIME)}
    await far_times.step()
    found = {each["what"]: each["seconds"] for each in await records.rows(EVERY_TIME)}
    changed = {what for what in found if found[what] is None or found[what] < before[what] - 60}
    assert changed == ({"runs@example.org", "waits@example.org"} if kind == "request" else {kind})


async def test_locked_request_keeps_back_no_other(
    far_times: FarTimes, at: SetTimes, records: Records, database: Database
) -> None:
    await at(86_400.0)
    async with records_of(database.owner_url) as other, other.connection.transaction():
        await other.rows("SELECT FROM email_requests WHERE email = 'runs@example.org' FOR UPDATE")
        await far_times.step()
    found = {each["what"]: each["seconds"] for each in await records.rows(EVERY_TIME)}
    assert (found["waits@example.org"] <= 0, found["runs@example.org"] > LEASE) == (True, True)


async def test_times_within_reach_and_a_pause_by_an_operator_are_left(
    far_times: FarTimes, at: SetTimes, breakers: PostgresBreakers, records: Records
) -> None:
    await at(-5.0)
    await breakers.pause("paused", actor="olga", reason="move")
    before = {each["what"]: each["seconds"] or 0.0 for each in await records.rows(EVERY_TIME)}
    with capture_logs() as lines:
        await far_times.step()
    assert lines == []
    found = {each["what"]: each["seconds"] or 0.0 for each in await records.rows(EVERY_TIME)}
    assert found == pytest.approx(before, abs=3)

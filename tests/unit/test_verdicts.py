"""Whose fault a failed attempt is, in virtual time: what is asked of the mail server, and what that opens or costs."""

import asyncio
from datetime import timedelta
from math import inf

import pytest
from structlog.testing import capture_logs

from attempt_world import AWAY, CHECKED, LEASE, World
from fakes import START, FakeBreakers, FakeMailServer
from postroom.domain.breaker import Cause, CreatesFail
from postroom.domain.request import State, Status, Verdict
from postroom.errors import Conflict, MailServerError, Misconfigured, Permanent, Throttled, Transient
from postroom.process.telemetry import REGISTRY
from postroom.provisioning.attempt import (
    LOOKUP_SECONDS,
    STORED_BEFORE_LEASE_ENDS,
)
from postroom.provisioning.verdicts import Verdicts
from scripted_stalwart import ScriptedStalwart, problem
from simulation.virtual_time import VirtualClock, in_virtual_time


@pytest.mark.parametrize(
    ("ill", "retries", "openings"),
    [
        (None, 2, []),
        (Transient("answered 503"), 1, [(Cause.OUTAGE, "cannot be reached; health check: answered 503")]),
        (Throttled("429"), 1, []),
    ],
    ids=["healthy", "unhealthy", "too busy to respond"],
)
@in_virtual_time
async def test_only_a_failure_on_a_healthy_server_uses_a_retry_and_only_an_outage_opens_the_breaker(
    ill: MailServerError | None, retries: int, openings: list[tuple[Cause, str]]
) -> None:
    world = World(creates=[AWAY], retries=1)
    world.mail_server.ill = ill
    settled = await world.run()
    assert (settled.request.retries, world.breakers.openings) == (retries, openings)
    assert settled.request.waits_for == ("outage" if openings else None)


FORBIDDEN = Misconfigured("mail server forbids it", domain="example.org")


@pytest.mark.parametrize(
    ("error", "asked"),
    [
        (AWAY, CHECKED),
        (Permanent("invalidProperties"), ["create_probe", "create", "create_probe"]),
        (FORBIDDEN, ["create_probe"]),
        (Throttled("429"), []),
        (Conflict("held"), ["create_probe", "create", "create_probe"]),
        (Misconfigured("403"), []),
    ],
    ids=str,
)
@in_virtual_time
async def test_mail_server_is_asked_about_itself_only_before_a_failure_costs_anything(
    error: Exception, asked: list[str]
) -> None:
    world = World(creates=[error] * 2)
    await world.run()
    assert world.mail_server.asked == ["create", *asked]


@pytest.mark.parametrize("error", [AWAY, Permanent("invalidProperties"), Conflict("held"), FORBIDDEN], ids=str)
@in_virtual_time
async def test_failure_of_every_create_costs_no_request_anything_and_alarms_once(error: MailServerError) -> None:
    world = World(creates=[error] * 9, retries=3)
    world.mail_server.makes_none = Permanent("invalidProperties: quotas", fix="update Postroom")
    with capture_logs() as logs:
        for _ in range(9):
            settled = await world.run()
            assert (settled.request.state, settled.request.retries) == (State.WAITING, 3)
            assert (settled.request.waits_for, settled.request.last_error) == ("creates", str(error))
    alarms = [(each["error"], each["fix"]) for each in logs if each["log_level"] == "error"]
    assert alarms == [("invalidProperties: quotas", "update Postroom")]
    assert world.mail_server.asked.count("create_probe") == 1, "the others rely on it for a minute"
    assert world.breakers.openings == [], "new requests are still attempted"


@pytest.mark.parametrize("error", [Permanent("invalidProperties"), Conflict("held")], ids=str)
@pytest.mark.parametrize(
    ("problem", "cause"),
    [(Throttled("429"), None), (Misconfigured("401", unauthorized=True), Cause.UNAUTHORIZED)],
    ids=str,
)
@in_virtual_time
async def test_create_probe_that_shows_nothing_about_creates_ends_no_request(
    problem: MailServerError, cause: Cause | None, error: MailServerError
) -> None:
    world = World(creates=[error])
    world.mail_server.makes_none = problem
    settled = await world.run()
    assert (settled.request.state, settled.request.waits_for) == (State.WAITING, "misconfigured" if cause else None)
    assert settled.request.due_at == START + timedelta(seconds=60)
    assert [each for each, _ in world.breakers.openings] == ([cause] if cause else [])
    assert world.breakers.creates is None


@in_virtual_time
async def test_outage_that_the_create_probe_meets_first_is_an_outage() -> None:
    """As a fault of creates it alarmed an operator, and its end was noticed a minute late."""
    world = World(creates=[Permanent("invalidProperties")])
    world.mail_server.makes_none = world.mail_server.ill = Transient("connection refused")
    settled = await world.run()
    assert settled.request.waits_for == "outage"
    assert [each for each, _ in world.breakers.openings] == [Cause.OUTAGE]
    assert world.breakers.creates is None


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (Throttled("429", retry_after=17), [17]),
        (Throttled("429", retry_after=86_400), [60]),
        (Throttled("429", retry_after=inf), [60]),
        (Throttled("429", retry_after=-1), []),
        (Throttled("four requests at a time"), []),
        (Transient("429", outcome_unknown=True), []),
    ],
    ids=repr,
)
@in_virtual_time
async def test_workers_of_all_processes_wait_as_long_as_the_mail_server_asks_but_a_minute_at_most(
    error: MailServerError, seconds: list[float]
) -> None:
    """Each of a thousand waiting requests would get a 429 of its own, and each of them counts for the mail server."""
    world = World(creates=[error])
    await world.run()
    assert world.breakers.slowed_down == seconds


@in_virtual_time
async def test_request_without_time_for_the_create_probe_waits_a_minute() -> None:
    world = World(creates=[Permanent("invalidProperties")])
    world.mail_server.create_probe_hangs = True
    settled = await world.run()
    assert world.clock.monotonic() == LEASE - STORED_BEFORE_LEASE_ENDS
    assert (settled.request.state, settled.request.due_at) == (State.WAITING, START + timedelta(seconds=60))


@in_virtual_time
async def test_old_fault_of_creates_ends_as_soon_as_a_probe_succeeds() -> None:
    world = World(creates=[AWAY])
    world.breakers.creates = CreatesFail("answered 500", START, START, is_recent=False)
    settled = await world.run()
    assert (settled.request.retries, world.breakers.creates) == (1, None)


@pytest.mark.parametrize("stalled", ["the create", "the health check", "the create probe"])
@in_virtual_time
async def test_failure_while_our_own_process_stalls_costs_nothing(stalled: str) -> None:
    """A blocked event loop, or a stopped process, misses every response."""
    world = World(creates=[Transient("took longer than 5 s", outcome_unknown=True)], retries=3)
    world.mail_server.ill = Transient("took longer than 2 s") if stalled == "the health check" else None
    world.mail_server.makes_none = Transient("took longer than 4 s") if stalled == "the create probe" else None
    world.mail_server.seconds = {stalled.split(maxsplit=1)[1].replace(" ", "_"): 6.1}
    settled = await world.run()
    assert (settled.request.state, settled.request.retries, settled.request.waits_for) == (State.WAITING, 3, None)
    assert (world.breakers.openings, world.breakers.creates) == ([], None)


@pytest.mark.parametrize(
    ("slow", "create", "after"),
    [
        ({"create": 5.9}, AWAY, (State.WAITING, 1, None)),
        ({"health_check": 4.9}, AWAY, (State.WAITING, 0, "outage")),
        ({"create_probe": 4.9}, AWAY, (State.WAITING, 0, "creates")),
        ({"create": 6.1}, Permanent("invalidProperties"), (State.WAITING, 0, None)),
        ({"create": 6.1}, Misconfigured("403"), (State.WAITING, 0, "misconfigured")),
    ],
    ids=["a create", "a health check", "a create probe", "a refusal after a stall", "a refused key after a stall"],
)
@in_virtual_time
async def test_slow_mail_server_is_not_taken_for_a_stall_of_ours_and_what_it_answers_counts(
    slow: dict[str, float], create: MailServerError, after: tuple[State, int, str | None]
) -> None:
    world = World(creates=[create])
    world.mail_server.seconds = slow
    world.mail_server.ill = Transient("answered 503") if "health_check" in slow else None
    world.mail_server.makes_none = Transient("answered 500") if "create_probe" in slow else None
    request = (await world.run()).request
    assert (request.state, request.retries, request.waits_for) == after
    assert bool(world.breakers.openings) == (after[2] in ("outage", "misconfigured"))


@in_virtual_time
async def test_known_fault_of_creates_that_lasts_alarms_no_second_time() -> None:
    world = World(creates=[AWAY])
    world.breakers.creates = CreatesFail("answered 500", START, START, is_recent=False)
    world.mail_server.makes_none = Transient("answered 500")
    with capture_logs() as logs:
        assert (await world.run()).request.waits_for == "creates"
    assert [each for each in logs if each["log_level"] == "error"] == []


class OneAtATime(FakeMailServer):
    """Fails if two health checks, or two create probes, run at the same moment."""

    def __init__(self) -> None:
        super().__init__(ill=None)
        self.seconds = {"health_check": 1.0, "create_probe": 1.0}
        self.locks = {"health_check": asyncio.Lock(), "create_probe": asyncio.Lock()}

    async def health_check(self) -> MailServerError | None:
        assert not self.locks["health_check"].locked()
        async with self.locks["health_check"]:
            return await super().health_check()

    async def create_probe(self) -> MailServerError | None:
        assert not self.locks["create_probe"].locked()
        async with self.locks["create_probe"]:
            return await super().create_probe()


@in_virtual_time
async def test_process_asks_one_question_of_a_kind_at_a_time() -> None:
    """Two updates of one account, or two creates of one mailbox, at the same moment: Stalwart refuses one of them."""
    breakers, server = FakeBreakers(), OneAtATime()
    breakers.creates = CreatesFail("answered 500", START, START, is_recent=False)
    verdicts = Verdicts(breakers, server, VirtualClock(asyncio.get_running_loop()))
    failures = [verdicts.of(AWAY, within=20) for _ in range(3)]
    found = await asyncio.gather(verdicts.probe_if_due(), *failures, verdicts.of(Permanent("no"), within=20))
    assert found[1:] == [Verdict.HEALTHY] * 4
    assert server.asked.count("create_probe") <= 3, "failures at the same moment share one"


@pytest.mark.parametrize(
    ("error", "cause"), [(Misconfigured("403"), "misconfigured"), (AWAY, "outage")], ids=["refused key", "outage"]
)
@pytest.mark.parametrize("stored", [True, False])
@in_virtual_time
async def test_opening_of_the_breaker_is_counted_by_cause_once_it_is_stored(
    error: MailServerError, cause: str, stored: bool
) -> None:
    def counted() -> float:
        return REGISTRY.get_sample_value("postroom_breaker_opened_total", {"cause": cause}) or 0

    before, world = counted(), World(creates=[error])
    world.mail_server.ill = Transient("away")
    world.breakers.unavailable = not stored
    await world.run()
    assert counted() - before == stored


@pytest.mark.parametrize(
    ("error", "cause", "waits_for"),
    [
        (Misconfigured("mail server forbids it", unauthorized=True), Cause.UNAUTHORIZED, "misconfigured"),
        (Misconfigured("mail server forbids it"), Cause.MISCONFIGURED, "misconfigured"),
        (Misconfigured("over quota", domain="example.org", fix="raise it"), None, "domain:example.org"),
    ],
    ids=["our key is unknown", "our key is forbidden it", "one mailbox is rejected"],
)
@in_virtual_time
async def test_server_that_rejects_our_key_opens_the_breaker_but_one_that_rejects_a_mailbox_only_alarms(
    error: Misconfigured, cause: Cause | None, waits_for: str
) -> None:
    world = World(creates=[error])
    with capture_logs() as logs:
        settled = await world.run()
    assert (settled.status, settled.request.waits_for) == (Status.MISCONFIGURED, waits_for)
    assert world.breakers.openings == ([(cause, str(error))] if cause else [])
    reported = [
        (entry["log_level"], entry["error"], entry.get("fix", ""))
        for entry in logs
        if "operator must act" in entry["event"]
    ]
    assert reported == [("error", str(error), error.fix)]


@in_virtual_time
async def test_key_rejected_in_the_health_check_opens_the_breaker_as_unauthorized_not_as_outage() -> None:
    """Each probe with an unknown key counts towards a ban: one every 5 minutes makes 288 a day, and 100 get us
    banned."""
    server = ScriptedStalwart(problem(503), problem(401))
    world = World(mail_server=server.registry())
    settled = await world.run(seconds=LOOKUP_SECONDS - 0.1)
    assert [cause for cause, _ in world.breakers.openings] == [Cause.UNAUTHORIZED]
    assert settled.request.waits_for == "misconfigured"


@in_virtual_time
async def test_health_check_unfinished_at_the_lease_end_uses_no_retry_and_causes_no_crash() -> None:
    world = World(creates=[AWAY], retries=2)
    world.mail_server.health_check_hangs = True
    settled = await world.run()
    assert world.clock.monotonic() == LEASE - STORED_BEFORE_LEASE_ENDS
    assert (settled.request.state, settled.request.retries, settled.status) == (State.WAITING, 2, Status.FAILED)
    assert world.breakers.openings == []


@pytest.mark.parametrize(
    ("problem", "verdict", "cause"),
    [
        (None, Verdict.HEALTHY, None),
        (Permanent("invalidPatch"), Verdict.CHANGES, None),
        (AWAY, Verdict.CHANGES, None),
        (Throttled("429"), Verdict.NONE, None),
        (Misconfigured("401", unauthorized=True), Verdict.MISCONFIGURED, Cause.UNAUTHORIZED),
    ],
    ids=str,
)
@in_virtual_time
async def test_failed_change_costs_nothing_while_nobodys_mailbox_can_be_changed(
    problem: MailServerError | None, verdict: Verdict, cause: Cause | None
) -> None:
    """Creates may work all the while, so they are not asked about."""
    breakers, server, probes = FakeBreakers(), FakeMailServer(makes_none=Permanent("no")), list[None]()

    async def change_probe() -> MailServerError | None:
        probes.append(None)
        return problem

    verdicts = Verdicts(breakers, server, VirtualClock(asyncio.get_running_loop()), change_probe)
    for error in (Permanent("invalidPatch"), Conflict("held"), FORBIDDEN):
        assert await verdicts.of(error, within=LEASE, is_change=True) is verdict
    assert len(probes) == 3, "nothing is remembered"
    assert "create_probe" not in server.asked
    assert [each for each, _ in breakers.openings] == [cause] * 3 if cause else not breakers.openings
    assert await verdicts.changes_work() is (problem is None)

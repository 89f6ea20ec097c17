"""One attempt, in virtual time: its requests to the mail server, what it settles, and what it adds to the retry
index."""

import asyncio
import re
from collections.abc import Sequence
from datetime import timedelta
from math import inf
from typing import Any

import httpx2
import pytest
from structlog.testing import capture_logs

from fakes import START, FakeBreakers, FakeMailServer, FakeRequests, FakeRetryIndex, Hang, Scripted, request_of
from postroom.domain.breaker import Cause, CreatesFail
from postroom.domain.mailbox import StalwartAccount
from postroom.domain.request import Request, State, Status, Verdict
from postroom.errors import Conflict, MailServerError, Misconfigured, Permanent, Throttled, Transient
from postroom.ports import MailServer, Settled
from postroom.provisioning.attempt import (
    FINISH_WITHIN,
    LOOKUP_SECONDS,
    SETTLE_PAUSE,
    STORED_BEFORE_LEASE_ENDS,
    UNSTORABLE,
    Attempts,
)
from postroom.provisioning.verdicts import Verdicts
from postroom.telemetry import REGISTRY
from scripted_stalwart import ScriptedStalwart, problem
from simulation.virtual_time import VirtualClock, in_virtual_time

ACCOUNT = StalwartAccount("k", "alice@example.org")
LEASE = 30.0
CUT = Transient("cut", outcome_unknown=True)
AWAY = Transient("cannot be reached")
CHECKED = ["health_check", "create_probe"]


class World:
    """One `Attempts` with fakes around it, and a running request in PostgreSQL."""

    def __init__(
        self,
        *,
        creates: Sequence[Scripted] = (),
        finds: Sequence[Scripted] = (),
        mail_server: MailServer | None = None,
        **request: Any,
    ) -> None:
        self.request: Request = request_of(**request)
        self.requests = FakeRequests(self.request)
        self.breakers = FakeBreakers()
        self.mail_server = FakeMailServer()
        self.mail_server.creates, self.mail_server.finds = [*creates], [*finds]
        self.retry_index = FakeRetryIndex()
        self.clock = VirtualClock(asyncio.get_running_loop())
        server = mail_server or self.mail_server
        verdicts = Verdicts(self.breakers, server, self.clock)
        self.attempts = Attempts(self.requests, verdicts, server, self.retry_index, self.clock)

    async def run(self, seconds: float = 5.0, members: tuple[str, ...] = ()) -> Settled:
        settled = await self.try_to_run(seconds, members)
        assert settled
        return settled

    async def try_to_run(self, seconds: float = 5.0, members: tuple[str, ...] = ()) -> Settled | None:
        now = self.clock.monotonic()
        return await self.attempts.run(self.request, ends=now + seconds, lease_ends=now + LEASE, members=members)


@in_virtual_time
async def test_successful_attempt_calls_create_once_and_stores_the_account() -> None:
    world = World()
    settled = await world.run()
    assert world.mail_server.asked == ["create"]
    assert settled.request.state is State.PROVISIONED
    assert settled.account_id
    [(request, move, account)] = world.requests.settled
    assert (request, move.status, account) == (world.request, Status.SUCCESS, ACCOUNT)


@pytest.mark.parametrize(
    ("creates", "held", "reported"),
    [([], (), False), ([], ("member",), True), ([AWAY], (), True), ([Permanent("no")], (), False)],
    ids=["success", "success of one that was held", "waiting", "dead"],
)
@in_virtual_time
async def test_attempt_updates_redis_only_for_a_waiting_request_or_held_members(
    creates: list[Scripted], held: tuple[str, ...], reported: bool
) -> None:
    world = World(creates=creates)
    settled = await world.run(members=held)
    assert world.retry_index.replaced == ([(settled.request, list(held))] if reported else [])


@in_virtual_time
async def test_attempt_without_time_left_sends_nothing_and_uses_no_retry() -> None:
    world = World()
    settled = await world.run(seconds=0.05)
    assert world.mail_server.asked == []
    assert (settled.status, settled.request.state, settled.request.retries) == (Status.INTERRUPTED, State.WAITING, 0)
    assert not settled.request.outcome_unknown


@pytest.mark.parametrize("error", [AWAY, CUT, Throttled("429"), Misconfigured("403")], ids=repr)
@in_virtual_time
async def test_failed_lookup_leaves_the_outcome_unknown(error: Exception) -> None:
    """The create of the attempt before the last one may have made the mailbox, and no attempt has looked it up
    since."""
    world = World(finds=[error], outcome_unknown=True)
    assert (await world.run()).request.outcome_unknown
    assert "create" not in world.mail_server.asked


@pytest.mark.parametrize(
    ("before", "create", "seconds", "asked", "after"),
    [
        (True, CUT, 5.0, ["find"], (State.PROVISIONED, True)),
        (False, CUT, LOOKUP_SECONDS, ["create", "find"], (State.PROVISIONED, False)),
        (False, CUT, LOOKUP_SECONDS - 0.1, ["create", *CHECKED], (State.WAITING, True)),
        (False, AWAY, 5.0, ["create", *CHECKED], (State.WAITING, False)),
    ],
    ids=["before anything is created", "at once", "by the next attempt if the time is up", "not if nothing was sent"],
)
@in_virtual_time
async def test_mark_is_looked_up_after_an_unknown_outcome(
    before: bool, create: Transient, seconds: float, asked: list[str], after: tuple[State, bool]
) -> None:
    world = World(creates=[create], finds=[ACCOUNT], outcome_unknown=before)
    settled = await world.run(seconds)
    assert world.mail_server.asked == asked
    assert (settled.request.state, settled.request.outcome_unknown) == after


@pytest.mark.parametrize("found", [None, AWAY, Throttled("429"), Misconfigured("403")], ids=str)
@in_virtual_time
async def test_unknown_create_that_the_lookup_cannot_find_stays_unknown(found: Scripted) -> None:
    world = World(creates=[CUT], finds=[found])
    settled = await world.run()
    assert world.mail_server.asked == ["create", "find", *CHECKED]
    assert (settled.request.outcome_unknown, settled.request.last_error) == (True, "cut")


@in_virtual_time
async def test_no_mail_server_call_has_a_longer_deadline_than_its_attempt() -> None:
    world = World(creates=[CUT], finds=[None], outcome_unknown=True)
    await world.run(seconds=4.0)
    assert max(world.mail_server.deadlines) <= 4.0


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
        (Permanent("invalidProperties"), ["create_probe"]),
        (FORBIDDEN, ["create_probe"]),
        (Throttled("429"), []),
        (Conflict("held"), []),
        (Misconfigured("403"), []),
    ],
    ids=str,
)
@in_virtual_time
async def test_mail_server_is_asked_about_itself_only_before_a_failure_costs_anything(
    error: Exception, asked: list[str]
) -> None:
    world = World(creates=[error])
    await world.run()
    assert world.mail_server.asked == ["create", *asked]


@pytest.mark.parametrize("error", [AWAY, Permanent("invalidProperties"), FORBIDDEN], ids=str)
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


@pytest.mark.parametrize(
    ("problem", "cause"),
    [(Throttled("429"), None), (Misconfigured("401", unauthorized=True), Cause.UNAUTHORIZED)],
    ids=str,
)
@in_virtual_time
async def test_create_probe_that_shows_nothing_about_creates_ends_no_request(
    problem: MailServerError, cause: Cause | None
) -> None:
    world = World(creates=[Permanent("invalidProperties")])
    world.mail_server.makes_none = problem
    settled = await world.run()
    assert (settled.request.state, settled.request.waits_for) == (State.WAITING, "misconfigured" if cause else None)
    assert settled.request.due_at == START + timedelta(seconds=60)
    assert [each for each, _ in world.breakers.openings] == ([cause] if cause else [])
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
        ({"create": 6.1}, Permanent("invalidProperties"), (State.DEAD, 0, None)),
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


@in_virtual_time
async def test_outcome_with_an_unstorable_text_is_stored_with_another_text() -> None:
    world = World(creates=[Permanent("a text with a NUL: \0")])
    world.requests.unstorable = True
    with capture_logs() as logs:
        settled = await world.run()
    assert (settled.request.state, settled.request.reason) == (State.DEAD, UNSTORABLE)
    [reported] = [entry for entry in logs if "without its text" in entry["event"]]
    assert (reported["error"], reported["text"]) == ("DataError", r"'a text with a NUL: \x00'")


@in_virtual_time
async def test_outcome_of_a_deleted_request_is_logged_and_blocks_nothing() -> None:
    world = World()
    world.requests.gone = True
    with capture_logs() as logs:
        assert await world.try_to_run() is None
    [reported] = [entry for entry in logs if "gone from PostgreSQL" in entry["event"]]
    assert (reported["log_level"], reported["stalwart_account_id"]) == ("error", ACCOUNT.id)


@in_virtual_time
async def test_storing_an_outcome_is_abandoned_before_the_lease_ends() -> None:
    """Afterwards another holder may run the request. It finds the mailbox by its mark."""
    world = World()
    world.requests.unavailable = 10**9
    assert await world.try_to_run() is None
    last_try = LEASE - STORED_BEFORE_LEASE_ENDS
    assert (world.clock.monotonic(), 10**9 - world.requests.unavailable) == (last_try, last_try / SETTLE_PAUSE + 1)


@pytest.mark.parametrize(
    "outcome",
    [
        Misconfigured("403"),
        Misconfigured("gone", domain="example.org"),
        AWAY,
        Permanent("invalidProperties"),
        Throttled("429", retry_after=17),
    ],
    ids=str,
)
@in_virtual_time
async def test_outcome_is_stored_even_if_the_breaker_cannot_be_read_or_changed(
    outcome: Exception,
) -> None:
    world = World(creates=[outcome])
    world.mail_server.ill = Transient("away")
    world.breakers.unavailable = 1
    assert (await world.run()).request.state is State.WAITING


OTHER = StalwartAccount("k", "alice1@example.org")


@pytest.mark.parametrize(
    ("creates", "finds", "looks_up_first"),
    [([OTHER], [], False), ([CUT], [OTHER], True), ([CUT], [OTHER], False)],
    ids=["made", "found first", "found after a cut"],
)
@in_virtual_time
async def test_mailbox_with_another_address_is_never_accepted_and_its_request_dies_naming_both_addresses(
    creates: list[Scripted], finds: list[Scripted], looks_up_first: bool
) -> None:
    world = World(creates=creates, finds=finds, outcome_unknown=looks_up_first)
    settled = await world.run()
    assert (settled.request.state, settled.account_id) == (State.DEAD, None)
    assert settled.request.reason
    assert set(re.findall(r"\w+@example\.org", settled.request.reason)) == {"alice1@example.org", "alice@example.org"}
    asked = ["find"] if looks_up_first else ["create", "find"][: 1 + len(finds)]
    assert world.mail_server.asked == [*asked, "create_probe"]


@in_virtual_time
async def test_settle_is_retried_by_the_same_holder_until_postgresql_is_back() -> None:
    world = World()
    world.requests.unavailable = 5
    settled = await world.run()
    assert settled.request.state is State.PROVISIONED
    assert world.requests.unavailable == 0
    assert [request.holder for request, _, _ in world.requests.settled] == [world.request.holder]
    assert world.mail_server.asked == ["create"], "asked once: only the settle is repeated"


@in_virtual_time
async def test_outcome_is_stored_even_if_the_attempt_is_cancelled_while_storing_it() -> None:
    """A lost outcome would count as a crash when the lease ends."""
    world = World()
    world.requests.unavailable = 10**9
    task = asyncio.create_task(world.run())
    await asyncio.sleep(SETTLE_PAUSE / 2)
    task.cancel()
    await asyncio.sleep(0)
    world.requests.unavailable = 0
    with pytest.raises(asyncio.CancelledError):
        await task
    [(_, move, account)] = world.requests.settled
    assert (move.status, account) == (Status.SUCCESS, ACCOUNT)


@in_virtual_time
async def test_cancelled_attempt_ends_even_while_postgresql_stays_unavailable() -> None:
    """The service must end at SIGTERM, whatever is broken. An outcome that could not be stored counts as a crash."""
    world = World(creates=[Hang()])
    world.requests.unavailable = 10**9
    before = asyncio.all_tasks()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(world.run(), 1)
    assert world.clock.monotonic() == 1 + FINISH_WITHIN
    await asyncio.sleep(0)
    assert asyncio.all_tasks() <= before, "and it stops trying to store"


def events(logs: list[Any]) -> list[str]:
    return [entry["event"] for entry in logs]


@in_virtual_time
async def test_retry_last_failure_and_dead_letter_are_logged() -> None:
    world = World(creates=[AWAY])
    with capture_logs() as logs:
        await world.run()
    [enqueued] = [entry for entry in logs if entry["event"].startswith("Enqueued retry job for alice@example.org (att")]
    assert (enqueued["status"], enqueued["error"]) == ("failed", "cannot be reached")
    world = World(creates=[Throttled("429")])
    with capture_logs() as logs:
        await world.run()
    assert "Enqueued retry job for alice@example.org (attempt 1/3, delay: 60s)" in events(logs), "it spent no retry"
    world = World(creates=[AWAY], retries=3)
    with capture_logs() as logs:
        await world.run()
    assert "Retry attempt 3 failed: cannot be reached" in events(logs)
    [dead] = [entry for entry in logs if entry["event"].startswith("Dead letter for alice@example.org")]
    assert dead["log_level"] == "error"


@in_virtual_time
async def test_success_is_logged_with_identity_and_address() -> None:
    world = World(attempts=3)
    with capture_logs() as logs:
        await world.run()
    [reported] = [entry for entry in logs if entry["event"] == "Email account provisioned for alice@example.org"]
    who = {"identity_id": str(world.request.identity_id), "email": "alice@example.org", "attempts": 3}
    assert reported.items() >= who.items()


@in_virtual_time
async def test_outcome_after_the_lease_is_logged_only_as_late() -> None:
    world = World()
    world.requests.late = True
    with capture_logs() as logs:
        settled = await world.run()
    assert settled.status is Status.LATE
    assert events(logs) == ["Outcome came after the lease: another attempt decides"]


@in_virtual_time
async def test_attempt_creates_the_normalised_mailbox_of_the_row() -> None:
    server = ScriptedStalwart(httpx2.ConnectError("refused"))
    world = World(mail_server=server.registry(), display_name="Alice Example")
    await world.run()
    [create] = [place for place, name in enumerate(server.asked) if name == "x:Account/set"]
    asked = server.calls(create)[0][1]["create"]["c"]
    assert (asked["name"], asked["description"]) == ("alice", "Alice Example")

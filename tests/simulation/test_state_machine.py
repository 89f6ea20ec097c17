"""Hypothesis searches for the shortest history that breaks an invariant: hooks, faults and time in any order."""

from random import Random
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from postroom.domain.identity import Identity
from postroom.domain.mailbox import Mailbox
from simulation.checker import violations
from simulation.faults import ILL, Fault, FaultAt, Trouble
from simulation.run import A_MINUTE_A_SECOND, History
from simulation.world import DOMAIN, LEASE

PEOPLE = 4
ILLNESSES = sorted(ILL)


class NextCalls(FaultAt):
    """The faults of future calls, by the number of calls from now."""

    def __init__(self) -> None:
        super().__init__(0, None)
        self.until = float("inf")
        self.coming: dict[int, Fault] = {}

    def draw(self, call: str, now: float) -> Fault | None:
        self.calls += 1
        return self.coming.pop(self.calls, None)


class Heart(RuleBasedStateMachine):
    @initialize(seed=st.integers(0, 1000), processes=st.integers(1, 2))
    def begin(self, seed: int, processes: int) -> None:
        self.faults = NextCalls()
        self.history = History(self.faults, Random(seed), delay_factor=A_MINUTE_A_SECOND)
        self.world = self.history.world
        self.people = [Mailbox(self.world.new_id(), f"user-{number}@{DOMAIN}") for number in range(PEOPLE)]
        self.world.start(processes)
        self.listed: set[int] = set()

    @rule(who=st.integers(0, PEOPLE - 1))
    def registers_and_its_hook_comes(self, who: int) -> None:
        self.registers(who)
        self.history.begin(self.world.hook(self.people[who]))

    @rule(who=st.integers(0, PEOPLE - 1))
    def registers(self, who: int) -> None:
        if who not in self.listed:
            self.listed.add(who)
            mailbox = self.people[who]
            self.world.identities.append(Identity(mailbox.identity_id, {"email": mailbox.email}, active=True))

    @rule(who=st.integers(0, PEOPLE - 1))
    def operator_asks_for_a_retry(self, who: int) -> None:
        self.history.begin(self.world.operator(self.people[who].identity_id))

    @rule(after=st.integers(1, 8), fault=st.sampled_from(Fault))
    def a_call_will_fail(self, after: int, fault: Fault) -> None:
        self.faults.coming[self.faults.calls + after] = fault

    @rule(illness=st.sampled_from([None, *ILLNESSES]))
    def mail_server_is(self, illness: Trouble | None) -> None:
        self.world.mail.ill = ILL[illness] if illness else None

    @rule(server=st.sampled_from(["postgres", "redis"]))
    def goes_or_comes_back(self, server: str) -> None:
        self.world.down ^= {server}

    @rule()
    def flushall(self) -> None:
        self.world.redis.flush()

    @rule(seconds=st.sampled_from([0.1, 1.0, 6.0, LEASE + 1, 120.0]))
    def time_passes(self, seconds: float) -> None:
        self.history.wait(seconds)

    def teardown(self) -> None:
        if not hasattr(self, "history"):
            return
        self.faults.coming.clear()
        self.world.down.clear()
        self.world.mail.ill = None
        self.history.end()
        assert violations(self.world) == []


TestHeart: Any = Heart.TestCase
TestHeart.settings = settings(
    max_examples=100,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)

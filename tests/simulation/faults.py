"""The faults of a run and their times: drawn from its seed, or one at the k-th call (crash points)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Protocol

from postroom.errors import MailServerError, Misconfigured, Throttled, Transient


class Fault(StrEnum):
    """The fate of one call."""

    BEFORE = "fails before its effect"
    AFTER = "fails after its effect"
    DELAYED = "fails, and its effect comes a moment later"
    KILL_BEFORE = "its process is killed before the effect"
    KILL_AFTER = "its process is killed after the effect"
    PAUSE = "its process stands still past the lease, then it goes on"
    FOREIGN = "the server refuses it with an error that does not mean an outage"
    SWALLOWED = "it swallows a cancellation, and has its effect"


class Faults(Protocol):
    """`until` is the second at which the last fault is over."""

    until: float

    def draw(self, call: str, now: float) -> Fault | None:
        """The fault of this call; `call` names the server and the operation."""
        ...


class NoFaults:
    until = 0.0

    def draw(self, call: str, now: float) -> Fault | None:
        return None


class FaultAt:
    """One fault at the k-th call (from 1); `calls` counts them."""

    until = 0.0

    def __init__(self, k: int, fault: Fault | None) -> None:
        self.calls = 0
        self.struck: str | None = None
        self._k = k
        self._fault = fault

    def draw(self, call: str, now: float) -> Fault | None:
        self.calls += 1
        if self.calls != self._k:
            return None
        self.struck = call
        return self._fault


class Trouble(StrEnum):
    """What happens to a server or a process, for a while or at once."""

    POSTGRES_UNAVAILABLE = "PostgreSQL unavailable"
    REDIS_UNAVAILABLE = "Redis unavailable"
    REDIS_HUNG = "Redis hung"
    FLUSHALL = "FLUSHALL"
    OLD_SNAPSHOT = "Redis restored from an old snapshot"
    MAIL_OUTAGE = "mail server unavailable"
    MAIL_HUNG = "mail server hung"
    MAIL_THROTTLES = "mail server throttles"
    MAIL_DOMAIN_GONE = "mail server lost the domain"
    MAIL_KEY_UNKNOWN = "mail server does not know our key"
    MAIL_FULL = "mail server's store is full: it reads, and writes nothing"
    ROW_LOCKED = "another open transaction locks rows"
    ROW_GONE = "a row is gone: a restore, an erasure, commits lost in a fail-over"
    KILL = "kill -9"
    PAUSE = "SIGSTOP past the lease"
    STOP = "SIGTERM"


ILL: dict[Trouble, Callable[[], MailServerError]] = {
    Trouble.MAIL_OUTAGE: lambda: Transient("mail server cannot be reached"),
    Trouble.MAIL_THROTTLES: lambda: Throttled("mail server answered 429", retry_after=20),
    Trouble.MAIL_DOMAIN_GONE: lambda: Misconfigured("no such domain", domain="example.org"),
    Trouble.MAIL_KEY_UNKNOWN: lambda: Misconfigured("mail server answered 401", unauthorized=True),
}


@dataclass(frozen=True, slots=True)
class Event:
    trouble: Trouble
    at: float
    seconds: float


@dataclass(slots=True)
class Plan:
    """Drawn faults: the calls to each server fail with its own probability, and troubles begin as `events`."""

    until: float
    rates: dict[str, tuple[float, list[Fault]]] = field(default_factory=dict[str, tuple[float, list[Fault]]])
    events: list[Event] = field(default_factory=list[Event])
    chance: Random = field(default_factory=Random)

    def draw(self, call: str, now: float) -> Fault | None:
        if now >= self.until:
            return None
        rate, kinds = self.rates.get(call.partition(" ")[0], (0.0, []))
        return self.chance.choice(kinds) if self.chance.random() < rate else None

    @property
    def only_redis(self) -> bool:
        """Whether only Redis is disturbed: then every request is still claimed in time (I7)."""
        troubles = {event.trouble for event in self.events}
        of_redis = {Trouble.REDIS_UNAVAILABLE, Trouble.REDIS_HUNG, Trouble.FLUSHALL, Trouble.OLD_SNAPSHOT}
        no_kill = all(not set(KILLED) & set(kinds) for _, kinds in self.rates.values())
        return troubles <= of_redis and self.rates.keys() <= {"redis"} and no_kill


LOST = [Fault.BEFORE, Fault.AFTER]
OTHERS = {
    "postgres": [Fault.DELAYED, Fault.FOREIGN],
    "mail": [Fault.DELAYED],
    "redis": [Fault.SWALLOWED],
    "kratos": [Fault.SWALLOWED],
}
KILLED = [Fault.KILL_BEFORE, Fault.KILL_AFTER, Fault.PAUSE]


def draw_faults(chance: Random, *, length: float, longest: float) -> "Plan | NoFaults":
    """Draw some kinds of fault and leave out the others, so that each seed tests a few of them in depth.

    Faults happen for `length` seconds; no trouble lasts longer than `longest`.
    """
    kind = chance.random()
    if kind < 0.1:
        return NoFaults()
    plan = Plan(length, chance=chance)
    servers = ["redis"] if kind < 0.2 else ["postgres", "redis", "mail", "kratos"]
    for server in servers:
        if chance.random() < 0.5:
            kinds = [*LOST, *OTHERS.get(server, ())]
            if len(servers) > 1 and chance.random() < 0.4:
                kinds = kinds + KILLED
            plan.rates[server] = chance.choice([0.01, 0.05, 0.2, 0.6 if server == "mail" else 0.2]), kinds
    possible = [each for each in Trouble if len(servers) > 1 or "edis" in each or each is Trouble.FLUSHALL]
    for trouble in chance.sample(possible, chance.randint(0, 4)):
        for _ in range(chance.randint(1, 2)):
            plan.events.append(Event(trouble, chance.uniform(0, length), chance.uniform(1, longest)))
    return plan

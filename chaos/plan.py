"""The faults and webhooks of a run: a pure function of the seed."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from postroom_sandbox.stalwart.faults import KINDS

DOMAIN = "example.org"
WORD = "should-fail"
"""The stand-in answers 500 to every create of an address with this word in it, and is healthy otherwise: only these
requests must become dead letters."""

REST = 1.0
"""Minimum of seconds between two faults of one lane."""

SERVICES = ("service-1", "service-2")
WORKERS = ("worker-1", "worker-2")
LINKS = ("postgres", "redis", "stalwart", "kratos")
CREATE_FAULTS = ("refuse-creates", "break-creates", "odd-creates")
"""The mail server is healthy, and makes no mailbox."""
STALWART_FAULTS = ("refuse", "hang", "unavailable", "reset-after", "full", *CREATE_FAULTS)
"""Faults of the stand-in itself; the link to it has its own."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`seconds`: how long it lasts; for a kill, the time until the process starts again. `amount`: seconds of a round
    trip for `latency`, seconds between two bytes for `drip`, bytes for `cut-after`, probability for `reset-after`.
    During a `fail-over` commits reach only the primary, which is then killed. `restore-accounts`: `email_accounts` as
    it was `amount` seconds ago, as after a restore of single tables; at the end the operator rebuilds it."""

    at: float
    target: str
    kind: str
    seconds: float
    amount: float = 0.0


@dataclass(frozen=True, slots=True)
class Hook:
    """A registration or a change of address. `lost`: Kratos never sends it, so only the sweep can find the identity."""

    at: float
    identity_id: UUID
    email: str
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    name: str
    seed: int
    clean: float
    """seconds at the start without any fault"""
    seconds: float
    hooks: Sequence[Hook]
    faults: Sequence[Fault]
    taken: Sequence[str]
    """addresses that belong to strangers on the mail server, before anything starts"""
    settings: dict[str, str] = field(default_factory=dict[str, str])


_Item = tuple[str, float, float]

FIRST_ID, LAST_ID = UUID("00000000-0000-4000-8000-000000000001"), UUID("ffffffff-ffff-4fff-bfff-ffffffffffff")
"""Kratos lists by id. Identities with these ids, registered at the end, show that the sweep has listed all others."""


def full(seed: int) -> Plan:
    """Over 10,000 hooks in 5 minutes. The leases are those of production."""
    draw = random.Random(seed)
    kills = [4, 5, 5, 6]
    draw.shuffle(kills)
    lanes: dict[str, list[_Item]] = {
        name: [("kill", draw.uniform(0.5, 3), 0)] * count
        for name, count in zip((*SERVICES, *WORKERS), kills, strict=True)
    }
    lanes[SERVICES[0]].append(("stop", 12, 0))
    lanes[WORKERS[0]].append(("stop", 33, 0))
    for name in (SERVICES[1], WORKERS[1]):
        lanes[name].append(("block-log", 20, 0))
    network: list[_Item] = [("drop", 0, 0), ("half-close", 0, 0), ("latency", 15, 2), ("cut-after", 5, 0)]
    for link in LINKS:
        lanes[link] = [(kind, seconds, amount or _bytes(draw)) for kind, seconds, amount in network]
    lanes["postgres"] += [("restart", 2, 0), ("kill", 2, 0), ("black-hole", 30, 0), ("migrate", 0, 0)]
    lanes["postgres"] += [("fail-over", 2, 0), ("few-connections", 10, 0), ("restore-accounts", 10, 30)]
    lanes["redis"] += [("restart", 1, 0)] * 3 + [("flushall", 0, 0), ("black-hole", 30, 0)]
    lanes["stalwart"] += [("refuse", 10, 0), ("hang", 10, 0), ("unavailable", 10, 0), ("reset-after", 10, 0.5)]
    lanes["stalwart"] += [("black-hole", 30, 0), *_full_store(50)]  # longer than three retries take
    lanes["stalwart"] += [("break-creates", 12, 0), ("odd-creates", 4, 0), ("respond", 3, 404), ("respond", 3, 520)]
    lanes["stalwart"].append(("refuse-creates", 12, 0))
    lanes["kratos"] += [("latency", 15, 6), ("drip", 20, 0.1), ("black-hole", 30, 0)]
    faults = _spread(draw, lanes, 20, 290)
    hooks, taken = _hooks(draw, 10_200, 299)
    # The default pace suits a mail server that allows 1,000 requests a minute; the stand-in has no such limit.
    settings = {"POSTROOM_SWEEP_SECONDS": "5", "POSTROOM_PACE": "20"}
    return Plan("full", seed, 18, 300, hooks, faults, taken, settings)


def short(seed: int) -> Plan:
    """For CI: each kind of fault once, within a minute. Leases are shorter, so that a stop can outlast them."""
    draw = random.Random(seed)
    lanes: dict[str, list[_Item]] = {
        SERVICES[0]: [("kill", 1, 0), ("stop", 7, 0)],
        SERVICES[1]: [("kill", 1, 0), ("block-log", 8, 0)],
        WORKERS[0]: [("kill", 1, 0), ("stop", 10, 0)],
        WORKERS[1]: [("kill", 1, 0)],
        "postgres": [("restart", 1, 0), ("kill", 1, 0), ("black-hole", 6, 0), ("latency", 4, 2), ("drop", 0, 0)],
        "redis": [("restart", 1, 0), ("flushall", 0, 0), ("black-hole", 4, 0), ("latency", 4, 2)],
        "stalwart": [("refuse", 3, 0), ("hang", 4, 0), ("unavailable", 3, 0), ("reset-after", 4, 0.5)],
        # No fault that fails a page of the list: the sweep would pause for 30 s.
        "kratos": [("latency", 6, 2), ("drip", 6, 0.5)],
    }
    lanes["postgres"] += [("half-close", 0, 0), ("migrate", 0, 0), ("fail-over", 1, 0), ("few-connections", 3, 0)]
    lanes["postgres"].append(("restore-accounts", 2, 10))
    lanes["redis"].append(("cut-after", 2, _bytes(draw)))
    lanes["stalwart"] += [("latency", 4, 2), ("cut-after", 2, _bytes(draw)), *_full_store(6)]
    lanes["stalwart"] += [("respond", 1, 404), (draw.choice(CREATE_FAULTS), 3, 0)]
    faults = _spread(draw, lanes, 6, 46)
    hooks, taken = _hooks(draw, 750, 48)
    settings = {
        "POSTROOM_INLINE_LEASE_SECONDS": "6",
        "POSTROOM_LEASE_SECONDS": "9",
        "POSTROOM_RETRY_AFTER_SECONDS": "3",
        "POSTROOM_SWEEP_SECONDS": "2",
    }
    return Plan("short", seed, 5, 50, hooks, faults, taken, settings)


def _full_store(seconds: float) -> list[_Item]:
    """The fault of a full store, if the stand-in has it."""
    return [("full", seconds, 0)] if "full" in KINDS else []


def _bytes(draw: random.Random) -> int:
    return draw.randrange(100, 3000)


def _spread(draw: random.Random, lanes: dict[str, list[_Item]], start: float, end: float) -> list[Fault]:
    """Each lane's faults in a drawn order, one after the other; faults of different lanes may overlap."""
    faults: list[Fault] = []
    for target, items in lanes.items():
        draw.shuffle(items)
        free = end - start - sum(seconds + REST for _, seconds, _ in items)
        if free < 0:
            raise ValueError(f"the faults of {target} do not fit into {end - start:g} s")
        gaps = sorted(draw.uniform(0, free) for _ in items)
        used = 0.0
        for (kind, seconds, amount), gap in zip(items, gaps, strict=True):
            faults.append(Fault(round(start + gap + used, 2), target, kind, round(seconds, 2), amount))
            used += seconds + REST
    return sorted(faults, key=lambda fault: fault.at)


def _hooks(draw: random.Random, count: int, seconds: float) -> tuple[list[Hook], list[str]]:
    """About `count` hooks of many identities: most ask once, some repeat, some ask for a newer address, some for
    another identity's address, a few for one that always fails, a few for one of a stranger."""
    hooks: list[Hook] = []
    taken = [f"stranger{number}@{DOMAIN}" for number in range(max(2, count // 1000))]
    number = 0
    while len(hooks) < count:
        number += 1
        identity_id = UUID(int=draw.getrandbits(128), version=4)
        at, email = draw.uniform(0, seconds), f"person{number}@{DOMAIN}"
        role = draw.random()
        if role < 0.005 and at < max(seconds - 90, seconds * 0.2):  # its four attempts take 45 s
            email = f"{WORD}{number}@{DOMAIN}"
        elif role < 0.01:
            email = draw.choice(taken)
        elif role < 0.10:
            again = [min(seconds, at + draw.uniform(0, 20)) for _ in range(draw.randint(1, 3))]
            hooks += [Hook(when, identity_id, email) for when in again]
        elif role < 0.13:
            newer = f"newer{number}@{DOMAIN}"
            hooks.append(Hook(min(seconds, at + draw.uniform(0, 10)), identity_id, newer))
        elif role < 0.15:
            rival = UUID(int=draw.getrandbits(128), version=4)
            hooks.append(Hook(min(seconds, at + draw.uniform(0, 10)), rival, email))
        hooks.append(Hook(at, identity_id, email, lost=0.15 <= role < 0.18))
    return sorted(hooks, key=lambda hook: (hook.at, hook.identity_id)), taken

"""What was to be reached, and what was: pure functions of the results, so that the page cannot flatter."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.contenders import BEST, BY_NAME, DEFAULTS, OURS

Results = dict[str, Any]

PUNCTUALITY, RECOVERY, ACCEPT = 10.0, 2.0, 1.6
HOOK_MS, HOOKS_A_SECOND = 7.0, 450.0


@dataclass(frozen=True)
class Target:
    """`reached` None: its measure is missing."""

    what: str
    wanted: str
    found: str
    reached: bool | None


def targets(results: Results) -> list[Target]:
    return [
        *_lateness(results),
        *_recovery(results),
        *_accept(results),
        *_drain(results),
        *_hooks(results),
    ]


def rows(results: Results, measure: str, **fields: Any) -> Iterator[dict[str, Any]]:
    """The rows of a measure that have these fields."""
    for row in results.get(measure, {}).get("rows", []):
        if all(row.get(name) == value for name, value in fields.items()):
            yield row


def _lateness(results: Results) -> Iterator[Target]:
    for theirs, told in ((DEFAULTS, "peers at defaults, ours unpaced"), (BEST, "each at its best setting")):
        ours = _only(
            row["off p99"]["median"] for row in rows(results, "punctuality", contender=OURS.name, setting=BEST)
        )
        peers = {
            row["contender"]: row["off p99"]["median"]
            for row in rows(results, "punctuality", setting=theirs)
            if row["contender"] != OURS.name and theirs in BY_NAME[row["contender"]].survives
        }
        yield _ratio(f"lateness p99, {told}", PUNCTUALITY, ours, peers, lambda ours, peer: peer / ours, min, "ms")


def _recovery(results: Results) -> Iterator[Target]:
    for setting, wanted in ((DEFAULTS, RECOVERY), (BEST, 0.0)):
        ours = _only(
            row["seconds"] for row in rows(results, "recovery", contender=OURS.name, setting=setting) if row["seconds"]
        )
        # Who did not recover within the cap took at least that long.
        peers = {
            row["contender"] if row["seconds"] else f"{row['contender']}, and it had not by then": row["seconds"]
            or row["cap"]
            for row in rows(results, "recovery", setting=setting)
            if row["contender"] != OURS.name
        }
        told = "at defaults" if wanted else "each at its best setting (no target)"
        yield _ratio(f"recovery after kill -9, {told}", wanted, ours, peers, lambda ours, peer: peer / ours, min, "s")


def _accept(results: Results) -> Iterator[Target]:
    def rate(contender: str, clients: int, setting: str | None = None) -> float | None:
        found = rows(results, "accept_rate", contender=contender, clients=clients, setting=setting)
        return _only(row["a second"]["median"] for row in found)

    peer = rate("procrastinate", 1)
    peers = {} if peer is None else {"procrastinate, within its process": peer}
    for told, ours, wanted in (
        ("over HTTP, one client", rate(OURS.name, 1), ACCEPT),
        ("over HTTP, 50 clients (no target)", rate(OURS.name, 50), 0.0),
        ("within the process, one client (no target)", rate(OURS.name, 1, "within the process"), 0.0),
    ):
        what = f"durable accept {told}, against procrastinate's defer from one client"
        yield _ratio(what, wanted, ours, peers, lambda ours, peer: ours / peer, max, "a second")


def _drain(results: Results) -> Iterator[Target]:
    peers = {
        f"{row['contender']}, {row['setting']}, {row['workers']} worker{'s' * (row['workers'] > 1)}": row["a second"][
            "median"
        ]
        for row in rows(results, "drain_rate")
        if row["contender"] != OURS.name
    }
    kinds = (("batched by 100", 1.0), (BEST, 0.0))
    for setting, wanted in kinds:
        ours = _only(
            row["a second"]["median"]
            for row in rows(results, "drain_rate", contender=OURS.name, setting=setting, workers=1)
        )
        told = setting if wanted else "as it works, one by one (no target)"
        what = f"drain, durable and audited, {told}"
        yield _ratio(what, wanted, ours, peers, lambda ours, peer: ours / peer, max, "a second")


def _hooks(results: Results) -> Iterator[Target]:
    one = _only(rows(results, "provisioning", what="hook to mailbox", clients=1))
    fifty = _only(rows(results, "provisioning", what="hook to mailbox", clients=50))
    p50 = one and one["p50, ms"]["median"]
    yield Target("hook to mailbox, p50 of one client", f"≤ {HOOK_MS:g} ms", _told(p50, "ms"), p50 and p50 <= HOOK_MS)
    rate = fifty and fifty["a second"]["median"]
    yield Target(
        "hooks to mailboxes by 50 clients",
        f"≥ {HOOKS_A_SECOND:g} a second",
        _told(rate, "a second"),
        rate and rate >= HOOKS_A_SECOND,
    )
    asked = one and one["requests to the mail server per mailbox"]["median"]
    yield Target("requests to the mail server per mailbox", "1", _told(asked, ""), asked and asked <= 1)


def _ratio(
    what: str,
    wanted: float,
    ours: float | None,
    peers: dict[str, float],
    ratio: Callable[[float, float], float],
    best: Callable[..., str],
    unit: str,
) -> Target:
    """`best` picks the peer; `wanted` 0: no target, told for fairness."""
    if not ours or not peers:
        return Target(what, f"{wanted:g} times" if wanted else "—", "not measured", None)
    name = best(peers, key=lambda each: peers[each])
    found = ratio(ours, peers[name])
    told = f"{found:.1f} times ({ours:,.1f} against {peers[name]:,.1f} {unit} of {name})"
    return Target(what, f"{wanted:g} times" if wanted else "—", told, found >= wanted if wanted else None)


def _told(value: float | None, unit: str) -> str:
    return "not measured" if value is None else f"{value:,.1f} {unit}".strip()


def _only(found: Iterable[Any]) -> Any:
    return next(iter(found), None)

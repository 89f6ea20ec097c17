"""The targets and whether they were reached: pure functions of the results."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.contenders import BEST, BY_NAME, DEFAULTS, OURS

Results = dict[str, Any]

PUNCTUALITY, RECOVERY, ACCEPT = 10.0, 2.0, 1.6
HOOK_MS, HOOKS_A_SECOND = 7.0, 450.0


@dataclass(frozen=True)
class Target:
    """`reached` is None if there is no target or its measure is missing."""

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
    """Yield the rows of a measure that have these fields."""
    for row in results.get(measure, {}).get("rows", []):
        if all(row.get(name) == value for name, value in fields.items()):
            yield row


def _lateness(results: Results) -> Iterator[Target]:
    for setting, comparison in ((DEFAULTS, "peers at defaults, ours unpaced"), (BEST, "each at its best setting")):
        ours = _first(
            row["off p99"]["median"] for row in rows(results, "punctuality", contender=OURS.name, setting=BEST)
        )
        peers = {
            row["contender"]: row["off p99"]["median"]
            for row in rows(results, "punctuality", setting=setting)
            if row["contender"] != OURS.name and setting in BY_NAME[row["contender"]].survives
        }
        yield _ratio(f"lateness p99, {comparison}", PUNCTUALITY, ours, peers, lambda ours, peer: peer / ours, min, "ms")


def _recovery(results: Results) -> Iterator[Target]:
    for setting, wanted in ((DEFAULTS, RECOVERY), (BEST, 0.0)):
        ours = _first(
            row["seconds"] for row in rows(results, "recovery", contender=OURS.name, setting=setting) if row["seconds"]
        )
        # A contender that did not recover within the limit would have taken at least that long.
        peers = {
            row["contender"] if row["seconds"] else f"{row['contender']}, which had not recovered by then": row[
                "seconds"
            ]
            or row["cap"]
            for row in rows(results, "recovery", setting=setting)
            if row["contender"] != OURS.name
        }
        comparison = "at defaults" if wanted else "each at its best setting (no target)"
        yield _ratio(
            f"recovery after kill -9, {comparison}", wanted, ours, peers, lambda ours, peer: peer / ours, min, "s"
        )


def _accept(results: Results) -> Iterator[Target]:
    for clients, wanted in ((1, ACCEPT), (50, 0.0)):
        ours = _first(rows(results, "accept_rate", contender=OURS.name, way="over HTTP", clients=clients))
        peer = _first(rows(results, "accept_rate", contender="procrastinate", way="over HTTP", clients=clients))
        what = f"durable accept over HTTP, {clients} client{'s' * (clients > 1)}, against procrastinate behind FastAPI"
        what += "" if wanted else " (no target)"
        if not ours or not peer:
            yield Target(what, _times(wanted), "not measured", None)
            continue
        ratio, rate, of_peer = ours["times procrastinate"], ours["a second"]["median"], peer["a second"]["median"]
        found = (
            f"{ratio['median']:.2f} times ({ratio['least']:.2f} to {ratio['most']:.2f} in {ratio['runs']} pairs of "
            f"runs; {rate:,.1f} against {of_peer:,.1f} a second)"
        )
        yield Target(what, _times(wanted), found, ratio["median"] >= wanted if wanted else None)
    rates = {
        name: _first(
            row["a second"]["median"]
            for row in rows(results, "accept_rate", contender=name, way="in process", clients=1)
        )
        for name in (OURS.name, "procrastinate")
    }
    what = "durable accept in process, 1 client, against procrastinate's defer (no target)"
    peers = {name: rate for name, rate in rates.items() if rate and name != OURS.name}
    yield _ratio(what, 0.0, rates[OURS.name], peers, lambda ours, peer: ours / peer, max, "a second")


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
        ours = _first(
            row["a second"]["median"]
            for row in rows(results, "drain_rate", contender=OURS.name, setting=setting, workers=1)
        )
        kind = setting if wanted else "one by one, as the worker does it (no target)"
        what = f"drain, durable and audited, {kind}"
        yield _ratio(what, wanted, ours, peers, lambda ours, peer: ours / peer, max, "a second")


def _hooks(results: Results) -> Iterator[Target]:
    one = _first(rows(results, "provisioning", what="hook to mailbox", clients=1))
    fifty = _first(rows(results, "provisioning", what="hook to mailbox", clients=50))
    p50 = one and one["p50, ms"]["median"]
    yield Target("hook to mailbox, p50 of one client", f"≤ {HOOK_MS:g} ms", _value(p50, "ms"), p50 and p50 <= HOOK_MS)
    rate = fifty and fifty["a second"]["median"]
    yield Target(
        "hooks to mailboxes, 50 clients",
        f"≥ {HOOKS_A_SECOND:g} a second",
        _value(rate, "a second"),
        rate and rate >= HOOKS_A_SECOND,
    )
    requests = one and one["requests to the mail server per mailbox"]["median"]
    yield Target("requests to the mail server per mailbox", "1", _value(requests, ""), requests and requests <= 1)


def _ratio(
    what: str,
    wanted: float,
    ours: float | None,
    peers: dict[str, float],
    ratio: Callable[[float, float], float],
    best: Callable[..., str],
    unit: str,
) -> Target:
    """`best` picks the peer. With `wanted` 0 there is no target, and the ratio is reported for fairness."""
    if not ours or not peers:
        return Target(what, _times(wanted), "not measured", None)
    name = best(peers, key=lambda each: peers[each])
    found = ratio(ours, peers[name])
    text = f"{found:.1f} times ({ours:,.1f} against {peers[name]:,.1f} {unit} of {name})"
    return Target(what, _times(wanted), text, found >= wanted if wanted else None)


def _times(wanted: float) -> str:
    return f"{wanted:g} times" if wanted else "—"


def _value(value: float | None, unit: str) -> str:
    return "not measured" if value is None else f"{value:,.1f} {unit}".strip()


def _first(found: Iterable[Any]) -> Any:
    return next(iter(found), None)

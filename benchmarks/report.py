"""docs/benchmarks.md and its pictures, out of benchmarks/results.json: `python -m benchmarks.report`.

What a person has to say about the profile is in benchmarks/profile.md, and becomes a part of the page.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from benchmarks.bar_chart import Bar, draw
from benchmarks.contenders import BEST, BY_NAME, CONTENDERS, DEFAULTS, OURS, ROOT
from benchmarks.targets import Results, rows, targets

RESULTS = ROOT / "benchmarks" / "results.json"
BY_HAND = ROOT / "benchmarks" / "profile.md"
DOCS = ROOT / "docs"

_HEAD = """# Measured beside its peers

Made by `make bench-peers`, which measures all of it again in one run; do not edit. The raw figures are
`benchmarks/results.json`. Peers were measured in the same run, on the same PostgreSQL (fsync on) and Valkey, on
loopback, each in an environment of its own with pinned versions (`requirements/peers/`), at its defaults and at its
best documented setting. *Durable* means committed to PostgreSQL when it was accepted; the others hold their jobs in
Redis alone and are told apart: what they save there is part of their speed.
"""


def main() -> None:
    write()


def load() -> Results:
    return json.loads(RESULTS.read_text())


def write() -> None:
    results = load()
    for name, picture in pictures(results).items():
        (DOCS / "pictures" / name).write_text(picture)
    (DOCS / "benchmarks.md").write_text(page(results, BY_HAND.read_text()))


def page(results: Results, by_hand: str) -> str:
    """The whole text; a measure that is missing is told as such."""
    parts = [
        _HEAD,
        _conditions(results),
        _targets(results),
        *(_section(name, title, told(results), results) for name, title, told in SECTIONS),
        _settings(),
        by_hand,
        _failures(results),
    ]
    return "\n".join(part.strip() + "\n" for part in parts if part.strip())


def pictures(results: Results) -> dict[str, str]:
    """The SVGs by file name."""
    strongest = {each.name: each.strongest for each in CONTENDERS}
    late = [
        _bar(row, row["off p99"], f"{row['contender']}, {row['setting']}", " ms")
        for row in rows(results, "punctuality")
    ]
    accepted = [_bar(row, row["a second"], _label(row), " a second") for row in rows(results, "accept_rate", clients=1)]
    drained = [
        _bar(row, row["a second"], f"{row['contender']}, {row['setting']}", " a second")
        for row in rows(results, "drain_rate", workers=1)
        if row["setting"] in (strongest[row["contender"]], "batched by 100")
    ]
    recovered = [
        Bar(
            f"{row['contender']}, {row['setting']}",
            row["seconds"] or row["cap"],
            f"{row['seconds']} s" if row["seconds"] else f"not within {row['cap']:g} s",
            _kind(row["contender"]),
        )
        for row in rows(results, "recovery")
    ]
    charts = {
        "lateness": draw("How far from its due time a job starts, p99, ms (logarithmic)", late, logarithmic=True),
        "accept": draw("Accepted a second, one client", accepted),
        "drain": draw("Drained a second by one worker, best setting", drained, logarithmic=True),
        "recovery": draw("Seconds until a job runs again after kill -9 of its worker", recovered),
    }
    return {f"benchmarks-{name}.svg": picture for name, picture in charts.items()}


def _bar(row: dict[str, Any], figure: dict[str, Any], label: str, unit: str) -> Bar:
    told = f"{figure['median']:,.0f}{unit}" if figure["median"] >= 100 else f"{figure['median']:,.1f}{unit}"
    return Bar(label, figure["median"], told, _kind(row["contender"]), figure["least"], figure["most"])


def _label(row: dict[str, Any]) -> str:
    return f"{row['contender']}, {row['setting']}" if "setting" in row else row["contender"]


def _kind(name: str) -> str:
    return "ours" if name == OURS.name else "durable" if BY_NAME[name].durable else "fleeting"


def _conditions(results: Results) -> str:
    newest: dict[str, Any] = max(results.values(), key=lambda found: found["date"], default={})
    if not newest:
        return ""
    facts = newest["host"] | {"load before": max(found["host"].get("load before", 0) for found in results.values())}
    host = ", ".join(f"{name} {value}" for name, value in facts.items())
    versions = newest["versions"] | {
        package: number for packages in newest["contenders"].values() for package, number in packages.items()
    }
    told = ", ".join(f"{name} {number}" for name, number in sorted(versions.items()))
    dates = ", ".join(sorted({f"{found['date']} ({found['scale']} scale)" for found in results.values()}))
    minutes = sum(found["took, s"] for found in results.values()) / 60
    return f"Measured {dates}, in {minutes:.0f} minutes, on: {host}. Versions: {told}.\n"


def _targets(results: Results) -> str:
    answers = {True: "reached", False: "**missed**", None: "—"}
    told = [[each.what, each.wanted, each.found, answers[each.reached]] for each in targets(results)]
    table = _table(["what", "target", "measured", ""], told)
    return f"## Targets\n\n{table}\n\nWhy a target is missed stands under [The profile](#the-profile).\n"


def _section(name: str, title: str, told: str, results: Results) -> str:
    return f"## {title}\n\n{told if name in results else 'Not measured yet.'}\n"


def _punctuality(results: Results) -> str:
    table = [
        [
            row["contender"],
            _durable(row["contender"]),
            row["setting"],
            *(_range(row[name]) for name in ("p50", "p99", "off p99", "early, %")),
            str(row["n"]),
            str(row["not started"] or ""),
        ]
        for row in rows(results, "punctuality")
    ]
    heads = [
        "",
        "durable",
        "setting",
        "lateness p50, ms",
        "p99, ms",
        "distance p99, ms",
        "early, %",
        "n",
        "not started",
    ]
    return f"""\
Start less due time of jobs that were due more than 3 s ahead, by chance; one worker, already up. Distance takes early
for as bad as late. Median of five runs, and their range; in the short scale a run has 40 jobs, so that its p99 is its
latest, and who was late by more than a second at p50 was not run again. What had not started at the end counts as late
as it was then: for those the figures are the least that they can be. Ours at defaults starts ten a second at most
(`POSTROOM_PACE`, which spares the mail server), so a burst queues, and in the full scale, where seventeen a second come
due, the queue grows until the last is 40 s late; without the pace it is as punctual as at its best.

![distance from the due time](pictures/benchmarks-lateness.svg)

{_table(heads, table)}"""


def _accept(results: Results) -> str:
    return f"""\
Delayed jobs with 120 bytes, accepted for an hour from now. Ours is the web hook **over HTTP**, with the breaker open:
committed, audited, announced. The peers' is their own library's call, within the client's process, at defaults; so
ours is told once more without HTTP. Jobs a second; median of five and range; in brackets the client's p50 and p99 in
ms.

![accepted a second by one client](pictures/benchmarks-accept.svg)

{_by_durability(results, "accept_rate", "client", (1, 50), _accepted)}"""


def _accepted(row: dict[str, Any]) -> str:
    return f"{_range(row['a second'])} [{row['p50, ms']['median']:g}, {row['p99, ms']['median']:g}]"


def _by_durability(
    results: Results, measure: str, by: str, values: Sequence[int], told: Callable[[dict[str, Any]], str]
) -> str:
    """A column for each value, once for the durable and once for the others."""
    heads = [
        "",
        *(f"{kind}, {value} {by}{'s' * (value > 1)}" for kind in ("durable", "not durable") for value in values),
    ]
    found: dict[str, dict[int, str]] = {}
    for row in rows(results, measure):
        found.setdefault(_label(row), {})[row[f"{by}s"]] = told(row)
    lines: list[list[str]] = []
    for label, cells in found.items():
        figures, nothing = [cells.get(value, "—") for value in values], [""] * len(values)
        durable = BY_NAME[label.partition(",")[0]].durable
        lines.append([label, *(figures + nothing if durable else nothing + figures)])
    return _table(heads, lines)


def _drain(results: Results) -> str:
    return f"""\
A backlog of jobs that do nothing, run by one worker process and by two; jobs a second from the moment when every
worker works. Median of five and range, but for two workers and for defaults, which the short scale measures once. Ours
has its two commits, fence and audit for every job. *Batched by 100* is ours with one claim and one commit for 100
requests that do nothing: the worker does not work so, since a mailbox takes a request of its own to the mail server;
queues' published figures are made so. At its default pace ours drains ten a second, by design. The original's loop
drains ten each 30 s.

![drained a second](pictures/benchmarks-drain.svg)

{_by_durability(results, "drain_rate", "worker", (1, 2), lambda row: _range(row["a second"]))}"""


def _recovery(results: Results) -> str:
    found: dict[str, dict[str, str]] = {}
    for row in rows(results, "recovery"):
        seconds = f"{row['seconds']} s" if row["seconds"] else f"not within {row['cap']:g} s"
        found.setdefault(row["contender"], {})[row["setting"]] = row.get("note") or seconds
    table = [
        [name, _durable(name), told.get(DEFAULTS, "—"), told.get(BEST, "—"), BY_NAME[name].would_help]
        for name, told in found.items()
    ]
    return f"""\
kill -9 of a worker with all its processes, 1.5 s into a job of 4 s; a successor starts at once. Seconds until the job
runs again; once each.

![recovery](pictures/benchmarks-recovery.svg)

{_table(["", "durable", "defaults", "best setting", "what would have helped"], table)}"""


def _footprint(results: Results) -> str:
    names = (
        "MiB of Redis",
        "MiB of PostgreSQL",
        "Redis commands a second, idle",
        "PostgreSQL transactions a second, idle",
        "MiB of a worker",
    )
    table = [
        [row["contender"], row["setting"], *(str(row.get(name, "")) for name in names)]
        for row in rows(results, "footprint")
    ]
    measured = _first(row["measured with"] for row in rows(results, "footprint") if "measured with" in row)
    return f"""What 100,000 waiting jobs take (measured with {measured:,}), and what one idle worker asks and takes.

{_table(["", "setting", *names], table)}"""


def _survival(results: Results) -> str:
    table = [
        [
            row["contender"],
            _durable(row["contender"]),
            *(str(row[name]) for name in ("accepted", "refused", "not done", "twice")),
            "—" if row["buried"] is None else str(row["buried"]),
            row["would help"],
        ]
        for row in rows(results, "survival")
    ]
    heads = [
        "",
        "durable",
        "accepted",
        "refused",
        "lost or not done in time",
        "run twice",
        "buried",
        "would have helped",
    ]
    return f"""\
A short plan of faults from a seed, the same for all at the same moments, each at its best setting: kill -9 of the
worker (a successor at once), a restart of Redis, FLUSHALL. What a client was refused was not promised. A job that is
run twice does no harm where its effect is the same: ours asks the mail server again, and the mark makes it one
mailbox.

{_table(heads, table)}"""


def _main_job(results: Results) -> str:
    hooks = [
        [str(row["clients"]), *(_range(value) for value in row.values() if isinstance(value, dict)), str(row["n"])]
        for row in rows(results, "provisioning", what="hook to mailbox")
    ]
    audit = [
        [row["audit"], _range(row["p50 of one client, ms"]), _range(row["a second, 50 clients"])]
        for row in rows(results, "provisioning", what="audit")
    ]
    imports = [
        f"Import: {row['n']:,} identities that no hook told of were stored by the sweep within "
        f"{row['all requests stored after, s']} s of the start and had their mailboxes after "
        f"{row['all mailboxes made after, s']} s, {row['a second']} a second ({row['settings']})."
        for row in rows(results, "provisioning", what="import")
    ]
    return f"""\
From the hook to the mailbox: two commits, the audit, and one request to a mail server that answers in 1 ms (one that
does nothing else, so that it does not measure itself), with the log at its default level. Load, service, mail server
and PostgreSQL share the cores. Median of five and range.

{_table(["clients", "p50, ms", "p99, ms", "a second", "answered 200, %", "requests a mailbox", "n"], hooks)}

{" ".join(imports)}

The cost of the audit: the same hooks with the audit's rows and without, on a mail server within the process. Only this
benchmark can leave them out.

{_table(["audit", "p50 of one client, ms", "hooks a second, 50 clients"], audit)}"""


def _profile(results: Results) -> str:
    parts: list[str] = []
    for row in rows(results, "profile"):
        table = [[place["ours"], place["library"], f"{place['share, %']} %"] for place in row["places"]]
        parts.append(
            f"**{row['path']}**: {row['samples']:,} samples, {row['in the event loop, %']} % of them waiting.\n\n"
            + _table(["place of ours", "library that it had called", "share of the work"], table)
        )
    return "\n\n".join(parts)


SECTIONS: tuple[tuple[str, str, Callable[[Results], str]], ...] = (
    ("provisioning", "From hook to mailbox", _main_job),
    ("punctuality", "Punctuality", _punctuality),
    ("accept_rate", "Accept rate", _accept),
    ("drain_rate", "Drain rate", _drain),
    ("recovery", "Recovery", _recovery),
    ("footprint", "Footprint", _footprint),
    ("survival", "Survival", _survival),
    ("profile", "Where the time goes", _profile),
)


def _settings() -> str:
    table = [[each.name, f"`{each.best}`" if each.best else "none: its loop is fixed"] for each in CONTENDERS]
    return f"## Best settings\n\n{_table(['', 'best documented setting used here'], table)}\n"


def _failures(results: Results) -> str:
    told = [
        f"- {name}, {failure['step']}: {' '.join(failure['reason'].split())}"
        for name, found in results.items()
        for failure in found["failures"]
    ]
    return (
        "## What failed\n\n" + ("\n".join(told) if told else "Nothing: every step of the run gave its figures.") + "\n"
    )


def _durable(name: str) -> str:
    return "yes" if BY_NAME[name].durable else "no"


def _range(figure: dict[str, Any]) -> str:
    if figure["runs"] == 1:
        return f"{figure['median']:,g}"
    return f"{figure['median']:,g} ({figure['least']:,g} to {figure['most']:,g})"


def _table(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rule = ["---"] * len(heads)
    return "\n".join(f"| {' | '.join(line)} |" for line in (heads, rule, *lines))


def _first(found: Iterable[int]) -> int:
    return next(iter(found), 0)


if __name__ == "__main__":
    main()

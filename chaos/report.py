"""What a run came to: figures as JSON, a page to read, and a picture of the timeline."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chaos.checker import Evidence, Violation, doubled, lost, wrongly_buried
from chaos.cluster import DELAY_FACTOR, STALWART_MILLISECONDS
from chaos.plan import Plan
from chaos.timeline import draw

RULES = (*(f"I{number}" for number in range(1, 11)), "alive")


@dataclass(frozen=True, slots=True)
class Result:
    plan: str
    seed: int
    date: str
    asked: int
    """requests sent, repeats after no answer among them"""
    answers: dict[str, int]
    identities: int
    states: dict[str, int]
    attempts: int
    statuses: dict[str, int]
    """rows of the audit by status"""
    faults: dict[str, int]
    lost: int
    doubled: int
    wrongly_buried: int
    seconds_to_calm: float | None
    """from the end of the last fault until every row was at rest; None if that did not happen"""
    violations: list[Violation]

    @property
    def held(self) -> bool:
        return not self.violations and self.seconds_to_calm is not None


def result_of(plan: Plan, evidence: Evidence, violations: Sequence[Violation]) -> Result:
    events = evidence.history
    answers = Counter(str(event["status"]) for event in events if event["event"] == "answered")
    answers["none"] = sum(event["event"] == "unanswered" for event in events)
    statuses = Counter(row["status"] for row in evidence.log)
    return Result(
        plan=plan.name,
        seed=plan.seed,
        date=datetime.fromtimestamp(events[0]["t"], UTC).date().isoformat(),
        asked=sum(event["event"] == "asked" for event in events),
        answers=dict(sorted(answers.items())),
        identities=len({hook.identity_id for hook in plan.hooks}),
        states=dict(Counter(row["state"] for row in evidence.requests)),
        attempts=statuses["pending"],
        statuses=dict(sorted(statuses.items())),
        faults=dict(Counter(_name(event) for event in events if event["event"] == "fault")),
        lost=lost(violations),
        doubled=doubled(violations),
        wrongly_buried=wrongly_buried(violations),
        seconds_to_calm=next((event["seconds"] for event in events if event["event"] == "calm"), None),
        violations=list(violations),
    )


def write(folder: Path, plan: Plan, evidence: Evidence, result: Result) -> None:
    """report.md, report.json, timeline.svg and evidence.json; history.jsonl and logs lie there since the run."""
    (folder / "report.json").write_text(json.dumps(asdict(result) | {"held": result.held}, indent=2) + "\n")
    (folder / "evidence.json").write_text(json.dumps(evidence.as_dict()))
    (folder / "timeline.svg").write_text(draw(evidence.history))
    (folder / "report.md").write_text(page(plan, result))


def page(plan: Plan, result: Result) -> str:
    lines = [
        f"# Chaos, plan `{result.plan}`, seed {result.seed}, {result.date}: {'held' if result.held else 'BROKEN'}",
        "",
        table(plan, result),
        "",
        f"Delays are shortened by the factor {DELAY_FACTOR:g} (60 s is {60 * DELAY_FACTOR:g} s); leases are "
        f"{_leases(plan)}. The stand-in for Stalwart takes {STALWART_MILLISECONDS} ms for each answer.",
        "",
        "![what was done, and what was answered](timeline.svg)",
        "",
        f"Again: `python -m chaos --plan {result.plan} --seed {result.seed}`",
        "",
        "| rule | violations |",
        "|---|---|",
    ]
    by_rule = Counter(violation.rule for violation in result.violations)
    lines += [f"| {rule} | {by_rule[rule]} |" for rule in RULES]
    if result.violations:
        lines += ["", "## Violations", ""]
        lines += [f"- {each.rule}: {each.identity_id or ''} {each.what}" for each in result.violations[:200]]
    return "\n".join(lines) + "\n"


def table(plan: Plan, result: Result) -> str:
    calm = "not reached" if result.seconds_to_calm is None else f"{result.seconds_to_calm:.0f} s"
    rows: list[tuple[str, Any]] = [
        ("requests sent", f"{result.asked:,} in {plan.seconds:g} s, of {result.identities:,} identities"),
        ("answered", _told(result.answers)),
        ("faults", _told(result.faults)),
        ("attempts", f"{result.attempts:,}: {_told(result.statuses, leave_out={'pending', 'done'})}"),
        ("at the end", _told(result.states)),
        ("**lost**", f"**{result.lost}**"),
        ("**doubled effects**", f"**{result.doubled}**"),
        ("**wrongly buried**", f"**{result.wrongly_buried}**"),
        ("time to calm after the last fault", calm),
    ]
    return "\n".join(["| what | result |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def _leases(plan: Plan) -> str:
    if not plan.settings:
        return "those of production (in line 10 s, of a worker 30 s)"
    return ", ".join(f"{name}={value}" for name, value in plan.settings.items())


def _told(counts: dict[str, int], leave_out: frozenset[str] | set[str] = frozenset()) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items() if name not in leave_out)


def _name(event: dict[str, Any]) -> str:
    is_link = event["target"] in ("postgres", "redis", "stalwart")
    return f"{event['target']} {event['kind']}" if is_link else f"process {event['kind']}"

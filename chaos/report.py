"""The report of a run: figures as JSON, a page to read, and a picture of the timeline."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chaos.checker import Violation, check, doubled, figures, lost, wrong_dead_letters
from chaos.cluster import DELAY_FACTOR
from chaos.plan import LINKS, Plan
from chaos.run import Ran
from chaos.stand_ins import MILLISECONDS
from chaos.timeline import draw

RULES = (*(f"I{number}" for number in range(1, 11)), "responses", "alive")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on a run that settled. `statuses` counts the rows of the audit."""

    states: dict[str, int]
    attempts: int
    statuses: dict[str, int]
    lost: int
    doubled: int
    wrong_dead_letters: int
    figures: dict[str, int]
    violations: list[Violation]


@dataclass(frozen=True, slots=True)
class Result:
    """`asked`: requests sent, with repeats. `seconds_to_settle`: from the end of the last fault until the run settled.
    None if it did not settle: then there is no verdict, and `unsettled_reason` says what was still changing."""

    plan: str
    seed: int
    busy: int
    date: str
    asked: int
    responses: dict[str, int]
    identities: int
    faults: dict[str, int]
    seconds_to_settle: float | None
    settle_within: float
    unsettled_reason: str
    verdict: Verdict | None

    @property
    def problem(self) -> str | None:
        """Why the run failed, in a sentence; None if the promise held."""
        if self.verdict is None or self.seconds_to_settle is None:
            return f"not settled, so lost and doubled requests cannot be counted: {self.unsettled_reason}"
        if self.verdict.violations:
            return f"{len(self.verdict.violations)} violations"
        if self.seconds_to_settle > self.settle_within:
            return f"settled {self.seconds_to_settle:.0f} s after the last fault, not within {self.settle_within:.0f} s"
        return None


def result_of(plan: Plan, ran: Ran, *, busy: int = 0) -> Result:
    responses = Counter(str(event["status"]) for event in ran.events if event["event"] == "answered")
    responses["none"] = sum(event["event"] == "unanswered" for event in ran.events)
    return Result(
        plan=plan.name,
        seed=plan.seed,
        busy=busy,
        date=datetime.fromtimestamp(ran.events[0]["t"], UTC).date().isoformat(),
        asked=sum(event["event"] == "asked" for event in ran.events),
        responses=dict(sorted(responses.items())),
        identities=len({hook.identity_id for hook in plan.hooks}),
        faults=dict(Counter(_name(event) for event in ran.events if event["event"] == "fault")),
        seconds_to_settle=next((event["seconds"] for event in ran.events if event["event"] == "settled"), None),
        settle_within=ran.settle_within,
        unsettled_reason=ran.why,
        verdict=_verdict(ran),
    )


def _verdict(ran: Ran) -> Verdict | None:
    evidence = ran.evidence
    if evidence is None:
        return None
    violations = check(evidence)
    statuses = Counter(row["status"] for row in evidence.log)
    return Verdict(
        states=dict(Counter(row["state"] for row in evidence.requests)),
        attempts=statuses["pending"],
        statuses=dict(sorted(statuses.items())),
        lost=lost(violations),
        doubled=doubled(violations),
        wrong_dead_letters=wrong_dead_letters(violations),
        figures=asdict(figures(evidence)),
        violations=violations,
    )


def write(folder: Path, plan: Plan, ran: Ran, result: Result) -> None:
    """Write the report; the run itself has written the logs."""
    (folder / "report.json").write_text(json.dumps(asdict(result) | {"problem": result.problem}, indent=2) + "\n")
    (folder / "history.jsonl").write_text("".join(json.dumps(event) + "\n" for event in ran.events))
    if ran.evidence:
        (folder / "evidence.json").write_text(json.dumps(ran.evidence.as_dict()))
    else:
        (folder / "evidence.json").unlink(missing_ok=True)  # an earlier run's
    (folder / "timeline.svg").write_text(draw(ran.events))
    (folder / "report.md").write_text(page(plan, result))


def page(plan: Plan, result: Result) -> str:
    command = f"python -m chaos --plan {result.plan} --seed {result.seed}" + (
        f" --busy {result.busy}" * bool(result.busy)
    )
    lines = [
        f"# Chaos, plan `{result.plan}`, seed {result.seed}, {result.date}: {'BROKEN' if result.problem else 'held'}",
        "",
        *([f"**{result.problem}**", ""] if result.problem else []),
        table(plan, result),
        "",
        f"Delays are shortened by the factor {DELAY_FACTOR:g} (60 s is {60 * DELAY_FACTOR:g} s). Other settings: "
        f"{', '.join(f'{name}={value}' for name, value in plan.settings.items())}. The stand-in for Stalwart takes "
        f"{MILLISECONDS} ms for each response.",
        "",
        "![faults and responses over time](timeline.svg)",
        "",
        f"Repeat it: `{command}`",
        *(_violations(result.verdict.violations) if result.verdict else []),
    ]
    return "\n".join(lines) + "\n"


def _violations(violations: Sequence[Violation]) -> list[str]:
    by_rule = Counter(violation.rule for violation in violations)
    lines = ["", "| rule | violations |", "|---|---|", *(f"| {rule} | {by_rule[rule]} |" for rule in RULES)]
    if violations:
        lines += ["", "## Violations", ""]
        lines += [f"- {each.rule}: {each.identity_id or ''} {each.what}" for each in violations[:200]]
    return lines


def table(plan: Plan, result: Result) -> str:
    settled = "not reached" if result.seconds_to_settle is None else f"{result.seconds_to_settle:.0f} s"
    rows: list[tuple[str, Any]] = [
        ("requests sent", f"{result.asked:,} in {plan.seconds:g} s, of {result.identities:,} identities"),
        ("answered", _counts_text(result.responses)),
        ("faults", _counts_text(result.faults)),
    ]
    if result.verdict:
        rows += _of_the_verdict(result.verdict)
    rows += [("settled after the last fault", f"{settled} (target: {result.settle_within:.0f} s)")]
    if result.busy:
        rows += [("busy loops", result.busy)]
    return "\n".join(["| what | result |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def _of_the_verdict(verdict: Verdict) -> list[tuple[str, Any]]:
    count = verdict.figures
    return [
        ("attempts", f"{verdict.attempts:,}: {_counts_text(verdict.statuses, leave_out={'pending', 'done'})}"),
        ("identities whose webhook was never sent", f"{count['unhooked']:,}, only the sweep can find them"),
        (
            "identities whose webhooks were never answered",
            f"{count['unanswered']:,}, {count['without_row']} without a request",
        ),
        (
            "answered, lost by the fail-over, stored again",
            f"{count['forgotten']:,}, {count['dead_with_mailbox']} dead although a mailbox exists",
        ),
        ("records of mailboxes lost by the restore of their table, rebuilt", f"{count['lost_accounts']:,}"),
        ("at the end", _counts_text(verdict.states)),
        ("**lost**", f"**{verdict.lost}**"),
        ("**doubled effects**", f"**{verdict.doubled}**"),
        ("**wrong dead letters**", f"**{verdict.wrong_dead_letters}**"),
    ]


def _counts_text(counts: dict[str, int], leave_out: frozenset[str] | set[str] = frozenset()) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items() if name not in leave_out)


def _name(event: dict[str, Any]) -> str:
    is_link = event["target"] in LINKS
    return f"{event['target']} {event['kind']}" if is_link else f"process {event['kind']}"

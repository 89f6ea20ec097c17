"""The report says what the checker found, and its picture is an SVG."""

import json
from pathlib import Path
from typing import Any

from chaos.evidence import Evidence
from chaos.plan import short
from chaos.report import result_of, write
from chaos.run import Ran

PLAN = short(3)
IDENTITY = "aaaaaaaa-0000-4000-8000-000000000000"
HISTORY: list[dict[str, Any]] = [
    {"t": 100.0, "event": "start"},
    {"t": 101.0, "event": "asked", "number": 1, "identity_id": IDENTITY, "email": "alice@example.org"},
    {"t": 101.5, "event": "answered", "number": 1, "status": 503, "body": {}},
    {"t": 102.0, "event": "asked", "number": 2, "identity_id": IDENTITY, "email": "alice@example.org"},
    {"t": 102.0, "event": "fault", "target": "worker-1", "kind": "kill"},
    {"t": 103.0, "event": "fault over", "target": "worker-1", "kind": "kill"},
    {"t": 104.0, "event": "fault", "target": "kratos", "kind": "drip"},
    {"t": 105.0, "event": "rows", "waiting": 3},
    {"t": 110.0, "event": "unanswered", "number": 2},
]
SETTLED = {"t": 120.0, "event": "settled", "seconds": 12.0}


def ran(*, lost: bool = False, seconds_to_settle: float = 12.0) -> Ran:
    registered = {"t": 100.5, "event": "registered", "identity_id": IDENTITY, "email": "alice@example.org"}
    events = [*HISTORY, SETTLED | {"seconds": seconds_to_settle}] + [registered] * lost
    evidence = Evidence(events, [], [], [], [], [], "word", 0.02)
    return Ran(events, evidence, "", 120)


def unsettled() -> Ran:
    return Ran(HISTORY, None, "requests have not settled: 12 waiting", 120)


def test_chaos_run_without_violations_and_calm_in_time_has_no_problem() -> None:
    held = result_of(PLAN, ran())
    assert held.problem is None
    assert (held.asked, held.responses, held.seconds_to_settle) == (2, {"503": 1, "none": 1}, 12.0)
    assert held.faults == {"process kill": 1, "kratos drip": 1}


def test_chaos_run_that_becomes_calm_too_late_is_a_problem_even_without_losses() -> None:
    late = result_of(PLAN, ran(seconds_to_settle=140))
    assert late.problem == "settled 140 s after the last fault, not within 120 s"
    assert late.verdict
    assert late.verdict.lost == 0


def test_chaos_report_of_a_run_that_never_became_calm_gives_only_the_reason(tmp_path: Path) -> None:
    result = result_of(PLAN, unsettled())
    assert result.verdict is None
    write(tmp_path, PLAN, unsettled(), result)
    page = (tmp_path / "report.md").read_text()
    assert "not settled" in page
    assert "requests have not settled: 12 waiting" in page
    assert "**lost**" not in page
    assert "doubled effects" not in page
    assert json.loads((tmp_path / "report.json").read_text())["verdict"] is None
    assert not (tmp_path / "evidence.json").exists()


def test_chaos_report_names_each_violation_and_how_to_repeat_it(tmp_path: Path) -> None:
    result = result_of(PLAN, ran(lost=True), busy=4)
    write(tmp_path, PLAN, ran(lost=True), result)
    page = (tmp_path / "report.md").read_text()
    assert "BROKEN" in page
    assert f"- I2: {IDENTITY} lost: Kratos lists it" in page
    assert "--plan short --seed 3 --busy 4" in page
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["problem"], report["verdict"]["lost"], report["seed"]) == ("1 violations", 1, 3)

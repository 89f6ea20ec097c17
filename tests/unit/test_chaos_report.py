"""The report says what the checker found, and its picture is an SVG."""

import json
from pathlib import Path
from xml.etree import ElementTree

from chaos.checker import Evidence, Violation
from chaos.plan import short
from chaos.report import result_of, write

PLAN = short(3)
HISTORY = [
    {"t": 100.0, "event": "start"},
    {"t": 101.0, "event": "asked", "number": 1},
    {"t": 101.5, "event": "answered", "number": 1, "status": 200},
    {"t": 102.0, "event": "asked", "number": 2},
    {"t": 102.0, "event": "fault", "target": "worker-1", "kind": "kill"},
    {"t": 103.0, "event": "fault over", "target": "worker-1", "kind": "kill"},
    {"t": 104.0, "event": "fault", "target": "redis", "kind": "black-hole"},
    {"t": 105.0, "event": "rows", "waiting": 3},
    {"t": 110.0, "event": "unanswered", "number": 2},
    {"t": 120.0, "event": "calm", "seconds": 12.0},
]


def evidence() -> Evidence:
    return Evidence(HISTORY, [{"state": "provisioned"}], [{"status": "pending"}], [], [], [], "word", 0.02)


def test_a_run_holds_only_without_violations_and_with_calm(tmp_path: Path) -> None:
    held = result_of(PLAN, evidence(), [])
    assert held.held
    assert (held.asked, held.answers, held.attempts, held.seconds_to_calm) == (2, {"200": 1, "none": 1}, 1, 12.0)
    assert held.faults == {"process kill": 1, "redis black-hole": 1}
    assert not result_of(PLAN, evidence(), [Violation("I2", "a", "lost: still waiting")]).held
    restless = evidence()
    restless.history = [event for event in HISTORY if event["event"] != "calm"]
    assert not result_of(PLAN, restless, []).held


def test_the_report_names_each_violation_and_how_to_repeat_it(tmp_path: Path) -> None:
    result = result_of(PLAN, evidence(), [Violation("I2", "identity-1", "lost: still waiting")])
    write(tmp_path, PLAN, evidence(), result)
    page = (tmp_path / "report.md").read_text()
    assert "BROKEN" in page
    assert "- I2: identity-1 lost: still waiting" in page
    assert "--plan short --seed 3" in page
    told = json.loads((tmp_path / "report.json").read_text())
    assert (told["held"], told["lost"], told["seed"]) == (False, 1, 3)


def test_the_picture_shows_answers_and_faults(tmp_path: Path) -> None:
    write(tmp_path, PLAN, evidence(), result_of(PLAN, evidence(), []))
    picture = ElementTree.parse(tmp_path / "timeline.svg")  # noqa: S314 - we wrote it ourselves
    shown = [each.get("class") for each in picture.iter("{http://www.w3.org/2000/svg}rect")]
    assert shown.count("fault") == 2
    legend = 1
    assert shown.count("ok") == shown.count("none") == 1 + legend

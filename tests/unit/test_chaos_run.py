"""A run of the chaos test: when its faults start, its history, and its report. A run that does not become calm gives no
evidence: rows that still change would look lost or duplicated."""

import asyncio
import json
from contextlib import closing
from pathlib import Path
from typing import Any, cast
from unittest.mock import AsyncMock

from chaos.cluster import Cluster
from chaos.evidence import Evidence
from chaos.faults import Faults
from chaos.history import History, read
from chaos.plan import DOMAIN, FIRST_ID, LAST_ID, SERVICES, WORKERS, Fault, Plan, short
from chaos.report import result_of, write
from chaos.run import LONGER, Ran, _Run
from postroom_sandbox.data_folder import DataFolder

IDLE = Plan("idle", 0, clean=0, seconds=0, hooks=[], faults=[], taken=[])


async def through(folder: Path, *, swept: bool, waiting: int) -> Any:
    """A run without webhooks and faults, of at most half a second, on a database that never changes."""
    found = [{"email": f"sweep-{str(identity_id)[:8]}@{DOMAIN}"} for identity_id in (FIRST_ID, LAST_ID)] * swept

    async def rows(query: str) -> list[dict[str, Any]]:
        return found if "LIKE" in query else [{"state": "waiting", "n": waiting}]

    cluster = cast(Cluster, AsyncMock(urls=[], key=""))
    cluster.database.rows = rows
    cluster.kratos.folder = folder / "kratos"
    with DataFolder(folder / "data") as data, closing(History(folder / "run.jsonl")) as history:
        for name in (*SERVICES, *WORKERS):
            data.log(name).touch()
        run = _Run(IDLE, cluster, history, data, folder, 0.5 - LONGER)
        run._load = AsyncMock()
        return await run.through()


async def test_chaos_run_with_waiting_requests_gives_no_evidence_but_the_reason(tmp_path: Path) -> None:
    ran = await through(tmp_path, swept=True, waiting=3)
    assert (ran.evidence, ran.why) == (None, "requests have not settled: 3 waiting")
    assert [event["event"] for event in ran.events if event["event"] in ("settled", "not settled")] == ["not settled"]


async def test_chaos_run_is_calm_only_after_a_complete_sweep(tmp_path: Path) -> None:
    ran = await through(tmp_path, swept=False, waiting=0)
    assert ran.evidence is None
    assert ran.why.startswith("the sweep has not found sweep-00000000@example.org")


# Faults start at their times


async def test_fault_waits_for_the_previous_one_in_its_lane_to_end(tmp_path: Path) -> None:
    async def slow() -> None:
        await asyncio.sleep(0.3)

    cluster = cast(Cluster, AsyncMock())
    cluster.database.start_again = slow
    history = History(tmp_path / "run.jsonl")
    faults = [
        Fault(0, "postgres", "restart", 0),
        Fault(0.1, "postgres", "kill", 0),
        Fault(0.15, "redis", "flushall", 0),
    ]
    await Faults(cluster, history).run(faults)
    history.close()
    reported: list[Any] = [(event["event"], event["kind"]) for event in read(tmp_path / "run.jsonl")]
    assert reported == [
        ("fault", "restart"),
        ("fault", "flushall"),
        ("fault over", "flushall"),
        ("fault over", "restart"),
        ("fault", "kill"),
        ("fault over", "kill"),
    ]


# The history of a run


def test_chaos_events_of_several_processes_are_merged_in_time_order(tmp_path: Path) -> None:
    clocks = iter((1.0, 4.0)), iter((2.0, 3.0))
    files = tmp_path / "run.jsonl", tmp_path / "load.jsonl"
    for file, clock in zip(files, clocks, strict=True):
        history = History(file, lambda clock=clock: next(clock))
        history.record("first")
        history.record("second")
        history.close()
    assert [event["t"] for event in read(*files)] == [1, 2, 3, 4]


def test_history_line_truncated_by_a_kill_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "load.jsonl").write_text('{"t": 1, "event": "asked"}\n{"t": 2, "ev')
    assert len(read(tmp_path / "load.jsonl", tmp_path / "never-written.jsonl")) == 1


# The report


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

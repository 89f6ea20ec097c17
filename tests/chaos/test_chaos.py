"""The plan for CI, against real processes and servers. `make chaos` runs the full plan."""

from pathlib import Path

import pytest

from chaos import plan as plans
from chaos.plan import FIRST_ID, LAST_ID, LINKS
from chaos.report import result_of, write
from chaos.run import run

SEED = 1


def test_chaos_plan_is_a_pure_function_of_its_seed() -> None:
    assert plans.full(7) == plans.full(7)
    assert plans.full(7).faults != plans.full(8).faults


@pytest.mark.parametrize("seed", range(20))
def test_whole_plan_contains_the_promised_faults_for_every_seed(seed: int) -> None:
    plan = plans.full(seed)
    kinds = [fault.kind for fault in plan.faults if fault.target not in LINKS]
    assert kinds.count("kill") == 20
    assert len(plan.hooks) > 10_000
    assert max(fault.at + fault.seconds for fault in plan.faults) <= plan.seconds == 300
    assert min(fault.at for fault in plan.faults) >= plan.clean
    assert sum(fault.target == "redis" and fault.kind == "restart" for fault in plan.faults) == 3
    for once in ("fail-over", "migrate", "drip", "restore-accounts"):
        assert sum(fault.kind == once for fault in plan.faults) == 1
    assert sum(hook.lost for hook in plan.hooks) > 200
    assert all(FIRST_ID < hook.identity_id < LAST_ID for hook in plan.hooks)


@pytest.mark.parametrize("seed", range(20))
def test_chaos_plan_never_overlaps_faults_of_one_part(seed: int) -> None:
    for plan in (plans.full(seed), plans.short(seed)):
        for target in {fault.target for fault in plan.faults}:
            ends = 0.0
            for fault in (each for each in plan.faults if each.target == target):
                assert fault.at >= ends
                ends = fault.at + fault.seconds


@pytest.mark.timeout(500)  # a run that does not settle ends with its report
@pytest.mark.parametrize("seed", [SEED])  # so that its name contains the seed
async def test_no_request_is_lost_doubled_or_wrongly_buried_under_one_of_each_fault(seed: int, tmp_path: Path) -> None:
    plan = plans.short(seed)
    ran = await run(plan, tmp_path / "report", fsync=False)
    result = result_of(plan, ran)
    write(tmp_path / "report", plan, ran, result)
    assert result.problem is None, (tmp_path / "report/report.md").read_text()
    assert result.verdict
    # The plan must have hurt, or it proves nothing.
    assert result.responses["none"] > 0
    assert result.responses["500"] > 0
    assert result.verdict.statuses["failed"] > 0
    assert result.verdict.figures["unhooked"] > 0
    assert result.verdict.figures["forgotten"] > 0
    assert result.verdict.figures["lost_accounts"] > 0
    assert len([event for event in ran.events if event["event"] == "fault over"]) == len(plan.faults)

"""The plan for CI, against real processes and servers. `make chaos` runs the whole one."""

from pathlib import Path

import pytest

from chaos import plan as plans
from chaos.checker import check
from chaos.report import result_of, write
from chaos.run import run

SEED = 1


def test_a_plan_is_a_pure_function_of_its_seed() -> None:
    assert plans.whole(7) == plans.whole(7)
    assert plans.whole(7).faults != plans.whole(8).faults


@pytest.mark.parametrize("seed", range(20))
def test_the_whole_plan_is_what_is_promised_whatever_the_seed(seed: int) -> None:
    plan = plans.whole(seed)
    kinds = [fault.kind for fault in plan.faults if fault.target not in ("postgres", "redis", "stalwart")]
    assert kinds.count("kill") == 20
    assert len(plan.hooks) > 10_000
    assert max(fault.at + fault.seconds for fault in plan.faults) <= plan.seconds == 300
    assert min(fault.at for fault in plan.faults) >= plan.clean
    assert sum(fault.target == "redis" and fault.kind == "restart" for fault in plan.faults) == 3


@pytest.mark.parametrize("seed", range(20))
def test_faults_of_one_part_never_overlap(seed: int) -> None:
    for plan in (plans.whole(seed), plans.short(seed)):
        for target in {fault.target for fault in plan.faults}:
            ends = 0.0
            for fault in (each for each in plan.faults if each.target == target):
                assert fault.at >= ends
                ends = fault.at + fault.seconds


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", [SEED])  # so that its name tells the seed
async def test_nothing_is_lost_doubled_or_wrongly_buried_under_one_of_each_fault(seed: int, tmp_path: Path) -> None:
    plan = plans.short(seed)
    evidence = await run(plan, tmp_path / "report", fsync=False)
    result = result_of(plan, evidence, check(evidence))
    write(tmp_path / "report", plan, evidence, result)
    assert result.held, (tmp_path / "report/report.md").read_text()
    # The plan must have hurt, or it proves nothing.
    assert result.answers["none"] > 0
    assert result.answers["500"] > 0
    assert result.statuses["failed"] > 0
    assert len([event for event in evidence.history if event["event"] == "fault over"]) == len(plan.faults)

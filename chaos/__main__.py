"""`python -m chaos`: the whole plan by default; writes its report to chaos-report/. Exit code 1 if anything broke.

Example: python -m chaos --seed 7 --plan short --report /tmp/report
"""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from chaos import plan as plans
from chaos.checker import Evidence, check
from chaos.plan import Plan
from chaos.report import result_of, write
from chaos.run import run


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m chaos",
        description="Postroom under a seeded plan of faults: is anything lost, doubled or wrongly buried?",
        epilog="example: python -m chaos --seed 7 --plan short --report chaos-report",
    )
    parser.add_argument("--seed", type=int, default=1, help="of the plan (default: 1)")
    parser.add_argument("--plan", choices=("whole", "short"), default="whole")
    parser.add_argument("--report", type=Path, default=Path("chaos-report"), metavar="FOLDER")
    options = parser.parse_args()
    plan = (plans.whole if options.plan == "whole" else plans.short)(options.seed)
    print(f"plan {plan.name}, seed {plan.seed}: {len(plan.hooks)} hooks, {len(plan.faults)} faults", flush=True)
    try:
        evidence = asyncio.run(_until_told(plan, options.report))
    except asyncio.CancelledError:
        print("stopped; nothing is left running")
        return 130
    result = result_of(plan, evidence, check(evidence))
    write(options.report, plan, evidence, result)
    print((options.report / "report.md").read_text())
    return 0 if result.held else 1


async def _until_told(plan: Plan, folder: Path) -> Evidence:
    """The run, or its orderly end at SIGINT or SIGTERM: the servers must not outlive it."""
    task = asyncio.current_task()
    assert task
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    return await run(plan, folder)


if __name__ == "__main__":
    sys.exit(main())

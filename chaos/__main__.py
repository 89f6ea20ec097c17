"""`python -m chaos` runs the full plan by default and writes its report to chaos-report/.

Exit code 1: a promise was broken or the run did not settle. Exit code 2: the run could not be done.

Example: python -m chaos --seed 7 --plan short --report /tmp/report
"""

import argparse
import asyncio
import secrets
import signal
import sys
from pathlib import Path

import httpx2
import psycopg

from chaos import plan as plans
from chaos.busy import MOST
from chaos.plan import Plan
from chaos.report import result_of, write
from chaos.run import Ran, run
from postroom.errors import ConfigurationError


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m chaos",
        description="Run Postroom under a seeded plan of faults; check that nothing is lost, doubled or wrongly dead.",
        epilog="example: python -m chaos --seed random --plan short --busy 4 --report chaos-report",
    )
    parser.add_argument("--seed", type=_seed, default=1, help="seed of the plan, or `random` to draw one (default: 1)")
    parser.add_argument("--plan", choices=("full", "short"), default="full")
    parser.add_argument(
        "--busy", type=int, choices=range(MOST + 1), default=0, metavar="N", help="busy loops during the run"
    )
    parser.add_argument("--report", type=Path, default=Path("chaos-report"), metavar="FOLDER")
    options = parser.parse_args()
    plan = (plans.full if options.plan == "full" else plans.short)(options.seed)
    print(f"plan {plan.name}, seed {plan.seed}: {len(plan.hooks)} hooks, {len(plan.faults)} faults", flush=True)
    try:
        ran = asyncio.run(_until_signalled(plan, options.report, options.busy))
    except asyncio.CancelledError:
        print("stopped; nothing is left running")
        return 130
    except (ConfigurationError, psycopg.Error, httpx2.HTTPError) as error:
        print(f"the run could not be done: {error}", file=sys.stderr)
        return 2
    result = result_of(plan, ran, busy=options.busy)
    write(options.report, plan, ran, result)
    print((options.report / "report.md").read_text())
    return 1 if result.problem else 0


def _seed(text: str) -> int:
    return secrets.randbelow(1_000_000) if text == "random" else int(text)


async def _until_signalled(plan: Plan, folder: Path, busy: int) -> Ran:
    """Run the plan, and stop it in order at SIGINT or SIGTERM: the servers must not outlive it."""
    task = asyncio.current_task()
    assert task
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    return await run(plan, folder, busy=busy)


if __name__ == "__main__":
    sys.exit(main())

"""Runs one full pass of reconcile in a process that has loaded the whole service; prints its figures as JSON.

    python -m benchmarks.full_pass

Takes the settings of a service from the environment.
"""

import json
import time
from pathlib import Path

import uvloop

from postroom.composition import process
from postroom.composition.parts import connected
from postroom.process.telemetry import configure_logging
from postroom.settings.environment import load


def mebibytes(field: str) -> float:
    """Read a field of proc_pid_status(5). getrusage(2) would report the parent's peak after fork and exec."""
    status = Path("/proc/self/status").read_text()
    return round(int(status.partition(f"{field}:")[2].split()[0]) / 1024, 1)


async def full_pass() -> dict[str, float]:
    async with connected(load()) as parts:
        process.make_app(parts)
        assert parts.reconcile
        before, started = mebibytes("VmRSS"), time.perf_counter()
        corrections = await parts.reconcile.full_pass()
        return {
            "added": corrections.added,
            "removed": corrections.removed,
            "seconds": round(time.perf_counter() - started, 1),
            "MiB before": before,
            "peak MiB": mebibytes("VmHWM"),
        }


if __name__ == "__main__":
    configure_logging(json=True, level="WARNING")
    print(json.dumps(uvloop.run(full_pass())))

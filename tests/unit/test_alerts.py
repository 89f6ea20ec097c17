"""The alerts fire when they should, and only then, as Prometheus evaluates them."""

import shutil
import subprocess
from pathlib import Path

from tests.missing import Missing, skip_without

RULES = Path(__file__).resolve().parents[2] / "src/postroom/deploy/prometheus/alerts_test.yml"


def test_sweep_alerts_fire_under_their_conditions() -> None:
    if (promtool := shutil.which("promtool")) is None:
        skip_without("promtool", Missing("it is not installed (Debian: apt-get install prometheus)"))
    run = subprocess.run([promtool, "test", "rules", RULES], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr

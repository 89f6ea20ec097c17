"""The alerts fire when they should, and only then, as Prometheus evaluates them."""

import shutil
import subprocess
from pathlib import Path

import pytest

PROMTOOL = shutil.which("promtool")
RULES = Path(__file__).resolve().parents[2] / "src/postroom/deploy/prometheus/alerts_test.yml"


@pytest.mark.skipif(PROMTOOL is None, reason="no promtool here: Debian has it in the package prometheus")
def test_sweep_alerts_fire_under_their_conditions() -> None:
    run = subprocess.run([PROMTOOL or "", "test", "rules", RULES], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr

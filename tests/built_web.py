"""The interface as it is built for the service, for tests in a browser."""

import functools
import subprocess
import sys
from pathlib import Path

from tests.missing import Missing, skip_without

BUILDS = Path(__file__).resolve().parents[1] / "web/build.py"


@functools.cache
def _built() -> str:
    """What went wrong; empty if the interface is there."""
    built = subprocess.run([sys.executable, BUILDS], capture_output=True, text=True, check=False)
    return (built.stdout + built.stderr)[-2000:] if built.returncode else ""


def require_interface() -> None:
    """Build the interface, unless it is built of these sources. Skip the test, and say why, where that fails."""
    if wrong := _built():
        skip_without("Interface", Missing(wrong))

"""The Makefile in a folder that holds nothing else of the project. With `PIP=true` nothing is installed."""

import subprocess
import sys
from pathlib import Path
from shutil import copy

ROOT = Path(__file__).resolve().parents[2]


def test_make_rebuilds_an_incomplete_virtual_environment_and_keeps_a_complete_one(tmp_path: Path) -> None:
    """A Ctrl-C in the first seconds leaves an incomplete pip, which Python's venv then takes for a complete one."""
    copy(ROOT / "Makefile", tmp_path)
    for name in ("requirements/trial.txt", "pyproject.toml", "sandbox/pyproject.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    half = tmp_path / ".venv/half"
    half.mkdir(parents=True)

    make(tmp_path)
    assert not half.exists()

    half.mkdir()
    make(tmp_path, "--always-make")
    assert half.exists()
    subprocess.run([tmp_path / ".venv/bin/pip", "--version"], check=True)


def make(folder: Path, *options: str) -> None:
    subprocess.run(
        ["make", *options, ".venv/trial-installed", "PIP=true", f"PYTHON={sys.executable}"], cwd=folder, check=True
    )

"""Make each mistake of the catalogue in a copy of `src`, run the tests that must notice it, and list the survivors.

make mutants                    all of them
make mutants ARGS='claim lua'   those whose name or file contains one of the words
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from mutants.catalogue import MUTANTS
from mutants.mutant import Mutant

ROOT = Path(__file__).resolve().parents[2]
TESTS_FAILED = 1
"""pytest's exit status when a test failed; any other but 0 proves nothing."""


@contextmanager
def copy_with(mutant: Mutant | None) -> Iterator[Path]:
    """A copy of `src` with the mistake in it. Raises `ValueError` when the text to replace is not there once."""
    with tempfile.TemporaryDirectory(prefix="postroom-mutant-") as folder:
        source = Path(folder) / "src"
        shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
        if mutant:
            path = source / "postroom" / mutant.path
            text = path.read_text()
            if text.count(mutant.find) != 1:
                raise ValueError(f"{mutant.path} contains the text of “{mutant.name}” {text.count(mutant.find)} times")
            path.write_text(text.replace(mutant.find, mutant.replace))
        yield source


def pytest_on(source: Path, tests: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """Run `tests` with the package in `source` before the installed one."""
    environment = os.environ | {"PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"}
    where = [sys.executable, "-c", "import postroom; print(postroom.__file__)"]
    found = subprocess.run(where, env=environment, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    if not found.startswith(str(source)):
        raise ValueError(f"the tests would run on {found.strip()} and not on the copy")
    options = ["-q", "-p", "no:cacheprovider", "-m", "not long"]
    command = [sys.executable, "-m", "pytest", *options, *(f"tests/{test}" for test in tests)]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)


def judge(mutant: Mutant) -> tuple[str, str]:
    """Run each named test by itself: every one must fail. The verdict and its details."""
    with copy_with(mutant) as source:
        for test in mutant.tests:
            ran = pytest_on(source, (test,))
            if ran.returncode == 0:
                return "survived", test
            if ran.returncode != TESTS_FAILED:
                return "error", f"{test}: pytest ended with {ran.returncode}\n{ran.stdout[-400:]}{ran.stderr[-400:]}"
    return "killed", f"by {len(mutant.tests)}"


def main(words: list[str]) -> int:
    console = Console()
    chosen = [each for each in MUTANTS if not words or any(word in each.name + each.path for word in words)]
    tests = tuple(sorted({test for mutant in chosen for test in mutant.tests}))
    console.print(f"{len(chosen)} mutants, {len(tests)} tests; first the tests on the code as it is")
    with copy_with(None) as source:
        unchanged = pytest_on(source, tests)
    if unchanged.returncode:
        console.print(unchanged.stdout[-4000:], markup=False)
        console.print("The tests fail without a mutant, so they prove nothing.", style="red")
        return 1
    alive = 0
    for mutant in chosen:
        verdict, detail = judge(mutant)
        alive += verdict != "killed"
        console.print(f"{verdict:9} {mutant.name}" + ("" if verdict == "killed" else f" ({detail})"), markup=False)
    console.print(f"{len(chosen) - alive} of {len(chosen)} mutants killed")
    return 1 if alive or not chosen else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

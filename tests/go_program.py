"""A foreign program that is built from source with Go, once, into `$XDG_CACHE_HOME/postroom-tests` (`~/.cache` by
default). That takes minutes, so mark each test that may be the first with `may_build`."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

BUILD_SECONDS = 900
may_build = pytest.mark.timeout(BUILD_SECONDS + 120)


class Missing(Exception):
    """The program is missing; the text says why."""


def skip_without(name: str, why: Missing) -> NoReturn:
    """Skip the test; in CI fail it, unless CI does without the program."""
    agreed = f"POSTROOM_TESTS_WITHOUT_{name.partition(' ')[0].upper()}"
    reason = f"NOT TESTED against the real {name}: {why}"
    if os.environ.get("CI") == "true" and os.environ.get(agreed) != "1":
        pytest.fail(f"{reason}. Set {agreed}=1 to do without it.", pytrace=False)
    pytest.skip(reason)


@dataclass(frozen=True)
class GoProgram:
    """`file` is its name in the cache, with the version; `source` is the folder of a go.mod that names it."""

    name: str
    package: str
    file: str
    needs: Sequence[str] = ("go",)
    flags: Sequence[str] = ()
    source: Path | None = None

    def built_or_skipped(self) -> Path:
        try:
            return self.built()
        except Missing as why:
            skip_without(self.name, why)

    def built(self) -> Path:
        """Raises `Missing`."""
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "postroom-tests"
        program = cache / self.file
        if program.exists():
            return program
        for tool in self.needs:
            if shutil.which(tool) is None:
                raise Missing(f"{tool} is not installed")
        cache.mkdir(parents=True, exist_ok=True)
        with (cache / f"lock-{self.file}").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not program.exists():
                self._install(program)
        return program

    def _install(self, program: Path) -> None:
        command = ["nice", "-n", "10", "go", "install", "-trimpath", *self.flags, self.package]
        with tempfile.TemporaryDirectory(dir=program.parent) as folder:
            own = {"CGO_ENABLED": str(int("gcc" in self.needs)), "GOWORK": "off", "GOFLAGS": "", "GOBIN": folder}
            env = os.environ | own
            try:
                built = subprocess.run(
                    command,
                    cwd=self.source,
                    env=env,
                    capture_output=True,
                    text=True,
                    timeout=BUILD_SECONDS,
                    check=False,
                )
            except subprocess.TimeoutExpired as error:
                raise Missing(f"go install took longer than {BUILD_SECONDS} s") from error
            if built.returncode != 0:
                raise Missing(f"go install failed: {built.stderr.strip()[-1000:]}")
            (found,) = Path(folder).iterdir()
            found.replace(program)

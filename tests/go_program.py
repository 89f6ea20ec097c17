"""A foreign program that `make programs` builds from source with Go, once, into `$XDG_CACHE_HOME/postroom-tests`
(`~/.cache` by default). Tests build none: it takes minutes."""

import functools
import hashlib
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


class Missing(Exception):
    """The program is missing; the text says why."""


def without(name: str) -> str:
    """The environment variable by which CI agrees to do without the program."""
    return f"POSTROOM_TESTS_WITHOUT_{name.partition(' ')[0].upper()}"


def skip_without(name: str, why: Missing) -> NoReturn:
    """Skip the test; in CI fail it, unless CI does without the program."""
    agreed = without(name)
    reason = f"NOT TESTED against the real {name}: {why}"
    if os.environ.get("CI") == "true" and os.environ.get(agreed) != "1":
        pytest.fail(f"{reason}. Set {agreed}=1 to do without it.", pytrace=False)
    pytest.skip(reason)


@functools.cache
def _go_version(folder: Path | None) -> str:
    """A go.mod may ask for another version than the machine's. Raises `Missing`."""
    if shutil.which("go") is None:
        raise Missing("go is not installed")
    asked = ["go", "env", "GOVERSION"]
    return subprocess.run(asked, cwd=folder, capture_output=True, text=True, timeout=60, check=True).stdout.strip()


@dataclass(frozen=True)
class GoProgram:
    """`package` is what `go install` gets: with its version, or within `source`, the folder of a go.mod."""

    name: str
    package: str
    needs: Sequence[str] = ()
    flags: Sequence[str] = ()
    source: Path | None = None

    def path(self) -> Path:
        """Where it is in the cache: the name holds all that it is built of. Raises `Missing`."""
        content = hashlib.sha256(repr((self.package, self.flags, _go_version(self.source))).encode())
        for file in sorted(self.source.iterdir()) if self.source else ():
            if file.name.startswith("go.") or file.suffix == ".go":
                content.update(file.read_bytes())
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "postroom-tests"
        return cache / f"{self.name.lower().replace(' ', '-')}-{content.hexdigest()[:16]}"

    def found(self) -> Path:
        """Raises `Missing`."""
        path = self.path()
        if not path.exists():
            raise Missing("it is not built: `make programs` builds it, or says why it cannot")
        return path

    def found_or_skipped(self) -> Path:
        try:
            return self.found()
        except Missing as why:
            skip_without(self.name, why)

    def build(self) -> None:
        """Build it if it is not in the cache. Raises `Missing`."""
        program = self.path()
        if program.exists():
            return
        for tool in self.needs:
            if shutil.which(tool) is None:
                raise Missing(f"{tool} is not installed")
        program.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=program.parent) as folder:
            self._install(Path(folder))
            (found,) = Path(folder).iterdir()
            found.replace(program)

    def _install(self, folder: Path) -> None:
        command = ["go", "install", "-trimpath", *self.flags, self.package]
        own = {"CGO_ENABLED": str(int("gcc" in self.needs)), "GOWORK": "off", "GOFLAGS": "", "GOBIN": str(folder)}
        try:
            built = subprocess.run(
                command,
                cwd=self.source,
                env=os.environ | own,
                capture_output=True,
                text=True,
                timeout=BUILD_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise Missing(f"go install took longer than {BUILD_SECONDS} s") from error
        if built.returncode != 0:
            raise Missing(f"go install failed: {built.stderr.strip()[-1000:]}")

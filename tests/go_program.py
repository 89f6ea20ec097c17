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

from tests.missing import Missing, skip_without

BUILD_SECONDS = 900


@functools.cache
def _go_version(folder: Path | None) -> str:
    """A go.mod may ask for another version than the machine's. Raises `Missing`."""
    if shutil.which("go") is None:
        raise Missing("go is not installed")
    return _output_of(["go", "env", "GOVERSION"], folder).strip()


def _output_of(command: Sequence[str], folder: Path | None, **environment: str) -> str:
    """Raises `Missing`. Go may fetch the version of itself that a go.mod asks for, which takes as long as a build."""
    try:
        ended = subprocess.run(
            command,
            cwd=folder,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=BUILD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Missing(f"{' '.join(command[:2])} took longer than {BUILD_SECONDS} s") from error
    if ended.returncode != 0:
        raise Missing(f"{' '.join(command[:2])} failed: {ended.stderr.strip()[-1000:]}")
    return ended.stdout


def cache() -> Path:
    """Where the tests keep what takes minutes to make. Raises `Missing`."""
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    try:
        # A relative one counts as none (XDG Base Directory Specification).
        return (named if named.is_absolute() else Path.home() / ".cache") / "postroom-tests"
    except RuntimeError as error:
        raise Missing(f"there is no folder for it: {error}") from error


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
        content = hashlib.sha256(repr((self.package, self.needs, self.flags, _go_version(self.source))).encode())
        for file in sorted(self.source.iterdir()) if self.source else ():
            if file.name in ("go.mod", "go.sum") or file.suffix == ".go":
                content.update(file.read_bytes())
        return cache() / f"{self.name.lower().replace(' ', '-')}-{content.hexdigest()[:16]}"

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
        """Build it if it is not in the cache. It appears there whole, also where somebody builds the same beside us.
        Raises `Missing`."""
        program = self.path()
        if program.exists():
            return
        for tool in self.needs:
            if shutil.which(tool) is None:
                raise Missing(f"{tool} is not installed")
        try:
            program.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=program.parent) as folder:
                self._install(Path(folder))
                (found,) = Path(folder).iterdir()
                found.replace(program)
        except OSError as error:
            raise Missing(f"it cannot be kept in {program.parent}: {error}") from error

    def _install(self, folder: Path) -> None:
        own = {"CGO_ENABLED": str(int("gcc" in self.needs)), "GOWORK": "off", "GOFLAGS": "", "GOBIN": str(folder)}
        _output_of(["go", "install", "-trimpath", *self.flags, self.package], self.source, **own)

"""The commit that is checked out, of which a release is made."""

import os
import re
import subprocess
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_SETTINGS = ("core.autocrlf=false", "core.eol=lf", "core.attributesFile=/dev/null", "tar.umask=0022")
"""Not those of the person: `git archive` would write the ends of lines as they want them."""


class NotReleasable(Exception):
    """The text is one line for the person who wants a release."""


@dataclass(frozen=True)
class Commit:
    """`time` is when it was made, in seconds since 1970: it dates all files of a release. `tags` are its names."""

    root: Path
    id: str
    time: int
    tags: frozenset[str]

    def version(self) -> str:
        """Of what is built of it: a commit that its tag does not call the version gets a local one (PEP 440). pip takes
        two builds of one version for the same, and would leave the older one installed. Raises `NotReleasable`."""
        version = version_of(self.root)
        return version if f"v{version}" in self.tags else f"{version}+g{self.id[:12]}"

    def write_sources(self, folder: Path) -> None:
        """Its files without any others: what git ignores in the checkout would differ from one to the next."""
        folder.mkdir(exist_ok=True)
        files = _git(self.root, *(word for each in _SETTINGS for word in ("-c", each)), "archive", self.id)
        _run(["tar", "-x", "-C", str(folder)], self.root, given=files, more={"TAR_OPTIONS": ""})


def releasable_commit(root: Path) -> Commit:
    """Raises `NotReleasable`."""
    if changed := _git(root, "status", "--porcelain").decode().splitlines():
        raise NotReleasable(
            f"commit or remove {changed[0][3:]} first: a release is made of a commit ({len(changed)} differ)"
        )
    identifier, time = _git(root, "log", "-1", "--format=%H %ct").decode().split()
    tags = _git(root, "tag", "--points-at", identifier).decode().splitlines()
    return Commit(root, identifier, int(time), frozenset(tags))


def version_of(source: Path) -> str:
    """From pyproject.toml, the only place where it stands. Raises `NotReleasable` if the changelog does not name it."""
    version: str = tomllib.loads((source / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    if heading_of(source, version) is None:
        raise NotReleasable(f"CHANGELOG.md has no entry `## {version}`: say there what is new")
    return version


def write_version(source: Path, version: str) -> None:
    """Into pyproject.toml of a folder with sources. Raises `NotReleasable`."""
    project, line = source / "pyproject.toml", f'version = "{version}"'.encode()
    # In bytes, so that the ends of lines stay.
    project.write_bytes(re.sub(rb'^version = "[^"]+"', line, project.read_bytes(), count=1, flags=re.MULTILINE))
    if version_of(source) != version:
        raise NotReleasable('pyproject.toml has no line `version = "…"` above all others that begin so')


def heading_of(source: Path, version: str) -> str | None:
    """The changelog's, for all builds of a version."""
    named = re.escape(version.partition("+")[0])
    found = re.search(rf"^## {named}(?:,.*)?$", (source / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    return found and found[0]


def _git(root: Path, *arguments: str) -> bytes:
    return _run(["git", *arguments], root)


def _run(command: Sequence[str], root: Path, *, given: bytes = b"", more: Mapping[str, str] | None = None) -> bytes:
    """Its output; it is `given` this input, and `more` variables."""
    env = {**os.environ, **(more or {})}
    try:
        return subprocess.run(command, cwd=root, input=given, env=env, check=True, capture_output=True).stdout
    except OSError as error:
        raise NotReleasable(f"{command[0]}: {error}") from error
    except subprocess.CalledProcessError as error:
        raise NotReleasable(f"{command[0]}: {error.stderr.decode().strip()}") from error

"""The upgrade of docs/how-to/install.md, from one build of a version to another: the commands of the guide, with a
small product that is released as Postroom is."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from shutil import copy, copytree, ignore_patterns

import pytest

from command_blocks import ROOT, blocks

GUIDE = [block.commands for block in blocks() if block.document == "docs/how-to/install.md"]
(THE_WHEEL,) = [commands for commands in GUIDE if "SHA256SUMS" in commands]
(GO_BACK,) = [commands for commands in GUIDE if commands.startswith("ls /opt/postroom")]
PROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "postroom"
version = "1.2.3"
[project.scripts]
postroom = "postroom:main"
[tool.hatch.build.targets.wheel]
packages = ["src/postroom"]
"""
PROGRAM = """\
def main() -> None:
    from importlib.metadata import version
    print({word!r}, version("postroom"))
"""


@dataclass(frozen=True)
class Host:
    """`folder` has what the guide puts into /opt/postroom, and dist/."""

    folder: Path

    def receives(self, build: Path) -> None:
        subprocess.run(["rm", "-rf", self.folder / "dist"], check=True)
        copytree(build, self.folder / "dist")

    def runs(self, commands: str) -> str:
        """The commands in a shell, without those that change more of the host than /opt/postroom."""
        kept = "\n".join(
            line.partition(" && systemctl")[0] for line in commands.splitlines() if not line.startswith("apt-get")
        )
        env = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
        ran = subprocess.run(
            ["bash", "-ec", kept.replace("/opt/postroom", f"{self.folder}/opt")],
            cwd=self.folder,
            env=env | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INDEX": "1", "PIP_NO_COMPILE": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout
        return ran.stdout

    def starts(self) -> list[str]:
        """What the program that `current` starts is built of, and its version."""
        return self.runs("/opt/postroom/current/bin/postroom").split()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    for name, text in {
        "pyproject.toml": PROJECT,
        "CHANGELOG.md": "## 1.2.3, unreleased\n",
        "README.md": "",
        "LICENSE": "",
        ".gitignore": "dist/\n__pycache__/\n",
        "src/postroom/__init__.py": "",
        "sandbox/postroom_sandbox/__init__.py": "",
        "requirements/run.txt": "",
        "requirements/trial.txt": "",
        "web/build.py": "",
        "web/package-lock.json": '{"packages": {}}',
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    copy(ROOT / "sandbox/pyproject.toml", folder / "sandbox")
    copytree(ROOT / "distribution", folder / "distribution", ignore=ignore_patterns("__pycache__"))
    git(folder, "init", "--quiet")
    return folder


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=A person", "-c", "user.email=person@example.org", "-c", "commit.gpgsign=false"]
    no_settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    command = ["git", *who, *arguments]
    return subprocess.run(
        command, cwd=folder, check=True, env=os.environ | no_settings, capture_output=True, text=True
    ).stdout


def build_of(repository: Path, word: str) -> tuple[Path, str]:
    """`make release` of a commit whose program prints this word: the files, and the version."""
    (repository / "src/postroom/__init__.py").write_text(PROGRAM.format(word=word))
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "--message", word)
    made = subprocess.run(
        [sys.executable, "-m", "distribution"], cwd=repository, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stdout + made.stderr
    build = repository.parent / word
    (repository / "dist").rename(build)
    return build, f"1.2.3+g{git(repository, 'rev-parse', 'HEAD')[:12]}"


def test_each_build_of_a_version_is_installed_over_another_one(repository: Path, tmp_path: Path) -> None:
    """pip takes two builds of one version for the same: it left the old one in the folder of that version."""
    host = Host(tmp_path / "host")
    host.folder.mkdir()
    builds = {word: build_of(repository, word) for word in ("first", "second")}
    for word, (build, version) in builds.items():
        host.receives(build)
        host.runs(THE_WHEEL)
        assert host.starts() == [word, version]
    host.runs(GO_BACK.replace("VERSION", builds["first"][1]))
    assert host.starts() == ["first", builds["first"][1]]
    # As in README.md: one environment, into which each build is installed, over a newer one, too.
    for word, (build, version) in reversed(builds.items()):
        host.runs(f"/opt/postroom/current/bin/pip install --no-deps --no-index {build}/postroom-*.whl")
        assert host.starts() == [word, version]

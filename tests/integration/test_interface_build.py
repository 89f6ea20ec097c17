"""`make web`, with scripts in the place of Node and npm; and the build beside a trial."""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from shutil import copy

import psutil
import pytest

from eventually import eventually
from postroom_sandbox import interface_build

ROOT = Path(__file__).resolve().parents[2]
NPM = """#!/bin/sh
echo "$*${NODE_ENV+ as $NODE_ENV}" >> "$CALLS"
case "$*" in
ci*) mkdir -p node_modules && touch node_modules/.package-lock.json ;;
"run build")
    echo "what the build says"
    test ! -e fail || exit 3
    test ! -e slow || sleep 60
    cp src/page "$POSTROOM_WEB_BUILD/index.html"
    date > src/generated ;;
esac
"""


class Sources:
    """A folder with the scripts of the project, and npm replaced."""

    def __init__(self, root: Path) -> None:
        self.web, self.build = root / "web", root / "src/postroom/web/build"
        self.new = self.build.with_name("build.new")
        self.calls = root / "calls"
        programs = {"node": "#!/bin/sh\necho v24.1.0\n", "npm": NPM}
        (root / "bin").mkdir()
        for name, text in programs.items():
            (root / "bin" / name).write_text(text)
            (root / "bin" / name).chmod(0o755)
        (self.web / "src").mkdir(parents=True)
        for name in ("build.py", "npm.py"):
            copy(ROOT / "web" / name, self.web)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            (self.web / name).touch()
        (self.web / "src/page").write_text("first")
        (self.web / ".gitignore").write_text("node_modules/\nsrc/generated\n")
        path = f"{root / 'bin'}{os.pathsep}{os.environ['PATH']}"
        self.env = os.environ | {"PATH": path, "CALLS": str(self.calls), "PYTHONDONTWRITEBYTECODE": "1"}

    def run(self) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, self.web / "build.py"]
        return subprocess.run(command, env=self.env, capture_output=True, text=True, check=False)

    def said_to_npm(self) -> list[str]:
        return self.calls.read_text().splitlines() if self.calls.exists() else []

    def shown(self) -> str:
        return (self.build / "index.html").read_text()


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    return Sources(tmp_path)


def test_the_interface_is_built_once_and_again_after_a_change(sources: Sources) -> None:
    assert sources.run().returncode == 0
    assert sources.shown() == "first"
    assert sources.said_to_npm() == ["ci --ignore-scripts", "run build"]
    assert sources.run().stdout == ""
    assert len(sources.said_to_npm()) == 2

    (sources.web / "src/page").write_text("second")
    assert sources.run().returncode == 0
    assert sources.shown() == "second"
    assert sources.said_to_npm()[2:] == ["run build"]
    assert not sources.new.exists()


@pytest.mark.parametrize("other", ["production", "development"])
def test_the_build_is_the_same_whatever_other_projects_need_of_node(sources: Sources, other: str) -> None:
    """With NODE_ENV=production npm leaves out what builds; with another value the build is for development."""
    sources.env["NODE_ENV"] = other
    assert sources.run().returncode == 0
    assert sources.said_to_npm() == ["ci --ignore-scripts", "run build"]


def test_a_build_that_fails_says_why_and_keeps_the_one_before(sources: Sources) -> None:
    sources.run()
    (sources.web / "fail").touch()
    result = sources.run()
    assert result.returncode == 1
    assert "what the build says" in result.stdout
    assert "exit code 3" in result.stderr
    assert sources.shown() == "first"
    assert not sources.new.exists()


async def test_a_build_beside_a_trial_ends_with_it(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    (sources.web / "slow").touch()
    monkeypatch.setattr(interface_build, "SCRIPT", sources.web / "build.py")
    for name in ("PATH", "CALLS"):
        monkeypatch.setenv(name, sources.env[name])
    said: list[str] = []
    ours = psutil.Process()
    others = set(ours.children(recursive=True))  # servers that other tests keep running
    building = asyncio.create_task(interface_build.build_interface(said.append))

    async def is_asleep() -> bool:
        with suppress(psutil.NoSuchProcess):  # one that ends meanwhile; the next look decides
            return any(each.name() == "sleep" for each in ours.children(recursive=True))
        return False

    await eventually(is_asleep, "the build", 20)
    family = set(ours.children(recursive=True)) - others
    assert sources.new.is_dir()  # the service says that the interface is being built
    building.cancel()
    await asyncio.gather(building, return_exceptions=True)
    assert not psutil.wait_procs(family, timeout=5)[1]
    assert said == ["Installing what builds the interface", "Building the interface"]
    assert not sources.new.exists()


@pytest.mark.parametrize("end", ["parent killed", "terminal closed"])
def test_a_build_ends_with_its_parent_and_with_its_terminal(sources: Sources, end: str) -> None:
    (sources.web / "slow").touch()
    command = [sys.executable, sources.web / "build.py", "--until-eof"]
    with subprocess.Popen(command, env=sources.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout
        assert child.stdin
        for _ in range(2):
            child.stdout.readline()
        if end == "parent killed":
            child.stdin.close()
        else:
            child.send_signal(signal.SIGHUP)
        assert child.wait(timeout=10) == 128 + (signal.SIGTERM if end == "parent killed" else signal.SIGHUP)
    assert not sources.new.exists()

"""A container engine: buildah builds and podman runs, both of Debian, in namespaces of their own, with a storage in
memory. What they leave, a killed test's containers too, ends with the first process of these namespaces.

No registry of images is asked. The base is a small Debian with its Python, which gets the name that FROM asks for.
"""

import json
import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.go_program import cache
from tests.missing import Missing, skip_without

NAME = "Image"
# crun knows no mixture of both versions of cgroups. The namespaces end with `cat`, and `cat` with the test.
FIRST_PROCESS = """
mount -t tmpfs -o mode=700 storage "$1/storage" || exit
[ "$(stat --file-system --format %T /sys/fs/cgroup)" = cgroup2fs ] || mount -t cgroup2 cgroup /sys/fs/cgroup || exit
echo ready
exec cat
"""
# The kernel's own overlay is quick, and is not there inside of some containers; vfs copies images, and always works.
DRIVERS = ("overlay", "vfs")
# Podman would raise these limits, which not every root may, and ask systemd for cgroups and timers.
CONFIGURATION = """
[containers]
cgroups = "disabled"
default_ulimits = [{limits}]
log_driver = "k8s-file"
netns = "host"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
"""
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
CONFINED = (
    *("--read-only", "--read-only-tmpfs=false", "--tmpfs=/tmp"),
    *("--cap-drop=all", "--security-opt=no-new-privileges", "--http-proxy=false"),
)
"""As the containers of compose.yaml."""


class Base:
    """A Debian 13, which is that of the base in our Dockerfile, made by mmdebstrap once: it fetches eighty packages."""

    name = NAME

    def path(self) -> Path:
        """Raises `Missing`."""
        return cache() / "debian-13-with-python.tar"

    def found(self) -> Path:
        """Raises `Missing`."""
        if not self.path().exists():
            raise Missing("there is no base: `make programs` makes it, or says why it cannot")
        return self.path()

    def build(self) -> None:
        """If it is not in the cache. Raises `Missing`."""
        if self.path().exists():
            return
        require("mmdebstrap")
        self.path().parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.path().parent) as folder:
            made = Path(folder, "base.tar")
            packages = "--include=ca-certificates,python3,python3-venv"
            command = ["mmdebstrap", "--quiet", "--variant=minbase", packages, "trixie", str(made)]
            ran = subprocess.run(command, capture_output=True, text=True, check=False)
            if ran.returncode != 0:
                raise Missing(f"mmdebstrap failed: {ran.stderr.strip()[-1000:]}")
            made.replace(self.path())


def require(*programs: str) -> None:
    """Raises `Missing`."""
    if os.geteuid() != 0:
        raise Missing("only root may make the namespaces that it needs")
    if absent := [each for each in programs if shutil.which(each) is None]:
        raise Missing(f"not installed: {', '.join(absent)} (Debian: apt-get install buildah podman mmdebstrap)")


@dataclass(frozen=True)
class Engine:
    """`folder` holds its configuration and its storage, `pid` is the first process of its namespaces."""

    folder: Path
    driver: str
    pid: int

    def run(self, program: str, *words: str) -> subprocess.CompletedProcess[str]:
        enter = ["nsenter", f"--target={self.pid}", "--mount", "--pid"]
        storage = f"{self.folder}/storage/{self.driver}"
        place = [f"--root={storage}", f"--runroot={storage}-run", f"--storage-driver={self.driver}"]
        own = {"CONTAINERS_CONF": f"{self.folder}/containers.conf", "DISABLE_HC_SYSTEMD": "true"}
        return subprocess.run(
            [*enter, program, *place, *words], env=os.environ | own, capture_output=True, text=True, check=False
        )

    def must(self, program: str, *words: str) -> str:
        """Its output."""
        ran = self.run(program, *words)
        assert ran.returncode == 0, f"{program} {' '.join(words)}\n{ran.stdout}{ran.stderr}"
        return ran.stdout

    def take(self, base: Path, name: str) -> None:
        """Make an image of this name of the base, with the machine's settings for the package index. Raises `Missing`,
        if nothing runs in it."""
        index = [f"--change=ENV {key}={value}" for key, value in os.environ.items() if key.startswith("PIP_")]
        for words in (["import", "--quiet", *index, str(base), name], ["run", "--rm", name, "true"]):
            ran = self.run("podman", *words)
            if ran.returncode != 0:
                raise Missing(f"podman {words[0]} failed with the driver {self.driver}: {ran.stderr.strip()}")

    def build(self, folder: Path, tag: str, *options: str) -> None:
        """Of the Dockerfile and the .dockerignore in this folder, which is the context."""
        trusted = [f"--volume={CERTIFICATES}:{CERTIFICATES}:ro"] if Path(CERTIFICATES).exists() else []
        own = ["--format=docker", "--pull-never", "--isolation=chroot", *trusted]
        self.must("buildah", "build", *own, *options, "--tag", tag, str(folder))

    def image(self, name: str) -> Any:
        return json.loads(self.must("podman", "image", "inspect", name))[0]

    def changed(self, name: str) -> set[str]:
        """The paths in which the image differs from its base."""
        found = json.loads(self.must("podman", "diff", "--format", "json", name))
        return {path for paths in found.values() for path in paths}

    def output(self, image: str, *words: str) -> str:
        """Of a command in a confined container."""
        return self.must("podman", "run", "--rm", *confined(), "--entrypoint", words[0], image, *words[1:])


def confined(settings: Mapping[str, str] | None = None) -> list[str]:
    """The options of a container that has these variables."""
    return [*CONFINED, *(f"--env={key}={value}" for key, value in (settings or {}).items())]


@contextmanager
def engine(base_name: str) -> Iterator[Engine]:
    """With the base under this name. The test is skipped where there is no engine, or none runs."""
    with tempfile.TemporaryDirectory(prefix="postroom-engine-") as folder:
        try:
            require("buildah", "podman")
            Path(folder, "storage").mkdir()
            base = Base().found()
            with _namespaces(Path(folder)) as pid:
                yield _that_runs(Path(folder), pid, base, base_name)
        except Missing as why:
            skip_without(NAME, why)


@contextmanager
def _namespaces(folder: Path) -> Iterator[int]:
    """Their first process. Raises `Missing`."""
    command = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-c", FIRST_PROCESS, "sh", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        if not process.stdout.readline():
            raise Missing(f"this machine gives no namespaces for it: {process.stderr.read().decode().strip()}")
        (first,) = psutil.Process(process.pid).children()
        yield first.pid


def _that_runs(folder: Path, pid: int, base: Path, base_name: str) -> Engine:
    """Raises `Missing`."""
    limits = {"nofile": resource.RLIMIT_NOFILE, "nproc": resource.RLIMIT_NPROC}
    kept = [f'"{name}={":".join(map(str, resource.getrlimit(each)))}"' for name, each in limits.items()]
    (folder / "containers.conf").write_text(CONFIGURATION.format(limits=", ".join(kept)))
    reasons: list[str] = []
    for driver in DRIVERS:
        found = Engine(folder, driver, pid)
        try:
            found.take(base, base_name)
        except Missing as why:
            reasons.append(str(why))
        else:
            return found
    raise Missing("; ".join(reasons))

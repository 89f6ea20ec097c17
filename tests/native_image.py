"""The image, made by the steps of the Dockerfile on a machine that has no container engine: a folder is its root, this
machine's `/usr` is the base, seen read-only, and each command runs in a mount namespace of its own. Only root can do
that.

What such an image cannot show: that the steps work on the base which the Dockerfile names.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from dockerfile_steps import Step, context, dockerfile_steps, stages
from tests.missing import Missing, skip_without

BASE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
MERGED = ("bin", "lib", "lib32", "lib64", "libx32", "sbin")
DEVICES = ("null", "zero", "full", "random", "urandom")

ENTER = """
set -eu
root=$1 mode=$2 user=$3 folder=$4
shift 4
mount --bind "$root" "$root"
mount --bind /usr "$root/usr"
mount -o remount,bind,ro "$root/usr"
mount --rbind /proc "$root/proc"
mount -t tmpfs -o mode=755 devices "$root/dev"
for name in DEVICES; do
    touch "$root/dev/$name"
    mount --bind "/dev/$name" "$root/dev/$name"
done
mount -o remount,ro "$root/dev"
if [ "$mode" = ro ]; then
    mount -o remount,bind,ro "$root"
    mount -t tmpfs -o mode=1777 tmp "$root/tmp"
fi
exec chroot --userspec="$user" --groups= "$root" "$@"
""".replace("DEVICES", " ".join(DEVICES))


def require_native_image() -> None:
    """Skip the test, and say why, where the steps cannot be taken."""
    if os.geteuid() != 0:
        skip_without("Image", Missing("only root may change a root and mount"))
    if not Path("/usr/bin/python3").exists():
        skip_without("Image", Missing("there is no /usr/bin/python3, which is the Python of the base here"))
    tried = subprocess.run(["unshare", "--mount", "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        skip_without("Image", Missing(f"this machine gives no mount namespace: {tried.stderr.strip()}"))


@dataclass(frozen=True)
class Image:
    """`base` are the files of `root` before the first step."""

    root: Path
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    user: str = "0:0"
    entrypoint: Sequence[str] = ()
    command: Sequence[str] = ()
    health: Sequence[str] = ()
    base: Mapping[Path, tuple[int, int]] = field(default_factory=dict[Path, tuple[int, int]])

    def argv(self, words: Sequence[str], more: Mapping[str, str] | None = None, *, writable: bool = False) -> list[str]:
        """The command that runs these words in it, by its user and with `more` variables."""
        variables = [f"{name}={value}" for name, value in {**self.env, **(more or {})}.items()]
        mode = "rw" if writable else "ro"
        enter = ["unshare", "--mount", "sh", "-c", ENTER, "sh", str(self.root), mode, self.user, "/"]
        return [*enter, "env", "-i", *variables, *words]

    def run(self, words: Sequence[str], more: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.argv(words, more), capture_output=True, text=True, check=False)

    def added(self) -> Mapping[Path, int]:
        """The files that are not of the base, each with its bytes, as an engine counts them."""
        return {path: state[0] for path, state in _files(self.root).items() if self.base.get(path) != state}


def build(dockerfile: str, ignore: str, source: Path, folder: Path) -> Image:
    """`source` is the context; the roots of the stages are made in `folder`."""
    named: dict[str, Image] = {}
    image = None
    files = context(source, ignore)
    for number, stage in enumerate(stages(list(dockerfile_steps(dockerfile)))):
        words = stage[0].words()
        image = _base(folder / str(number))
        for step in stage[1:]:
            image = _taken(step, image, named, files, source)
        named[words[-1]] = image
    assert image
    return image


def _base(root: Path) -> Image:
    """A root with the machine's `/etc` and the places where ENTER mounts the rest."""
    root.mkdir(parents=True)
    shutil.copytree("/etc", root / "etc", symlinks=True)
    for name in ("usr", "proc", "dev", "opt", "root", "var/log", "run"):
        (root / name).mkdir(parents=True)
    (root / "tmp").mkdir()
    (root / "tmp").chmod(0o1777)
    for name in MERGED:
        if (Path("/") / name).is_symlink():
            (root / name).symlink_to(f"usr/{name}")
    root.chmod(0o755)
    return Image(root, {"PATH": BASE_PATH}, base=_files(root))


def _taken(step: Step, image: Image, named: Mapping[str, Image], files: Sequence[Path], source: Path) -> Image:
    match step.instruction:
        case "RUN":
            _run(image, step.text)
        case "COPY":
            _copy(step, image, named, files, source)
        case "ENV":
            values = {name: _expanded(value, image.env) for name, value in step.pairs().items()}
            return replace(image, env={**image.env, **values})
        case "USER":
            return replace(image, user=step.text)
        case "ENTRYPOINT":
            return replace(image, entrypoint=step.words())
        case "CMD":
            return replace(image, command=step.words())
        case "HEALTHCHECK":
            words = step.options()[1]
            assert words.startswith("CMD ")
            return replace(image, health=Step("CMD", words.removeprefix("CMD ")).words())
        case "ARG" | "LABEL" | "EXPOSE" | "STOPSIGNAL":
            pass  # they describe
        case other:
            raise AssertionError(f"teach tests/native_image.py what {other} does")
    return image


def _run(image: Image, command: str) -> None:
    # The client of the package index is set up by the machine's environment.
    index = {name: value for name, value in os.environ.items() if name.startswith("PIP_") or "proxy" in name.lower()}
    argv = image.argv(["/bin/sh", "-c", command], {"HOME": "/root", **index}, writable=True)
    ran = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"RUN {command}\n{ran.stdout}{ran.stderr}"


def _copy(step: Step, image: Image, named: Mapping[str, Image], files: Sequence[Path], source: Path) -> None:
    options, text = step.options()
    assert options.keys() <= {"from"}, options
    origin, target = text.split()
    place = image.root / target.lstrip("/")
    if "from" in options:
        shutil.copytree(named[options["from"]].root / origin.lstrip("/"), place, symlinks=True, copy_function=os.link)
        return
    copied = [path for path in files if path.is_relative_to(source / origin)]
    assert copied, f"COPY {text}: .dockerignore leaves nothing of it"
    for path in copied:
        there = place / path.relative_to(source / origin)
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, there)


def _expanded(value: str, env: Mapping[str, str]) -> str:
    for name, known in env.items():
        value = value.replace(f"${name}", known)
    return value


def _files(root: Path) -> dict[Path, tuple[int, int]]:
    """Each file and link of it, with what changes when it changes."""
    found: dict[Path, tuple[int, int]] = {}
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            state = path.lstat()
            found[path] = (state.st_size, state.st_mtime_ns)
    return found

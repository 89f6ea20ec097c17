"""The files of a release, made of a folder with the sources and the built interface."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from shutil import copyfile

from distribution.commit import NotReleasable, version_of
from distribution.materials import bill_of_materials

REQUIREMENTS = ("run.txt", "trial.txt")
"""The hash-locked requirements of the product, and of the stand-ins."""

SUMS = "SHA256SUMS"


def write_files(source: Path, folder: Path, time: int) -> None:
    """Write all files of a release into the empty `folder`; `time` dates what is in them. Raises `NotReleasable`."""
    version = version_of(source)
    _build(source, ("sdist", "wheel"), folder, time)
    _build(source / "sandbox", ("wheel",), folder, time)
    for name in REQUIREMENTS:
        copyfile(source / "requirements" / name, folder / name)
    (folder / f"postroom-{version}.cdx.json").write_text(bill_of_materials(source, version, time), "utf-8")
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(folder.iterdir())]
    (folder / SUMS).write_text("".join(sums), "utf-8")
    for path in folder.iterdir():
        path.chmod(0o644)


def _build(project: Path, targets: Sequence[str], folder: Path, time: int) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)]
    command += [word for target in targets for word in ("--target", target)]
    env = os.environ | {"SOURCE_DATE_EPOCH": str(time)}
    ran = subprocess.run(command, cwd=project, env=env, check=False, capture_output=True, text=True)
    if ran.returncode:
        raise NotReleasable(f"hatchling: {ran.stderr.strip()}")

"""compose.yaml as compose itself understands it, by the reference parser of the compose specification, a Go module."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.go_programs import COMPOSE_PARSER

ROOT = Path(__file__).resolve().parents[1]
PREPARE = "deploy/compose/prepare"


Project = dict[str, Any]


class Refused(Exception):
    """Compose refuses the file; the text is what it would print."""


def checkout(folder: Path) -> Path:
    """A folder with what a person has who wants to run compose: the files of the repository that it mounts."""
    shutil.copy(ROOT / "compose.yaml", folder)
    shutil.copytree(ROOT / "deploy/compose", folder / "deploy/compose")
    shutil.copytree(ROOT / "src/postroom/deploy", folder / "src/postroom/deploy")
    return folder


def prepare(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the script in a checkout."""
    return subprocess.run(
        [folder / PREPARE, *arguments],
        env={"PATH": os.defpath, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def project(folder: Path, *profiles: str, environment: Mapping[str, str] | None = None) -> Project:
    """The services of these profiles, or of those that .env names. `environment` is that of the shell; it outweighs
    .env. Raises `Refused`."""
    parsed = subprocess.run(
        [COMPOSE_PARSER.found_or_skipped(), folder, *profiles],
        env=dict(environment or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if parsed.returncode:
        raise Refused(parsed.stderr)
    return json.loads(parsed.stdout)


def services(found: Project) -> dict[str, Any]:
    return found["services"]


def mounts(found: Project, name: str) -> dict[str, Path]:
    """What the service sees of the host: path in the container → path of the host."""
    service = found["services"][name]
    seen = {each["target"]: Path(each["source"]) for each in service.get("volumes", [])}
    for each in service.get("secrets", []):
        target = each.get("target") or each["source"]
        seen[target if target.startswith("/") else f"/run/secrets/{target}"] = Path(
            found["secrets"][each["source"]]["file"]
        )
    return seen


def command(service: Mapping[str, Any], entrypoint: Sequence[str] = ()) -> list[str]:
    """What the container runs. `entrypoint` is that of the image."""
    return [*(service.get("entrypoint") or entrypoint), *(service.get("command") or [])]

"""Kubernetes' own types accept the manifests; its API server would refuse a field that they do not have."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from postroom.setup.deployed_files import ROOT
from tests.go_programs import KUBERNETES_TYPES

MANIFESTS = sorted(Path(str(ROOT / "kubernetes")).glob("*.yaml"))


@pytest.fixture(scope="module")
def program() -> Path:
    return KUBERNETES_TYPES.found_or_skipped()


async def decoded(program: Path, *files: Path) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        program, *files, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode or 0, output.decode(), errors.decode()


async def test_every_manifest_is_an_object_of_kubernetes_and_no_field_is_lost(program: Path) -> None:
    code, output, errors = await decoded(program, *MANIFESTS)
    assert (code, errors) == (0, "")
    written: list[Any] = [each for path in MANIFESTS for each in yaml.safe_load_all(path.read_text())]
    understood: list[Any] = json.loads(output)
    assert len(written) == len(understood)
    for ours, theirs in zip(written, understood, strict=True):
        assert_within(ours, theirs, f"{ours['kind']} {ours['metadata']['name']}")


def assert_within(ours: Any, theirs: Any, where: str) -> None:
    """Kubernetes adds empty fields of its own."""
    # The two marks below: pyright cannot know what is in JSON and YAML of any shape.
    if isinstance(ours, dict):
        for name, value in ours.items():  # pyright: ignore[reportUnknownVariableType]
            assert_within(value, theirs[name], f"{where}.{name}")
    elif isinstance(ours, list):
        for place, (mine, other) in enumerate(zip(ours, theirs, strict=True)):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            assert_within(mine, other, f"{where}[{place}]")
    else:
        assert ours == theirs, where


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("readOnlyRootFilesystem", "readOnlyRootFileSystem"),
        ("containerPort: 3001", 'containerPort: "3001"'),
        ("minAvailable: 1", "minAvailable: 1\n  minAvailable: 1"),
        ("apiVersion: policy/v1", "apiVersion: policy/v1beta1"),
    ],
)
async def test_a_misspelt_or_doubled_field_is_refused(program: Path, tmp_path: Path, right: str, wrong: str) -> None:
    text = (MANIFESTS[0].parent / "serve.yaml").read_text()
    assert right in text
    (tmp_path / "wrong.yaml").write_text(text.replace(right, wrong))
    code, _, errors = await decoded(program, tmp_path / "wrong.yaml")
    assert code == 1
    assert "wrong.yaml" in errors

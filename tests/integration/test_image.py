"""The image, made by the steps of the Dockerfile without a container engine: what it adds, as whom it runs, whether it
serves on a read-only root."""

import asyncio
import json
import stat
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import copytree

import httpx2
import pytest

from built_release import Release, settings_to_serve
from dockerfile_steps import ROOT, context, dockerfile_steps
from eventually import eventually
from native_image import Image, build, require_native_image
from postroom_sandbox.loopback import LOOPBACK, free_port
from servers import Database

DOCKERFILE = (ROOT / "Dockerfile").read_text()
IGNORE = (ROOT / ".dockerignore").read_text()
MOST_ADDED = 120_000_000
FIXED_UID = 10001

pytestmark = pytest.mark.timeout(600)  # it downloads some thirty megabytes


@pytest.fixture(scope="session")  # before the release, which is made for the session
def possible() -> None:
    require_native_image()


@pytest.fixture(scope="module")
def image(possible: None, release: Release) -> Iterator[Image]:
    with tempfile.TemporaryDirectory(prefix="postroom-image-") as folder:
        source = Path(folder, "source")
        copytree(release.folder, source / "dist")
        yield build(DOCKERFILE, IGNORE, source, Path(folder, "stages"))


@asynccontextmanager
async def running(image: Image, settings: dict[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    argv = image.argv([*image.entrypoint, *image.command], settings)
    process = await asyncio.create_subprocess_exec(*argv, stderr=asyncio.subprocess.PIPE)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def test_image_adds_little_to_its_base(image: Image) -> None:
    added = image.added()
    total = sum(added.values())
    assert 0 < total <= MOST_ADDED, f"{total / 1e6:.1f} MB in {len(added)} files"
    outside = {path.relative_to(image.root) for path in added if not path.is_relative_to(image.root / "opt/postroom")}
    assert {str(path) for path in outside if path.parts[0] != "etc"} <= {"var/log/lastlog", "var/log/faillog"}


def test_image_has_no_installer_no_stand_in_and_no_file_that_all_may_write(image: Image) -> None:
    names = {path.name for path in (image.root / "opt/postroom").glob("lib/python*/site-packages/*")}
    assert "postroom" in names
    assert not {"pip", "setuptools", "postroom_sandbox"} & names
    for path in image.added():
        mode = path.lstat().st_mode
        assert stat.S_ISLNK(mode) or not mode & (stat.S_IWOTH | stat.S_ISUID | stat.S_ISGID), path


NOT_COMPILED = """
import sys, pathlib, postroom.cli.service, postroom.composition.process
UNCHECKED_HASH = bytes([1, 0, 0, 0])  # PEP 552
for each in sys.modules.values():
    if (getattr(each, "__file__", None) or "").endswith(".py") and each.__file__.startswith("/opt"):
        compiled = pathlib.Path(each.__cached__)
        if not compiled.exists() or compiled.read_bytes()[4:8] != UNCHECKED_HASH:
            print(each.__name__)
print("all seen")
"""


def test_what_the_service_loads_is_compiled_in_the_image(image: Image) -> None:
    """The root is read-only: what is not compiled is compiled again at each start, as is what looks older than its
    source because the time of the file got lost on its way."""
    assert image.run(["python", "-c", NOT_COMPILED]).stdout == "all seen\n"


def test_bill_of_materials_of_the_image_names_what_is_installed(image: Image) -> None:
    listed = json.loads((image.root / "opt/postroom/sbom.cdx.json").read_text())
    named = {each["purl"] for each in listed["components"]}
    asked = "import importlib.metadata as m; print(*(f'pkg:pypi/{d.name.lower().replace(chr(95), chr(45))}@{d.version}'"
    installed = image.run(["python", "-c", f"{asked} for d in m.distributions()))"]).stdout.split()
    assert {each for each in installed if not each.startswith("pkg:pypi/postroom@")} <= named
    assert "postroom" in {each.removeprefix("pkg:pypi/").partition("@")[0] for each in installed}


def test_image_runs_as_a_fixed_user_that_is_not_root_and_can_write_nothing_but_tmp(image: Image) -> None:
    assert image.user == f"{FIXED_UID}:{FIXED_UID}"
    assert image.run(["id", "-un"]).stdout == "postroom\n"
    tried = image.run(["sh", "-c", "touch /opt/postroom/x; touch /tmp/x && id -u"])
    assert tried.stdout == f"{FIXED_UID}\n"
    assert "Read-only file system" in tried.stderr
    kept = {path: path.stat() for path in image.added() if path.is_file()}
    assert {info.st_uid for info in kept.values()} == {0}


def test_image_prints_its_version(image: Image, release: Release) -> None:
    assert image.run([*image.entrypoint, "--version"]).stdout == f"postroom {release.version}\n"


async def test_image_serves_on_a_read_only_root_and_its_health_check_notices_the_end(
    image: Image, database: Database
) -> None:
    port = free_port()
    settings = settings_to_serve(database, port)
    migrated = await asyncio.to_thread(image.run, [*image.entrypoint, "migrate"], settings)
    assert migrated.returncode == 0, migrated.stderr

    async def healthy() -> bool:
        return (await asyncio.to_thread(image.run, image.health, settings)).returncode == 0

    before = image.added()
    assert not await healthy()
    async with running(image, settings) as process:
        await eventually(healthy, "its health check answers 0", within=30)
        async with httpx2.AsyncClient(base_url=f"http://{LOOPBACK}:{port}", trust_env=False) as http:
            assert (await http.get("/health/ready")).json() == {"status": "ok"}
            page = await http.get("/", headers={"Accept": "text/html"})
        assert "<html" in page.text
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 30) == 0
    assert not await healthy()
    assert image.added() == before


def test_context_of_the_image_holds_the_release_and_no_other_file(tmp_path: Path) -> None:
    allowed = {"dist/postroom-1.2.3-py3-none-any.whl", "dist/postroom-1.2.3.cdx.json", "dist/run.txt"}
    others = {".env", ".git/config", "dist/postroom_sandbox-1.2.3-py3-none-any.whl", "dist/trial.txt", "README.md"}
    for name in allowed | others:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert {str(path.relative_to(tmp_path)) for path in context(tmp_path, IGNORE)} == allowed


def test_default_base_of_the_image_is_a_tag_and_every_stage_takes_it() -> None:
    steps = list(dockerfile_steps(DOCKERFILE))
    assert steps[0].text.startswith("BASE=python:3.")
    assert "@sha256" not in steps[0].text
    assert {step.words()[0] for step in steps if step.instruction == "FROM"} == {"${BASE}"}
